/** A file looked at here and there, and the pieces of it that a clean copy is made of. */

import type { Piece } from "./pieces.ts";
import { readBlob } from "./reading.ts";

const WINDOW = 65_536;

/** A file that is not what its first bytes promise, or holds what nobody here can vouch for. */
export class Uncleanable extends Error {}

export class Source {
  private window: Uint8Array = new Uint8Array(0);
  private start = 0;

  constructor(readonly blob: Blob) {}

  get size(): number {
    return this.blob.size;
  }

  /** The bytes in `from`..`to`. Throws `Uncleanable` when the file ends before. */
  async bytes(from: number, to: number): Promise<Uint8Array> {
    if (from < 0 || to < from || to > this.size) throw new Uncleanable();
    if (from < this.start || to > this.start + this.window.length) {
      this.window = await readBlob(this.blob.slice(from, Math.max(to, Math.min(this.size, from + WINDOW))));
      this.start = from;
    }
    return this.window.subarray(from - this.start, to - this.start);
  }

  /** What is at hand from `from` on, at least one byte unless the file ends there. */
  some(from: number): Promise<Uint8Array> {
    return this.bytes(from, Math.min(this.size, from + WINDOW));
  }

  /** The big-endian or little-endian number of one to eight bytes at `at`. */
  async number(at: number, length: number, little = false): Promise<number> {
    const bytes = Array.from(await this.bytes(at, at + length));
    return (little ? bytes.reverse() : bytes).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** The bytes as text of one letter each. */
  async letters(from: number, to: number): Promise<string> {
    return String.fromCharCode(...(await this.bytes(from, to)));
  }
}

/** A clean copy in the making: parts of the file in the file's order, with other bytes between or instead. */
export class Copy {
  readonly pieces: Piece[] = [];
  private from = 0;
  private to = 0;

  constructor(private readonly source: Source) {}

  /** The file's own bytes; neighbours become one piece. */
  keep(from: number, to: number): void {
    if (from !== this.to) {
      this.flush();
      this.from = from;
    }
    this.to = to;
  }

  put(piece: Uint8Array | number): void {
    this.flush();
    if (piece !== 0) this.pieces.push(piece);
  }

  done(): Piece[] {
    this.flush();
    return this.pieces;
  }

  private flush(): void {
    if (this.to > this.from) this.pieces.push(this.source.blob.slice(this.from, this.to));
    this.from = this.to = -1;
  }
}
