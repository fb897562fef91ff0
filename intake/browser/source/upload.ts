/**
 * Handing a long sealed report to the drop in parts (tus 1.0.0, https://tus.io/protocols/resumable-upload).
 *
 * The ciphertext of the part in flight is kept, and after a cut the very same bytes go again, from wherever the server
 * is. A server that is elsewhere can't be helped from here: that part is gone and must not be sealed again under this
 * key. So the report is then sealed and sent anew, under another key and id.
 */

import { base64, utf8 } from "./bytes.ts";
import { type Asked, growing, type Line, type Outcome, passing } from "./line.ts";
import { PART } from "./pieces.ts";
import { refused, type Verdict, type Watcher } from "./post.ts";
import { Refusal } from "./refusal.ts";
import type { Sealing } from "./sealing.ts";

const TUS = { "Tus-Resumable": "1.0.0" };

export class Upload {
  private readonly path: string;
  private readonly part = new Uint8Array(PART);
  private tries = 0;
  /** How many bytes the server had when it last said so. */
  private taken = 0;

  constructor(
    private readonly id: string,
    private readonly sealing: Sealing,
    private readonly serial: number,
    private readonly source: { check(): void },
    private readonly line: Line,
    private readonly watcher: Watcher,
    private readonly stop: AbortSignal,
    /** `pay` of post.ts, which the script around this one has already. */
    private readonly pay: () => Promise<string>,
  ) {
    this.path = `/uploads/${id}`;
  }

  /** Sends until the drop has all or refuses it. Throws `Refusal`, `Unreadable`. */
  async deliver(): Promise<Verdict> {
    const begun = await this.begin();
    if (begun.status !== 201) return refused(begun);
    const { size } = this.sealing;
    while (this.taken < size) {
      const at = this.taken;
      this.source.check();
      const end = at + (await this.sealing.next(this.part));
      while (this.taken < end) {
        const outcome = await this.send(this.taken, this.part.subarray(this.taken - at, end - at));
        if (outcome.status === 404 || (outcome.status === 410 && outcome.word !== "closed")) return "anew";
        const elsewhere = outcome.status === 409 && outcome.word !== "seal-again" && outcome.word !== "other-bytes";
        const taken = outcome.status === 204 ? outcome.offset : NaN;
        if (taken >= at && taken <= end) {
          if (taken > this.taken) this.tries = 0;
          this.taken = taken;
        } else if (outcome.status === 204 || elsewhere || passing(outcome)) {
          this.taken = await this.position();
          if (!(this.taken >= at && this.taken <= end)) return "anew";
        } else {
          return refused(outcome);
        }
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
      const { status } = await this.line.ask({ method: "DELETE", path: this.path, headers: TUS });
      if (status === 403) return false;
      if (status >= 200 && status < 500) return true;
      await this.line.pause(growing(0));
    }
    return true;
  }

  private async ask(asked: Asked): Promise<Outcome> {
    const outcome = await this.line.ask(asked, this.stop);
    if (this.stop.aborted) throw new Refusal("stopped");
    return outcome;
  }

  private async rest(): Promise<void> {
    const seconds = growing(this.tries++);
    this.watcher.retrying(seconds);
    await this.line.pause(seconds, this.stop);
    if (this.stop.aborted) throw new Refusal("stopped");
  }

  private async begin(): Promise<Outcome> {
    let work = "";
    for (;;) {
      this.watcher.sending(0, this.sealing.size, true);
      const headers = {
        ...TUS,
        "Keyring": String(this.serial),
        "Upload-Length": String(this.sealing.size),
        "Upload-Metadata": `report ${base64(utf8(this.id), true)}`,
        ...(work && { Work: work }),
      };
      const outcome = await this.ask({ method: "POST", path: "/uploads", headers });
      // A drop that takes no uploads has no such address: for it this is too much.
      if (outcome.status === 404 || outcome.status === 405) throw new Refusal("large");
      const unpaid = work === "";
      work = "";
      if (outcome.word === "work-wanted") {
        this.watcher.working();
        work = await this.pay();
        if (unpaid && work) continue;
      }
      if (!passing(outcome)) return outcome;
      await this.rest();
    }
  }

  private send(offset: number, body: Uint8Array): Promise<Outcome> {
    const headers = {
      ...TUS,
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
    };
    const sent = (bytes: number): void => this.watcher.sending(offset + bytes, this.sealing.size, true);
    sent(0);
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
