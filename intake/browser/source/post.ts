/** Handing a sealed report to the drop: the same bytes again and again until somebody answers. */

import { growing, type Line, type Outcome, passing } from "./line.ts";
import { Refusal } from "./refusal.ts";

export interface Watcher {
  /** So many bytes of the whole have left; `long` when they go in parts, and can be stopped. */
  sending(bytes: number, whole: number, long: boolean): void;
  /** Many send now: this device works first, so that the drop stays open. */
  working(): void;
  /** Nothing got through; the next try is in so many seconds. */
  retrying(seconds: number): void;
}

/** How a report gets out of here. */
export interface Way {
  readonly line: Line;
  readonly watcher: Watcher;
  readonly stop: AbortSignal;
  /** `pay` of toll.ts: the header `Work`, or "". */
  pay(): Promise<string>;
}

/**
 * `stored`: it is there. `stale`, `closed`: a newer keyring is needed. `clash`: other bytes stand under this id. `anew`:
 * what had arrived is of no use, and must be sealed and sent from the start.
 */
export type Verdict = "stored" | "stale" | "closed" | "clash" | "anew";

/** What a refusal means for the report, or throws `Refusal` for what no further try would change. */
export function refused({ status, word }: Outcome): Verdict {
  if (status === 409) return word === "seal-again" ? "stale" : "clash";
  if (status === 410) return "closed";
  throw new Refusal(status === 413 ? "large" : status === 507 ? "full" : "fault");
}

/** The pause before try number `tries` + 1. Throws `Refusal("stopped")`. */
export async function rest(tries: number, { line, watcher, stop }: Way): Promise<void> {
  watcher.retrying(growing(tries));
  await line.pause(growing(tries), stop);
  if (stop.aborted) throw new Refusal("stopped");
}

/** Asks until the answer is one that time won't mend, and does the work that is asked for. Throws `Refusal`. */
export async function insist(ask: (work: Readonly<Record<string, string>>) => Promise<Outcome>, way: Way): Promise<Outcome> {
  let work = "";
  for (let tries = 0; ; tries++) {
    const outcome = await ask(work ? { Work: work } : {});
    const unpaid = !work;
    work = "";
    if (outcome.word === "work-wanted") {
      way.watcher.working();
      work = await way.pay();
      if (unpaid && work) continue;
    }
    if (!passing(outcome)) return outcome;
    await rest(tries, way);
  }
}

/** Sends until the drop takes or refuses `body`. Throws `Refusal`. */
export async function deliver(id: string, body: Uint8Array, serial: number, way: Way): Promise<Verdict> {
  const sent = (bytes: number): void => way.watcher.sending(bytes, body.length, false);
  const outcome = await insist((work) => {
    sent(0);
    const headers = { "Content-Type": "application/octet-stream", "Keyring": String(serial), ...work };
    return way.line.ask({ method: "PUT", path: `/reports/${id}`, headers, body, sent });
  }, way);
  return outcome.status === 200 || outcome.status === 201 ? "stored" : refused(outcome);
}
