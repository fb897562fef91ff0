/** The few lengths a sealed report may have, so that a length tells nothing: the same as intake/report/sizes.py. */

import { CHUNK, TAG } from "./age.ts";
import { SHORT } from "./rim.ts";

export const PUT_LIMIT = 1048576;

/** What stands before sealing; the classes that go by `PUT`. Above them, Padmé lengths go by `/uploads`. */
export const CLASSES: readonly number[] = [...SHORT, 16384, 65536, 262144, PUT_LIMIT];

/** No package is longer: a size field of tar holds eleven octal digits. */
export const LARGEST = 2 ** 33;

const digits = (size: number): number => size.toString(2).length;

/** The smallest permitted length that holds `size` bytes, for sizes up to `LARGEST`. */
export function padded(size: number): number {
  const fit = CLASSES.find((one) => one >= size);
  if (fit !== undefined) return fit;
  const exponent = digits(size) - 1;
  const step = 2 ** (exponent - digits(exponent));
  return Math.ceil(size / step) * step;
}

/** The length of an age file: its header with the payload's nonce, then the chunks of the plaintext and their tags. */
export const sealedSize = (header: number, plain: number): number =>
  header + plain + TAG * Math.max(1, Math.ceil(plain / CHUNK));
