/**
 * Which keys seal today: the keyring's text, and whether this page believes it.
 *
 * The page holds the roots and changes with them, so the newest note alone is enough: the threshold of the page's roots
 * must have signed it, and the threshold of the roots that it names.
 */

import { fromBech32 } from "./bech32.ts";
import { parseNote, parseVerifyKey, votes, type VerifyKey } from "./note.ts";
import { Refusal } from "./refusal.ts";

export interface Trust {
  readonly origin: string;
  readonly roots: readonly string[];
  readonly threshold: number;
}

export interface Keyring {
  readonly origin: string;
  readonly serial: number;
  readonly issued: string;
  readonly expires: string;
  readonly closes: string;
  readonly closedThrough: number;
  readonly threshold: number;
  readonly roots: readonly VerifyKey[];
  /** The raw hybrid public keys of the active reviewers. */
  readonly reviewers: readonly Uint8Array[];
}

const NUMBER = /^(0|[1-9][0-9]{0,8})$/;
const LABEL = /^[a-z0-9-]{1,32}$/;

function wrong(): never {
  throw new Refusal("keyring");
}

/** A real calendar day, written YYYY-MM-DD: days compare as text. */
function day(text: string): string {
  const time = Date.parse(text + "T00:00:00Z");
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !isNaN(time) && new Date(time).toISOString().startsWith(text) ? text : wrong();
}

function count(text: string): number {
  return NUMBER.test(text) ? Number(text) : wrong();
}

/** Lines taken strictly in their order; anything else refuses. */
class Lines {
  private at = 0;
  constructor(private readonly lines: readonly string[]) {}

  one(word: string): string {
    return this.many(word, 1, 1)[0]!;
  }

  many(word: string, least: number, most = Infinity): string[] {
    const found: string[] = [];
    while (found.length < most && this.lines[this.at]?.startsWith(word + " ")) {
      found.push(this.lines[this.at++]!.slice(word.length + 1));
    }
    return found.length < least ? wrong() : found;
  }

  end(): void {
    if (this.at !== this.lines.length) wrong();
  }
}

/** The parts of one line, exactly `length` of them, the first a label not seen before. */
function labelled(lines: readonly string[], length: number): string[][] {
  const rows = lines.map((line) => line.split(" "));
  const labels = new Set(rows.map((row) => row[0]));
  return labels.size === rows.length && rows.every((row) => row.length === length && LABEL.test(row[0]!)) ? rows : wrong();
}

function signers(origin: string, lines: readonly string[]): VerifyKey[] {
  return labelled(lines, 2).map(([label, line]) => {
    const key = parseVerifyKey(line!);
    return key.name === `${origin}/${label}` ? key : wrong();
  });
}

function recipient(text: string): Uint8Array {
  const key = fromBech32("age1pq", text);
  return key?.length === 1216 ? key : wrong();
}

export function parseKeyring(text: Uint8Array): Keyring {
  const body = new TextDecoder("utf-8", { fatal: true }).decode(text);
  if (!body.startsWith("amonat/keyring/1\n")) wrong();
  const lines = new Lines(body.slice(0, -1).split("\n").slice(1));
  const origin = lines.one("origin");
  if (!/^[a-z0-9.-]{1,64}$/.test(origin)) wrong();
  const serial = count(lines.one("serial"));
  const previous = lines.one("previous");
  if (serial < 1 || (serial === 1) !== (previous === "-")) wrong();
  const issued = day(lines.one("issued"));
  const expires = day(lines.one("expires"));
  const closes = day(lines.one("closes"));
  if (issued > expires || expires > closes) wrong();
  const closedThrough = count(lines.one("closed-through"));
  lines.many("site", 0);
  const threshold = count(lines.one("threshold"));
  const roots = signers(origin, lines.many("root", 1));
  if (threshold < 1 || threshold > roots.length) wrong();
  signers(origin, lines.many("drop", 1));
  const reviewers = labelled(lines.many("reviewer", 1), 3).map(([label, key, signer]) => {
    if (parseVerifyKey(signer!).name !== `${origin}/${label}`) wrong();
    return recipient(key!);
  });
  labelled(lines.many("duty", 0, 2), 2).forEach(([, key]) => recipient(key!));
  lines.many("retired", 0);
  lines.end();
  return { origin, serial, issued, expires, closes, closedThrough, threshold, roots, reviewers };
}

/** The keyring in `note`, believed on `today` (YYYY-MM-DD); throws `Refusal` with the reason. */
export function believe(note: Uint8Array, trust: Trust, today: string): Keyring {
  const signed = parse(() => parseNote(note));
  const keyring = parse(() => parseKeyring(signed.text));
  const pinned = trust.roots.map(parseVerifyKey);
  if (keyring.origin !== trust.origin) wrong();
  if (trust.threshold < 1 || votes(signed, pinned) < trust.threshold) wrong();
  if (votes(signed, keyring.roots) < keyring.threshold) wrong();
  if (keyring.closedThrough >= keyring.serial) throw new Refusal("closed");
  if (today < keyring.issued || today >= keyring.closes) throw new Refusal("date");
  return keyring;
}

/** Bytes that aren't text are as wrong as a wrong line. */
function parse<T>(read: () => T): T {
  try {
    return read();
  } catch {
    return wrong();
  }
}
