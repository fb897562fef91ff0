/**
 * What not every visit needs, as a script of its own that the workers load when they first want it (loading.ts): files
 * cleaned and sealed as a stream, long reports in parts, and the work that a drop asks for in a flood.
 */

import { attach } from "./attach.ts";
import { clean } from "./clean.ts";
import { Sealing, whole } from "./sealing.ts";
import { pay } from "./toll.ts";
import { Upload } from "./upload.ts";

const later = { attach, clean, pay, Sealing, Upload, whole };

export type Later = typeof later;

Object.assign(self, { later });
