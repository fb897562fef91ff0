/** The worker behind a page: begun, and begun again until it says its first word. */

import { growing } from "./line.ts";
import type { Setting } from "./messages.ts";

type Fault = { readonly kind: "refused"; readonly reason: "fault" };

type Told<Message> = {
  /** A worker is there: it can be told what it needs. */
  readonly begun: (worker: Worker) => void;
  /** All that it says. */
  readonly hear: (message: Message | Fault) => void;
  readonly show: (state: "random" | "unreachable") => void;
};

/**
 * A worker that fails before its first word never came whole, which is an event without a message in any browser, or
 * can't run here. It is asked for again, like any answer.
 */
export function begin<Message>(script: string, told: Told<Message>, tries = 0): void {
  let heard = false;
  const worker = new Worker(script);
  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    heard = true;
    told.hear(data);
  };
  worker.onerror = (event) => {
    if (heard) return told.hear({ kind: "refused", reason: "fault" });
    told.show(event instanceof ErrorEvent ? "random" : "unreachable");
    setTimeout(begin, growing(tries) * 1000, script, told, tries + 1);
  };
  told.begun(worker);
}

/** What a worker must know, as the server wrote it on the page's root. */
export const settingOf = (root: Readonly<Record<string, string>>): Setting => ({
  origin: root["origin"]!,
  roots: root["roots"]!.split(" "),
  threshold: Number(root["threshold"]),
  questionnaire: { name: root["questionnaire"]!, version: root["version"]!, sha256: root["sha256"]! },
  language: root["language"]!,
});
