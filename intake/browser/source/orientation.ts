/** Which way up a picture is: the one thing in its Exif block that seeing it needs (Exif 2.32, section 4.6.4, tag 274). */

import { utf8 } from "./bytes.ts";

const TAG = 0x0112;
const SHORT = 3;

/** From 1 (upright) to 8; what can't be read is upright, as every viewer takes it. */
export function orientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = tiff[0] === 0x49;
  try {
    const table = view.getUint32(4, little);
    for (let at = table + 2, left = view.getUint16(table, little); left > 0; at += 12, left--) {
      if (view.getUint16(at, little) !== TAG || view.getUint16(at + 2, little) !== SHORT) continue;
      const value = view.getUint16(at + 8, little);
      return value > 1 && value < 9 ? value : 1;
    }
  } catch {
    // A table that points beyond its block says nothing.
  }
  return 1;
}

/** A TIFF block that says this and nothing else. */
export function oriented(value: number): Uint8Array {
  const block = new Uint8Array(26);
  const view = new DataView(block.buffer);
  block.set(utf8("MM\0*"));
  view.setUint32(4, 8);
  view.setUint16(8, 1);
  view.setUint16(10, TAG);
  view.setUint16(12, SHORT);
  view.setUint32(14, 1);
  view.setUint16(18, value);
  return block;
}
