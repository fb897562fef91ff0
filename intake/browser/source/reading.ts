/** Pieces as a stream of bytes, each read when its turn comes. */

import { lengthOf, type Piece, Unreadable } from "./pieces.ts";

export async function readBlob(blob: Blob): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (bytes.length === blob.size) return bytes;
  } catch {
    // The browser's own words name the file's path on some systems: they go nowhere.
  }
  throw new Unreadable();
}

/** Reads pieces from first to last, once. */
export class Reader {
  private next = 0;
  private used = 0;

  constructor(private readonly pieces: readonly Piece[]) {}

  /** Fills `into` and returns how many bytes there were: fewer than it holds only at the end. */
  async read(into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.length && this.next < this.pieces.length) {
      const piece = this.pieces[this.next]!;
      const take = Math.min(into.length - filled, lengthOf(piece) - this.used);
      const end = this.used + take;
      if (typeof piece === "number") into.fill(0, filled, filled + take);
      else if (piece instanceof Blob) into.set(await readBlob(piece.slice(this.used, end)), filled);
      else into.set(piece.subarray(this.used, end), filled);
      filled += take;
      this.used = end;
      if (end === lengthOf(piece)) {
        this.next++;
        this.used = 0;
      }
    }
    return filled;
  }
}
