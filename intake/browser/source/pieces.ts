/** Bytes that need not be held in memory: what is written here, what stands in a file, and runs of zeros. */

import { concat } from "./bytes.ts";

/** Bytes as they are, a part of a file that is read when its turn comes, or so many zero bytes. */
export type Piece = Uint8Array | Blob | number;

/** The most that is held at once: of what is read, and of what is sealed and on its way. */
export const PART = 1_048_576;

export const lengthOf = (piece: Piece): number =>
  typeof piece === "number" ? piece : piece instanceof Blob ? piece.size : piece.length;

export const total = (pieces: readonly Piece[]): number => pieces.reduce<number>((sum, one) => sum + lengthOf(one), 0);

/** A file that gave fewer bytes than it has, or none: it was moved, changed or taken away. */
export class Unreadable extends Error {
  /** By its name, since scripts that are loaded one by one have a class each. */
  override readonly name = "Unreadable";

  static is(error: unknown): boolean {
    return error instanceof Error && error.name === "Unreadable";
  }
}

/** All of them, where none stands in a file. */
export const held = (pieces: readonly Piece[]): Uint8Array =>
  concat(...pieces.map((piece) => (typeof piece === "number" ? new Uint8Array(piece) : (piece as Uint8Array))));
