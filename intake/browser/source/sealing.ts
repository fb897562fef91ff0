/** A sealed file as a stream: read, sealed and given part by part, so that nothing long is ever held. */

import { CHUNK, type Sealer, TAG } from "./age.ts";
import { PART, total, type Piece } from "./pieces.ts";
import { Reader } from "./reading.ts";
import { sealedSize } from "./sizes.ts";

/**
 * One file key, used once: the stream only goes forward, so no chunk is ever sealed twice. Who needs a part again keeps
 * it; who can't go on makes another stream.
 */
export class Sealing {
  /** Of the whole sealed file, known before its first byte. */
  readonly size: number;
  private readonly plain: number;
  private readonly reader: Reader;
  private readonly window = new Uint8Array(PART);
  private readonly box = new Uint8Array(CHUNK + TAG);
  private held = this.window.subarray(0, 0);
  private sealed = 0;
  private ended = false;
  private rest: Uint8Array;

  /** `sealer` is a new one, that nothing was sealed with. */
  constructor(
    pieces: readonly Piece[],
    private readonly sealer: Sealer,
  ) {
    this.plain = total(pieces);
    this.reader = new Reader(pieces);
    this.rest = sealer.header;
    this.size = sealedSize(this.rest.length, this.plain);
  }

  /** Fills `part` and returns how many bytes there were: fewer than it holds only at the end. Throws `Unreadable`. */
  async next(part: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < part.length) {
      if (!this.rest.length) {
        if (this.ended) break;
        this.rest = await this.chunk();
      }
      const take = this.rest.subarray(0, part.length - filled);
      part.set(take, filled);
      filled += take.length;
      this.rest = this.rest.subarray(take.length);
    }
    return filled;
  }

  private async chunk(): Promise<Uint8Array> {
    if (!this.held.length) this.held = this.window.subarray(0, await this.reader.read(this.window));
    const chunk = this.held.subarray(0, CHUNK);
    this.held = this.held.subarray(chunk.length);
    this.sealed += chunk.length;
    this.ended = this.sealed === this.plain;
    return this.sealer.seal(chunk, this.ended, this.box);
  }
}

/** The whole sealed file, for one that is short. Throws `Unreadable`. */
export async function whole(sealing: Sealing): Promise<Uint8Array> {
  const file = new Uint8Array(sealing.size);
  await sealing.next(file);
  return file;
}
