/** What the page for coming back and its worker say to each other. */

import type { Answer } from "./answers.ts";
import type { Setting } from "./messages.ts";
import type { Reason } from "./refusal.ts";
import type { Doubt, Reply } from "./reply.ts";

export type Here = Pick<Setting, "origin" | "roots" | "threshold" | "questionnaire" | "language">;

export type ToWorker =
  | { readonly kind: "begin"; readonly here: Here }
  | { readonly kind: "today"; readonly day: string }
  | { readonly kind: "open"; readonly digits: string }
  | { readonly kind: "again" }
  | { readonly kind: "send"; readonly answers: Readonly<Record<string, Answer>> };

/** How an answer that was found is not to be shown; `earlier`: a newer one came a moment ago. */
export type Doubted = Doubt | "earlier";

export type ToPage =
  | { readonly kind: "loading"; readonly unreachable: boolean }
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly reason: Reason }
  | { readonly kind: "opening" }
  | { readonly kind: "nothing" }
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "doubt"; readonly doubt: Doubted }
  | { readonly kind: "sealing" }
  | { readonly kind: "sending"; readonly share: number }
  | { readonly kind: "working" }
  | { readonly kind: "retrying" }
  | { readonly kind: "received" };
