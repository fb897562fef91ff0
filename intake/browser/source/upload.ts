/**
 * Handing a long sealed report to the drop in parts (tus 1.0.0, https://tus.io/protocols/resumable-upload).
 *
 * The ciphertext of the part in flight is kept, and after a cut the very same bytes go again, from wherever the server
 * is. A server that is elsewhere can't be helped from here: that part is gone and must not be sealed again under this
 * key. So the report is then sealed and sent anew, under another key and id.
 *
 * An offset is the server's word that all bytes before it are on its disk. It is believed as far as they can be there:
 * not beyond what left in a request that the server did not turn away.
 */

import { base64, utf8 } from "./bytes.ts";
import { type Asked, type Outcome, passing } from "./line.ts";
import { PART } from "./pieces.ts";
import { insist, refused, rest, type Verdict, type Way } from "./post.ts";
import { Refusal } from "./refusal.ts";
import type { Sealing } from "./sealing.ts";

const TUS = { "Tus-Resumable": "1.0.0" };

/**
 * What one request carries. What is cut off has to go again, so it shrinks with each cut and grows while all goes well:
 * twofold until the first cut, then by an eighth.
 */
const FIRST = 131_072;
const LEAST = 16_384;
/** Milliseconds for one request: a line that drops every minute must let it through. */
const SWIFT = 5_000;
const SLOW = 20_000;

/**
 * A browser copies the body of a request, and keeps the copy until the worker's garbage is collected. Engines are not told
 * of such copies (Chromium collected none of 500 MB), but count every buffer made here: so one that is never touched, and
 * takes no memory, is made for each request, and what few requests left behind is collected.
 */
const COUNTED = 32 * PART;

/** Whether none of what the request carried can have been taken. */
const turnedAway = ({ status }: Outcome): boolean => status >= 400 && status < 500 && status !== 408;

export class Upload {
  private readonly path: string;
  private readonly part = new Uint8Array(PART);
  private step = FIRST;
  private whole = true;
  private tries = 0;
  /** How many bytes the server had when it last said so. */
  private taken = 0;
  /** How many it may have at most. */
  private gone = 0;

  /** `source` throws `Unreadable` when what is sealed would not be the same any more. */
  constructor(
    private readonly id: string,
    private readonly sealing: Sealing,
    private readonly serial: number,
    private readonly source: { check(): void },
    private readonly way: Way,
  ) {
    this.path = `/uploads/${id}`;
  }

  /** Sends until the drop has all or refuses it. Throws `Refusal`, `Unreadable`. */
  async deliver(): Promise<Verdict> {
    const begun = await insist((work) => this.begin(work), this.way);
    // A drop that takes no uploads has no such address: for it this is too much.
    if (begun.status === 404 || begun.status === 405) throw new Refusal("large");
    if (begun.status !== 201) return refused(begun);
    while (this.taken < this.sealing.size) {
      this.source.check();
      const at = this.taken;
      const end = at + (await this.sealing.next(this.part));
      while (this.taken < end) {
        const verdict = await this.push(at, end);
        if (verdict) return verdict;
      }
    }
    return "stored";
  }

  /**
   * Deletes what has arrived, if the server can be reached; else it goes by itself in some days. False when all of it had
   * arrived before.
   */
  async discard(): Promise<boolean> {
    for (let tries = 0; tries < 3; tries++) {
      const { status } = await this.way.line.ask({ method: "DELETE", path: this.path, headers: TUS });
      if (status === 403) return false;
      if (status >= 200 && status < 500 && status !== 423) return true;
      await this.way.line.pause(2);
    }
    return true;
  }

  /** Sends a little more of the part in `at`..`end`, and finds out how far the server is; null while all is well. */
  private async push(at: number, end: number): Promise<Verdict | null> {
    const from = this.taken;
    const to = Math.min(end, from + this.step);
    const begun = Date.now();
    const outcome = await this.send(from, this.part.subarray(from - at, to - at));
    if (!turnedAway(outcome)) this.gone = Math.max(this.gone, to);
    this.pace(outcome, Date.now() - begun);
    if (outcome.status === 404 || (outcome.status === 410 && outcome.word !== "closed")) return "anew";
    const elsewhere = outcome.status === 409 && outcome.word !== "seal-again" && outcome.word !== "other-bytes";
    if (outcome.status !== 204 && !elsewhere && !passing(outcome)) return refused(outcome);
    const told = outcome.status === 204 ? outcome.offset : NaN;
    const taken = isNaN(told) ? await this.position() : told;
    if (!(taken >= at && taken <= this.gone && taken <= end)) return "anew";
    if (taken > from) this.tries = 0;
    else if (!isNaN(told)) await this.rest();
    this.taken = taken;
    return null;
  }

  private pace({ status }: Outcome, took: number): void {
    if (status === 0) this.whole = false;
    if (status === 0 || took > SLOW) this.step = Math.max(LEAST, this.step >> 1);
    else if (status === 204 && took < SWIFT) this.step = Math.min(PART, this.step + (this.whole ? this.step : this.step >> 3));
  }

  private async ask(asked: Asked): Promise<Outcome> {
    const outcome = await this.way.line.ask(asked, this.way.stop);
    if (this.way.stop.aborted) throw new Refusal("stopped");
    return outcome;
  }

  private rest(): Promise<void> {
    return rest(this.tries++, this.way);
  }

  private begin(work: Readonly<Record<string, string>>): Promise<Outcome> {
    this.way.watcher.sending(0, this.sealing.size, true);
    const headers = {
      ...TUS,
      "Keyring": String(this.serial),
      "Upload-Length": String(this.sealing.size),
      "Upload-Metadata": `report ${base64(utf8(this.id), true)}`,
      ...work,
    };
    return this.ask({ method: "POST", path: "/uploads", headers });
  }

  private send(offset: number, body: Uint8Array): Promise<Outcome> {
    const headers = {
      ...TUS,
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
    };
    const sent = (bytes: number): void => this.way.watcher.sending(offset + bytes, this.sealing.size, true);
    sent(0);
    try {
      void new ArrayBuffer(COUNTED);
    } catch {
      // Where there is no room even for that, the request goes all the same.
    }
    return this.ask({ method: "PATCH", path: this.path, headers, body, sent });
  }

  /** Where the server is, asked until it says so; NaN when it knows nothing of this upload any more. */
  private async position(): Promise<number> {
    for (;;) {
      await this.rest();
      const outcome = await this.ask({ method: "HEAD", path: this.path, headers: TUS });
      if (outcome.status === 200 || outcome.status === 204) return outcome.offset;
      if (outcome.status === 404 || outcome.status === 410) return NaN;
      if (!passing(outcome)) throw new Refusal("fault");
    }
  }
}
