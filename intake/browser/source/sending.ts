/** A report on its way: sealed, handed over, and sealed anew whenever what was handed over is of no use. */

import { seal, Sealer } from "./age.ts";
import { hex, random } from "./bytes.ts";
import type { Keyring } from "./keyring.ts";
import type { Later } from "./later.ts";
import type { Line } from "./line.ts";
import { held, total, Unreadable, type Piece } from "./pieces.ts";
import { deliver, type Verdict, type Watcher, type Way } from "./post.ts";
import { Refusal } from "./refusal.ts";
import { LONG } from "./rim.ts";
import type { Upload } from "./upload.ts";

export interface Parcel {
  /** What is sealed, of one report under one id for one keyring. Throws `Unreadable`, `Refusal`. */
  pack(id: string, keyring: Keyring): Promise<readonly Piece[]> | readonly Piece[];
  /** Throws `Unreadable` when it would not be the same any more. */
  check?(): void;
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
  private readonly way: Way;

  constructor(
    private readonly keys: Keys,
    line: Line,
    private readonly progress: Progress,
    /** What not every report needs. */
    private readonly later: () => Promise<Pick<Later, "pay" | "Sealing" | "Upload" | "whole">>,
    stop: AbortSignal = new AbortController().signal,
  ) {
    this.way = { line, watcher: progress, stop, pay: async () => (await later()).pay() };
  }

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
        if (unread++) {
          await this.leave();
          throw new Refusal("unreadable");
        }
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
    if (total(pieces) < LONG && !pieces.some((piece) => piece instanceof Blob)) {
      return deliver(this.id, seal(held(pieces), keyring.reviewers), keyring.serial, this.way);
    }
    const { Sealing, Upload, whole } = await this.later();
    const sealing = new Sealing(pieces, new Sealer(keyring.reviewers));
    if (total(pieces) < LONG) return deliver(this.id, await whole(sealing), keyring.serial, this.way);
    const check = (): void => parcel.check?.();
    this.upload = new Upload(this.id, sealing, keyring.serial, { check }, this.way);
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
