/**
 * A film or a voice recording in an MP4, MOV, M4A or 3GP without hidden data (ISO/IEC 14496-12; QuickTime File Format).
 *
 * Nothing moves: what goes is overwritten, boxes by `free` boxes of the same size and all else by zeros, so every offset
 * stays right. Boxes are kept by name; times, languages, names of handlers and encoders in them are emptied. Tracks other
 * than picture and sound (an iPhone's and an action camera's positions) go, and of the media data only what picture and
 * sound refer to stays. Inside the coded pictures and sound nothing is looked at.
 */

import { utf8 } from "./bytes.ts";
import type { Piece } from "./pieces.ts";
import { Copy, type Source, Uncleanable } from "./source.ts";

interface Box {
  readonly type: string;
  readonly at: number;
  readonly body: number;
  readonly end: number;
}

type Range = readonly [from: number, to: number];

const FREE = utf8("free");
const UNDETERMINED = Uint8Array.of(0x55, 0xc4);
const MOST_BOXES = 10_000;
const MOST_ENTRIES = 4_000_000;
const SAMPLE_TABLES = "stts ctts cslg stsc stsz stco co64 stss stps sdtp sgpd sbgp".split(" ");
const PICTURE_PARTS = "avcC hvcC av1C vpcC esds d263 glbl dvcC dvvC pasp clap fiel gama btrt".split(" ");
const SOUND_PARTS = "esds damr dOps dfLa alac dac3 dec3 wave chan btrt".split(" ");

class Cleaner {
  /** What is overwritten: by these bytes, or by zeros. */
  private readonly changes: { readonly from: number; readonly to: number; readonly bytes?: Uint8Array }[] = [];
  private readonly used: Range[] = [];

  constructor(private readonly source: Source) {}

  async clean(): Promise<Piece[]> {
    const top = await this.boxes(0, this.source.size);
    const movies = top.filter(({ type }) => type === "moov");
    const media = top.filter(({ type }) => type === "mdat");
    if (movies.length !== 1 || !media.length || top.some(({ type }) => type === "moof")) throw new Uncleanable();
    for (const box of top) {
      if (box.type === "moov") await this.movie(box);
      else if (!["ftyp", "mdat"].includes(box.type)) this.hide(box);
    }
    this.emptyUnused(media);
    return this.copied();
  }

  private async boxes(from: number, to: number): Promise<Box[]> {
    const found: Box[] = [];
    let at = from;
    while (to - at >= 8) {
      let [size, body] = [await this.source.number(at, 4), at + 8];
      if (size === 1) [size, body] = [await this.source.number(at + 8, 8), at + 16];
      if (size === 0 && to === this.source.size) size = to - at;
      const end = at + size;
      if (end < body || end > to || found.length === MOST_BOXES) throw new Uncleanable();
      found.push({ type: await this.source.letters(at + 4, at + 8), at, body, end });
      at = end;
    }
    // QuickTime ends some lists with four zero bytes.
    if (at < to) this.empty(at, to);
    return found;
  }

  private empty(from: number, to: number): void {
    if (to > from) this.changes.push({ from, to });
  }

  private write(from: number, bytes: Uint8Array): void {
    this.changes.push({ from, to: from + bytes.length, bytes });
  }

  private hide({ at, body, end }: Box): void {
    this.write(at + 4, FREE);
    this.empty(body, end);
  }

  /** Zeros for a full box's two times; returns where they end. */
  private async timeless({ body }: Box): Promise<number> {
    const version = await this.source.number(body, 1);
    if (version > 1) throw new Uncleanable();
    const end = body + 4 + (version ? 16 : 8);
    this.empty(body + 4, end);
    return end;
  }

  private async movie(movie: Box): Promise<void> {
    let tracks = 0;
    for (const box of await this.boxes(movie.body, movie.end)) {
      if (["cmov", "mvex"].includes(box.type)) throw new Uncleanable();
      if (box.type === "mvhd") await this.timeless(box);
      else if (box.type === "trak") tracks += Number(await this.track(box));
      else this.hide(box);
    }
    if (!tracks) throw new Uncleanable();
  }

  /** Cleans a track of picture or sound and says so; hides any other. */
  private async track(track: Box): Promise<boolean> {
    const parts = await this.boxes(track.body, track.end);
    const media = parts.filter(({ type }) => type === "mdia");
    if (media.length !== 1) throw new Uncleanable();
    const inside = await this.boxes(media[0]!.body, media[0]!.end);
    const handler = inside.find(({ type }) => type === "hdlr");
    if (!handler) throw new Uncleanable();
    const kind = await this.source.letters(handler.body + 8, handler.body + 12);
    if (kind !== "vide" && kind !== "soun") {
      this.hide(track);
      return false;
    }
    for (const box of parts) {
      if (box.type === "tkhd") await this.timeless(box);
      else if (!["mdia", "edts", "tapt"].includes(box.type)) this.hide(box);
    }
    for (const box of inside) {
      if (box.type === "mdhd") await this.mediaHeader(box);
      else if (box.type === "hdlr") this.empty(box.body + 12, box.end);
      else if (box.type === "minf") await this.mediaInformation(box, kind);
      else this.hide(box);
    }
    return true;
  }

  private async mediaHeader(box: Box): Promise<void> {
    const times = await this.timeless(box);
    this.write(times === box.body + 12 ? times + 8 : times + 12, UNDETERMINED);
  }

  private async mediaInformation(information: Box, kind: string): Promise<void> {
    const parts = await this.boxes(information.body, information.end);
    if (!parts.some(({ type }) => type === "stbl")) throw new Uncleanable();
    for (const box of parts) {
      if (box.type === "hdlr") this.empty(box.body + 12, box.end);
      else if (box.type === "stbl") await this.sampleTable(box, kind);
      else if (box.type === "dinf") this.checkLocal(box);
      else if (!["vmhd", "smhd"].includes(box.type)) this.hide(box);
    }
  }

  /** A reference to this very file is 28 bytes long; one to another file holds its path. */
  private checkLocal({ at, end }: Box): void {
    if (end - at !== 36) throw new Uncleanable();
  }

  private async sampleTable(table: Box, kind: string): Promise<void> {
    const parts = await this.boxes(table.body, table.end);
    const one = (...names: string[]): Box => {
      const found = parts.filter(({ type }) => names.includes(type));
      if (found.length !== 1) throw new Uncleanable();
      return found[0]!;
    };
    for (const box of parts) {
      if (box.type === "stsd") await this.descriptions(box, kind);
      else if (!SAMPLE_TABLES.includes(box.type)) this.hide(box);
    }
    await this.samples(one("stsc"), one("stsz"), one("stco", "co64"));
  }

  private async descriptions({ body, end }: Box, kind: string): Promise<void> {
    const picture = kind === "vide";
    for (const entry of await this.boxes(body + 8, end)) {
      // Version, revision, vendor; then, in a picture, where the name of the encoder stands.
      this.empty(entry.at + 18, entry.at + 24);
      const version = await this.source.number(entry.at + 16, 2);
      if (picture) this.empty(entry.at + 50, entry.at + 82);
      const from = entry.at + (picture ? 86 : version === 1 ? 52 : version === 2 ? 72 : 36);
      if (from > entry.end) throw new Uncleanable();
      for (const part of await this.boxes(from, entry.end)) {
        if (part.type === "colr") await this.colour(part);
        else if (!(picture ? PICTURE_PARTS : SOUND_PARTS).includes(part.type)) this.hide(part);
        if (["damr", "d263"].includes(part.type)) this.empty(part.body, part.body + 4);
      }
    }
  }

  /** The short forms are three numbers; the long one is a profile. */
  private async colour(box: Box): Promise<void> {
    if (!["nclx", "nclc"].includes(await this.source.letters(box.body, box.body + 4))) this.hide(box);
  }

  /** A table of numbers of `width` bytes each behind a count at `at`. */
  private async numbers(at: number, end: number, width: number): Promise<(index: number) => number> {
    const count = await this.source.number(at, 4);
    if (count > MOST_ENTRIES || at + 4 + count * width > end) throw new Uncleanable();
    const bytes = await this.source.bytes(at + 4, at + 4 + count * width);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return (index) => {
      if (index >= count) throw new Uncleanable();
      const high = view.getUint32(index * width);
      return width === 8 ? high * 2 ** 32 + view.getUint32(index * 8 + 4) : high;
    };
  }

  /** Which bytes of the file a track plays, chunk by chunk. */
  private async samples(chunkRuns: Box, sizes: Box, offsets: Box): Promise<void> {
    const width = offsets.type === "co64" ? 8 : 4;
    const offset = await this.numbers(offsets.body + 4, offsets.end, width);
    const fixed = await this.source.number(sizes.body + 4, 4);
    // QuickTime's uncompressed sound counts its samples as bytes of one.
    if (fixed === 1) throw new Uncleanable();
    const size = fixed ? null : await this.numbers(sizes.body + 8, sizes.end, 4);
    const samples = await this.source.number(sizes.body + 8, 4);
    const runs = await this.source.number(chunkRuns.body + 4, 4);
    if (chunkRuns.body + 8 + runs * 12 > chunkRuns.end) throw new Uncleanable();
    const run = async (index: number, field: number): Promise<number> =>
      index < runs ? this.source.number(chunkRuns.body + 8 + index * 12 + field * 4, 4) : Infinity;
    let sample = 0;
    let chunk = 0;
    for (let index = 0; index < runs && sample < samples; index++) {
      const [first, next, each] = [await run(index, 0), await run(index + 1, 0), await run(index, 1)];
      if (first !== chunk + 1 || next <= first || !each) throw new Uncleanable();
      for (; chunk + 1 < next && sample < samples; chunk++) {
        const from = offset(chunk);
        const last = Math.min(samples, sample + each);
        let length = 0;
        if (size) while (sample < last) length += size(sample++);
        else length = (last - sample) * fixed;
        sample = last;
        this.used.push([from, from + length]);
      }
    }
    if (sample < samples) throw new Uncleanable();
  }

  /** Zeros over all of the media data that no track kept refers to. */
  private emptyUnused(media: readonly Box[]): void {
    const used = this.used.sort(([a], [b]) => a - b);
    let next = 0;
    for (const { body, end } of media) {
      let at = body;
      for (; next < used.length && used[next]![0] < end; next++) {
        const [from, to] = used[next]!;
        if (from < body || to > end) throw new Uncleanable();
        this.empty(at, from);
        at = Math.max(at, to);
      }
      this.empty(at, end);
    }
    if (next < used.length) throw new Uncleanable();
  }

  private copied(): Piece[] {
    const copy = new Copy(this.source);
    let at = 0;
    for (const { from, to, bytes } of this.changes.sort((a, b) => a.from - b.from)) {
      // Inside of something that goes as a whole.
      if (to <= at) continue;
      if (from < at || to > this.source.size) throw new Uncleanable();
      copy.keep(at, from);
      copy.put(bytes ?? to - from);
      at = to;
    }
    copy.keep(at, this.source.size);
    return copy.done();
  }
}

export const cleanMovie = (source: Source): Promise<Piece[]> => new Cleaner(source).clean();
