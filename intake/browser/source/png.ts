/**
 * A PNG without hidden data (W3C PNG, third edition): the chunks that its pixels and their colours need, and its
 * orientation. Text, times, profiles, whatever is unknown, and all behind the end go.
 */

import { concat, utf8 } from "./bytes.ts";
import { orientation, oriented } from "./orientation.ts";
import type { Piece } from "./pieces.ts";
import { Copy, type Source, Uncleanable } from "./source.ts";

const KEPT = "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB cICP acTL fcTL fdAT".split(" ");

function checksum(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const content = concat(utf8(type), body);
  const whole = new Uint8Array(content.length + 8);
  const view = new DataView(whole.buffer);
  view.setUint32(0, body.length);
  whole.set(content, 4);
  view.setInt32(content.length + 4, checksum(content));
  return whole;
}

export async function cleanPng(source: Source): Promise<Piece[]> {
  const copy = new Copy(source);
  copy.keep(0, 8);
  let at = 8;
  const seen: string[] = [];
  for (;;) {
    const size = await source.number(at, 4);
    const type = await source.letters(at + 4, at + 8);
    const end = at + 12 + size;
    if ((type === "IHDR") !== (at === 8) || end > source.size) throw new Uncleanable();
    if (KEPT.includes(type)) {
      copy.keep(at, end);
      seen.push(type);
    } else if (type === "eXIf") {
      const turned = orientation(await source.bytes(at + 8, at + 8 + Math.min(size, 65_536)));
      if (turned > 1 && !seen.includes(type)) {
        copy.put(chunk(type, oriented(turned)));
        seen.push(type);
      }
    } else if (!/^[a-z][a-zA-Z]{3}$/.test(type)) {
      // A capital letter: who doesn't know this chunk can't show the picture.
      throw new Uncleanable();
    }
    if (type === "IEND") {
      if (!seen.includes("IDAT")) throw new Uncleanable();
      return copy.done();
    }
    at = end;
  }
}
