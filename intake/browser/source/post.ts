/** Handing a sealed report to the drop: the same bytes again and again until somebody answers. */

import { Refusal } from "./refusal.ts";
import { solve } from "./toll.ts";

/** How an attempt ended: an HTTP status with the problem's word, or no answer at all (status 0). */
interface Outcome {
  readonly status: number;
  readonly word: string;
}

export interface Watcher {
  /** A share of the bytes that left, 0 to 1. */
  sending(share: number): void;
  /** Many send now: this device works first, so that the drop stays open. */
  working(): void;
  /** Nothing got through; the next try is in so many seconds. */
  retrying(seconds: number): void;
}

/** `stored`: it is there. `stale`, `closed`: a newer keyring is needed. `clash`: other bytes stand under this id. */
export type Verdict = "stored" | "stale" | "closed" | "clash";

/** A connection over which no byte moved for so long is given up. */
const STALLED = 60_000;

const PAUSES = [2, 5, 10, 20, 40, 60];

export const pause = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

/** The pause before try number `tries` + 1, in seconds. */
export const growing = (tries: number): number => PAUSES[Math.min(tries, PAUSES.length - 1)]!;

function attempt(id: string, body: Uint8Array, serial: number, work: string, watcher: Watcher): Promise<Outcome> {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALLED) as unknown as number;
    };
    request.open("PUT", `/reports/${id}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Keyring", String(serial));
    if (work) request.setRequestHeader("Work", work);
    request.upload.onprogress = (event) => {
      alive();
      watcher.sending(event.loaded / body.length);
    };
    request.onloadend = () => {
      clearTimeout(timer);
      const word = /"urn:amonat:([a-z-]+)"/.exec(request.responseText)?.[1] ?? "";
      done({ status: request.status, word });
    };
    alive();
    request.send(body as BufferSource & Uint8Array<ArrayBuffer>);
  });
}

/** The work that the drop asks for now, done; "" when it asks for none or does not answer. */
export async function pay(): Promise<string> {
  try {
    const answer = await fetch("/challenge", { cache: "no-store", credentials: "omit", redirect: "error" });
    return answer.status === 200 ? await solve(await answer.json()) : "";
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return "";
  }
}

/**
 * Sends until the drop takes or refuses `body`; throws `Refusal` for what no further try would change.
 */
export async function deliver(id: string, body: Uint8Array, serial: number, watcher: Watcher): Promise<Verdict> {
  let work = "";
  for (let tries = 0; ; tries++) {
    watcher.sending(0);
    const { status, word } = await attempt(id, body, serial, work, watcher);
    if (status === 200 || status === 201) return "stored";
    if (status === 409) return word === "seal-again" ? "stale" : "clash";
    if (status === 410) return "closed";
    if (status === 413) throw new Refusal("large");
    if (status === 507) throw new Refusal("full");
    const unpaid = work === "";
    work = "";
    if (word === "work-wanted") {
      watcher.working();
      work = await pay();
      if (unpaid && work) continue;
    }
    const passing = status === 0 || status === 408 || status === 429 || status >= 500;
    if (!passing) throw new Refusal("fault");
    const seconds = growing(tries);
    watcher.retrying(seconds);
    await pause(seconds);
  }
}
