/**
 * A WebP without hidden data (RFC 9649): its image chunks, with the flags of the extended header as they then are, and its
 * orientation. The colour profile goes, as it does from a JPEG.
 */

import { concat, utf8 } from "./bytes.ts";
import { orientation, oriented } from "./orientation.ts";
import { total, type Piece } from "./pieces.ts";
import { Copy, type Source, Uncleanable } from "./source.ts";

const IMAGE = ["VP8 ", "VP8L", "ALPH"];
const FRAME_HEADER = 16;
const HAS_EXIF = 0x08;
/** Of the flags: alpha and animation. */
const LASTING = 0x12;

interface Chunk {
  readonly type: string;
  readonly at: number;
  readonly body: number;
  readonly size: number;
  /** With the byte that makes its length even. */
  readonly end: number;
}

async function chunks(source: Source, from: number, to: number): Promise<Chunk[]> {
  const found: Chunk[] = [];
  for (let at = from; at < to; ) {
    const size = await source.number(at + 4, 4, true);
    const end = at + 8 + size + (size % 2);
    if (end > to) throw new Uncleanable();
    found.push({ type: await source.letters(at, at + 4), at, body: at + 8, size, end });
    at = end;
  }
  return found;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, body.length, true);
  return concat(utf8(type), size, body, new Uint8Array(body.length % 2));
}

/** Exif's own blocks stand with and without the prefix that JPEG needs. */
async function turnedBy(source: Source, { body, size }: Chunk): Promise<number> {
  const block = await source.bytes(body, body + Math.min(size, 65_536));
  return orientation(block[0] === 0x45 ? block.subarray(6) : block);
}

export async function cleanWebp(source: Source): Promise<Piece[]> {
  const end = 8 + (await source.number(4, 4, true));
  if (end > source.size) throw new Uncleanable();
  const found = await chunks(source, 12, end);
  const copy = new Copy(source);
  const extended = found[0]?.type === "VP8X" && found[0].size === 10 ? found[0] : null;
  const exif = extended && found.find(({ type }) => type === "EXIF");
  const turned = exif ? await turnedBy(source, exif) : 1;
  let images = 0;
  if (extended) {
    const header = (await source.bytes(extended.body, extended.end)).slice();
    header.set([(header[0]! & LASTING) | (turned > 1 ? HAS_EXIF : 0), 0, 0, 0]);
    copy.put(chunk("VP8X", header));
  }
  for (const { type, at, body, end } of found) {
    if (IMAGE.includes(type) || type === "ANIM") copy.keep(at, end);
    if (type === "ANMF") {
      const parts = await chunks(source, body + FRAME_HEADER, end);
      if (!parts.length || parts.some((part) => !IMAGE.includes(part.type))) throw new Uncleanable();
      copy.keep(at, end);
    }
    if (type !== "ANIM" && type !== "ALPH" && (type === "ANMF" || IMAGE.includes(type))) images++;
  }
  if (!images || (!extended && !IMAGE.includes(found[0]!.type))) throw new Uncleanable();
  if (turned > 1) copy.put(chunk("EXIF", oriented(turned)));
  const body = copy.done();
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, total(body) + 4, true);
  return [concat(utf8("RIFF"), size, utf8("WEBP")), ...body];
}
