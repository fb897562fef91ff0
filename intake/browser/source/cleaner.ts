/**
 * What only files need, as a script of its own: the worker loads it when a file is chosen, or a report is too long to go
 * at once, so that a visit without files costs nothing.
 */

import { clean } from "./clean.ts";
import { Upload } from "./upload.ts";

export type Extra = { readonly clean: typeof clean; readonly Upload: typeof Upload };

const extra: Extra = { clean, Upload };
Object.assign(self, { extra });
