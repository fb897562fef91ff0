/** A sealed file as text blocks for a messenger, and back; see `intake/report/blocks.py`, which it must match. */

import { sha256 } from "@noble/hashes/sha2.js";
import { base64, concat, equal, fromBase64 } from "./bytes.ts";

export const BLOCK_SIZE = 2625;

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const NOISE = "[\\s>|│\\u200b\\u200e\\u200f\\ufeff]";
const LETTER = "[0-9A-HJKMNP-TV-Z]";
const NUMBER = "([1-9][0-9]{0,2})";
const HEAD = new RegExp(`\\[(${LETTER}{5})${NOISE}{1,9}${NUMBER}/${NUMBER}${NOISE}{1,9}(${LETTER}{4})\\]`, "g");
const REST = new RegExp(`((?:[A-Za-z0-9+/]|${NOISE})*)\\[${NUMBER}/${NUMBER}\\]`, "y");

/** The first bits of the SHA-256, five to a letter. */
function name(content: Uint8Array, letters: number): string {
  const digest = sha256(content);
  let bits = 0n;
  for (const byte of digest.subarray(0, 8)) bits = (bits << 8n) | BigInt(byte);
  let spelled = "";
  for (let place = 1; place <= letters; place++) spelled += LETTERS[Number((bits >> BigInt(64 - 5 * place)) & 31n)]!;
  return spelled;
}

export function split(content: Uint8Array): string[] {
  const count = Math.ceil(content.length / BLOCK_SIZE);
  const file = name(content, 5);
  return Array.from({ length: count }, (_, i) => {
    const piece = content.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE);
    return `[${file} ${i + 1}/${count} ${name(piece, 4)}] ${base64(piece)} [${i + 1}/${count}]`;
  });
}

export interface Unfinished {
  readonly name: string;
  readonly count: number;
  readonly missing: readonly number[];
  readonly damaged: readonly number[];
}

class Heap {
  readonly pieces = new Map<number, Uint8Array[]>();
  readonly damaged = new Set<number>();
  constructor(
    private readonly name: string,
    private readonly count: number,
  ) {}

  take(number: number, piece: Uint8Array): void {
    const known = this.pieces.get(number) ?? [];
    this.pieces.set(number, known);
    if (!known.some((one) => equal(one, piece))) known.push(piece);
  }

  private numbers(wanted: (number: number) => boolean): number[] {
    return Array.from({ length: this.count }, (_, i) => i + 1).filter(wanted);
  }

  whole(): Uint8Array | null {
    if (this.numbers((number) => this.pieces.get(number)?.length !== 1).length) return null;
    const content = concat(...this.numbers(() => true).map((number) => this.pieces.get(number)![0]!));
    return name(content, 5) === this.name ? content : null;
  }

  unfinished(): Unfinished {
    const absent = (number: number): boolean => !this.pieces.has(number);
    let damaged = this.numbers((n) => (absent(n) ? this.damaged.has(n) : this.pieces.get(n)!.length > 1));
    const missing = this.numbers((number) => absent(number) && !this.damaged.has(number));
    if (!missing.length && !damaged.length) damaged = this.numbers(() => true);
    return { name: this.name, count: this.count, missing, damaged };
  }
}

function piece(head: RegExpMatchArray, text: string): Uint8Array | null {
  REST.lastIndex = head.index! + head[0].length;
  const rest = REST.exec(text);
  if (!rest || rest[2] !== head[2] || rest[3] !== head[3]) return null;
  const spelled = rest[1]!.replace(/[^A-Za-z0-9+/]/g, "");
  const content = fromBase64(spelled.padEnd(Math.ceil(spelled.length / 4) * 4, "="));
  return content && name(content, 4) === head[4] ? content : null;
}

/** The whole files in a heap of text, in order of appearance, and what is missing or damaged of the others. */
export function gather(text: string): { files: Uint8Array[]; unfinished: Unfinished[] } {
  const heaps = new Map<string, Heap>();
  for (const head of text.matchAll(HEAD)) {
    const [, file, number, count] = head;
    if (Number(number) > Number(count)) continue;
    const key = `${file} ${count}`;
    const heap = heaps.get(key) ?? new Heap(file!, Number(count));
    heaps.set(key, heap);
    const content = piece(head, text);
    if (content) heap.take(Number(number), content);
    else heap.damaged.add(Number(number));
  }
  const files: Uint8Array[] = [];
  const unfinished: Unfinished[] = [];
  heaps.forEach((heap) => {
    const content = heap.whole();
    if (content) files.push(content);
    else unfinished.push(heap.unfinished());
  });
  return { files, unfinished };
}
