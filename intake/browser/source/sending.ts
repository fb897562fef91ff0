/** A report on its way: sealed, handed over, and sealed anew whenever what was handed over is of no use. */

import { hex, random } from "./bytes.ts";
import type { Keyring } from "./keyring.ts";
import type { Line } from "./line.ts";
import { total, Unreadable, type Piece } from "./pieces.ts";
import { deliver, pay, type Verdict, type Watcher } from "./post.ts";
import { Refusal } from "./refusal.ts";
import { Sealing, whole } from "./sealing.ts";
import { PUT_LIMIT } from "./sizes.ts";
import type { Upload } from "./upload.ts";

export interface Parcel {
  /** What is sealed, of one report under one id for one keyring. Throws `Unreadable`, `Refusal`. */
  pack(id: string, keyring: Keyring): Promise<readonly Piece[]>;
  /** Throws `Unreadable` when it would not be the same any more. */
  check(): void;
}

export interface Keys {
  current(): Promise<Keyring>;
  /** Asked for again. */
  newest(): Promise<Keyring>;
}

/** A keyring, a server or a file that changes under our hands more often than this is no honest change. */
const TRIES = 5;

export interface Progress extends Watcher {
  sealing(): void;
}

export class Sender {
  private id = "";
  private upload: Upload | null = null;

  constructor(
    private readonly keys: Keys,
    private readonly line: Line,
    private readonly progress: Progress,
    private readonly stop: AbortSignal,
    /** What sends a long report: it is loaded when there is one. */
    private readonly uploads: () => Promise<typeof Upload>,
  ) {}

  /** Returns when the drop has the report. Throws `Refusal`. */
  async send(parcel: Parcel): Promise<void> {
    this.id = hex(random(16));
    let keyring = await this.keys.current();
    let unread = 0;
    let again = false;
    for (let tries = 0; tries < TRIES; tries++) {
      let verdict: Verdict;
      try {
        verdict = await this.attempt(parcel, keyring);
      } catch (error) {
        if (!Unreadable.is(error)) throw error;
        await this.leave();
        if (unread++) throw new Refusal("unreadable");
        verdict = "anew";
      }
      // Other bytes under an id that was sent before are this very report, from a try whose answer was lost.
      if (verdict === "stored" || (verdict === "clash" && again)) return;
      again = verdict !== "anew" && !this.upload;
      if (!again) {
        await this.leave();
        this.id = hex(random(16));
      }
      if (verdict === "stale" || verdict === "closed") {
        const before = keyring.serial;
        keyring = await this.keys.newest();
        if (keyring.serial <= before) throw new Refusal(verdict === "closed" ? "closed" : "fault");
      } else if (verdict === "clash") {
        throw new Refusal("fault");
      }
    }
    throw new Refusal("fault");
  }

  private async attempt(parcel: Parcel, keyring: Keyring): Promise<Verdict> {
    this.progress.sealing();
    this.upload = null;
    const pieces = await parcel.pack(this.id, keyring);
    const sealing = new Sealing(pieces, keyring.reviewers);
    if (total(pieces) <= PUT_LIMIT) {
      return deliver(this.id, await whole(sealing), keyring.serial, this.line, this.progress);
    }
    const Long = await this.uploads();
    this.upload = new Long(this.id, sealing, keyring.serial, parcel, this.line, this.progress, this.stop, pay);
    try {
      return await this.upload.deliver();
    } catch (error) {
      if (Unreadable.is(error)) throw error;
      if (!(await this.leave())) return "stored";
      throw error;
    }
  }

  /** Takes back what has arrived of an upload; false when it all had. */
  private async leave(): Promise<boolean> {
    const upload = this.upload;
    this.upload = null;
    return upload ? upload.discard() : true;
  }
}
