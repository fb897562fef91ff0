/**
 * Files without what cameras and programs hide in them: place, time, device, owner, software, small pictures.
 *
 * Byte by byte and never through a canvas: a canvas encodes anew, and in Tor Browser it returns noise. A clean copy is a
 * list of pieces of the file, so a big one is never held. By what the first bytes say, not by a name; a file that is
 * damaged or of another kind can't be cleaned, and the page says so before it is sent.
 */

import { cleanJpeg } from "./jpeg.ts";
import { cleanMovie } from "./movie.ts";
import type { Piece } from "./pieces.ts";
import { cleanPng } from "./png.ts";
import { Source, Uncleanable } from "./source.ts";
import { cleanWebp } from "./webp.ts";

const MOVIE = /^[^]{4}ftyp(qt  |iso|mp4|M4[AV]|avc1|3g|MSNV|F4V)/;

function cleaner(start: string): ((source: Source) => Promise<Piece[]>) | null {
  if (start.startsWith("\xff\xd8\xff")) return cleanJpeg;
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return cleanPng;
  if (/^RIFF[^]{4}WEBP/.test(start)) return cleanWebp;
  return MOVIE.test(start) ? cleanMovie : null;
}

/** The pieces of a clean copy, or null for what can't be cleaned. Throws `Unreadable`. */
export async function clean(file: Blob): Promise<Piece[] | null> {
  const source = new Source(file);
  try {
    const clean = cleaner(await source.letters(0, Math.min(16, file.size)));
    return clean && (await clean(source));
  } catch (error) {
    if (error instanceof Uncleanable) return null;
    throw error;
  }
}
