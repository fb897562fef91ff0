/**
 * A JPEG without hidden data (ITU-T T.81, annex B; JFIF 1.02), not decoded and so not changed by a bit of its picture.
 *
 * What decoding needs stays. Of the application segments three are written anew with the one thing a picture is seen by:
 * JFIF (that it is one), Adobe (its colour transform), Exif (its orientation). The colour profile goes too: it names the
 * device or the program and the day, and without it colours shift a little. So does whatever stands behind the end: the
 * film of a moving photo, further pictures (MPF), what a crop left over.
 */

import { concat, equal, utf8 } from "./bytes.ts";
import { orientation, oriented } from "./orientation.ts";
import type { Piece } from "./pieces.ts";
import { Copy, type Source, Uncleanable } from "./source.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const EXIF = 0xe1;
const ADOBE = 0xee;
const COMMENT = 0xfe;

const segment = (marker: number, ...body: Uint8Array[]): Uint8Array => {
  const content = concat(...body);
  const size = content.length + 2;
  return concat(Uint8Array.of(0xff, marker, size >> 8, size & 0xff), content);
};

const starts = (body: Uint8Array, word: string): boolean => equal(body.subarray(0, word.length), utf8(word));

/** Frames, tables, restarts, lines: all from 0xC0 to 0xDF that has a length. */
const needed = (marker: number): boolean => marker >= 0xc0 && marker <= 0xdf && !(marker >= 0xd0 && marker <= EOI);

/** Where the coded data of a scan ends: before a marker that is neither a stuffed zero nor a restart. */
async function scanEnd(source: Source, from: number): Promise<number> {
  let at = from;
  for (;;) {
    const data = await source.some(at);
    let found = data.indexOf(0xff);
    while (found >= 0 && found + 1 < data.length) {
      const next = data[found + 1]!;
      if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at + found;
      found = data.indexOf(0xff, found + 2);
    }
    if (at + data.length >= source.size) throw new Uncleanable();
    at += found < 0 ? data.length : found;
  }
}

export async function cleanJpeg(source: Source): Promise<Piece[]> {
  const rest = new Copy(source);
  let jfif: Uint8Array = new Uint8Array(0);
  let exif: Uint8Array | null = null;
  let frame = false;
  let scan = false;
  let at = 2;
  for (;;) {
    if ((await source.number(at, 1)) !== 0xff) throw new Uncleanable();
    const marker = await source.number(at + 1, 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) {
      if (!frame || !scan) throw new Uncleanable();
      rest.keep(at, at + 2);
      return [concat(Uint8Array.of(0xff, SOI), jfif, exif ?? new Uint8Array(0)), ...rest.done()];
    }
    const end = at + 2 + (await source.number(at + 2, 2));
    if (end < at + 4) throw new Uncleanable();
    const body = await source.bytes(at + 4, end);
    if (needed(marker)) {
      frame ||= marker < SOS && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
      rest.keep(at, end);
    } else if (marker === APP0 && starts(body, "JFIF\0")) {
      jfif = segment(APP0, utf8("JFIF\0"), Uint8Array.of(1, 2, 0, 0, 1, 0, 1, 0, 0));
    } else if (marker === EXIF && starts(body, "Exif\0")) {
      const turned = orientation(body.subarray(6));
      exif ??= turned > 1 ? segment(EXIF, utf8("Exif\0\0"), oriented(turned)) : new Uint8Array(0);
    } else if (marker === ADOBE && starts(body, "Adobe") && body.length >= 12) {
      rest.put(segment(ADOBE, utf8("Adobe"), Uint8Array.of(0, 100, 0, 0, 0, 0, body[11]!)));
    } else if (marker !== COMMENT && (marker < APP0 || marker > 0xef)) {
      throw new Uncleanable();
    }
    at = end;
    if (marker === SOS) {
      scan = true;
      at = await scanEnd(source, end);
      rest.keep(end, at);
    }
  }
}
