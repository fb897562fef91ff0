/** What the page and its sealing worker say to each other. */

import type { Answer } from "./answers.ts";
import type { Chosen } from "./attach.ts";
import type { Reason } from "./refusal.ts";

/** What the page was built with: trust, questionnaire and language, from the attributes of `<html>`. */
export interface Setting {
  readonly origin: string;
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly questionnaire: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly language: string;
}

export type ToWorker =
  | { readonly kind: "begin"; readonly setting: Setting }
  | { readonly kind: "today"; readonly day: string }
  | { readonly kind: "look"; readonly number: number; readonly file: File }
  | {
      readonly kind: "send";
      readonly answers: Readonly<Record<string, Answer>>;
      readonly files: readonly Chosen[];
    }
  | { readonly kind: "stop" };

export type ToPage =
  | { readonly kind: "loading"; readonly unreachable: boolean }
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly reason: Reason }
  | { readonly kind: "sealing" }
  | { readonly kind: "working" }
  /** Whether the hidden data in the file with this number can be removed; null when it can't be read. */
  | { readonly kind: "looked"; readonly number: number; readonly cleanable: boolean | null }
  | { readonly kind: "sending"; readonly bytes: number; readonly whole: number; readonly long: boolean }
  | { readonly kind: "retrying"; readonly seconds: number }
  | { readonly kind: "received"; readonly code: string };
