/** Handing a short sealed report to the drop: the same bytes again and again until somebody answers. */

import { growing, type Line, type Outcome, passing } from "./line.ts";
import { Refusal } from "./refusal.ts";
import { solve } from "./toll.ts";

export interface Watcher {
  /** So many bytes of the whole have left; `long` when they go in parts, and can be stopped. */
  sending(bytes: number, whole: number, long: boolean): void;
  /** Many send now: this device works first, so that the drop stays open. */
  working(): void;
  /** Nothing got through; the next try is in so many seconds. */
  retrying(seconds: number): void;
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

/** The work that the drop asks for now, done; "" when it asks for none or does not answer. */
export async function pay(): Promise<string> {
  try {
    const answer = await fetch("/challenge", { cache: "no-store", credentials: "omit", redirect: "error" });
    return answer.status === 200 ? await solve(await answer.json()) : "";
  } catch (error) {
    if (Refusal.is(error)) throw error;
    return "";
  }
}

/** Sends until the drop takes or refuses `body`. Throws `Refusal`. */
export async function deliver(
  id: string,
  body: Uint8Array,
  serial: number,
  line: Line,
  watcher: Watcher,
): Promise<Verdict> {
  const sent = (bytes: number): void => watcher.sending(bytes, body.length, false);
  let work = "";
  for (let tries = 0; ; tries++) {
    sent(0);
    const headers = {
      "Content-Type": "application/octet-stream",
      "Keyring": String(serial),
      ...(work && { Work: work }),
    };
    const outcome = await line.ask({ method: "PUT", path: `/reports/${id}`, headers, body, sent });
    if (outcome.status === 200 || outcome.status === 201) return "stored";
    const unpaid = work === "";
    work = "";
    if (outcome.word === "work-wanted") {
      watcher.working();
      work = await pay();
      if (unpaid && work) continue;
    }
    if (!passing(outcome)) return refused(outcome);
    watcher.retrying(growing(tries));
    await line.pause(growing(tries));
  }
}
