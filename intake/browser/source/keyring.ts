/**
 * Which keys seal today: the keyring's text, and whether this page believes it.
 *
 * The page holds the roots and changes with them, so the newest note alone is enough: the threshold of the page's roots
 * must have signed it, and the threshold of the roots that it names. A page keeps nothing, so what only the chain shows
 * it can't see on its first look; what it saw earlier in the same visit is never gone back on (intake/keyring/trust.py).
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { fromBech32 } from "./bech32.ts";
import { base64, fromBase64, hex } from "./bytes.ts";
import { fingerprint } from "./fingerprint.ts";
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
  /** Fingerprints of every key that is no retired one. */
  readonly standing: readonly string[];
  /** The retired lines: fingerprint first, then label and day. */
  readonly retired: readonly string[];
  readonly previous: string;
  readonly hash: string;
  /** What they sign answers with. */
  readonly signers: readonly VerifyKey[];
}

const LABEL = /^[a-z0-9-]{1,32}$/;
const SITE =
  /^(https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*|http:\/\/([a-z0-9-]+\.)*[a-z2-7]{56}\.onion)(:[1-9][0-9]{0,4})?(\/[!-~]*)?$/;

function wrong(): never {
  throw new Refusal("keyring");
}

function matching(pattern: RegExp, text: string): string {
  return pattern.test(text) ? text : wrong();
}

/** A real calendar day, written YYYY-MM-DD: days compare as text. */
function day(text: string): string {
  const time = Date.parse(`${matching(/^\d{4}-\d{2}-\d{2}$/, text)}T00:00:00Z`);
  return !isNaN(time) && new Date(time).toISOString().startsWith(text) ? text : wrong();
}

function number(text: string, least: number, most: number): number {
  const value = Number(matching(/^(0|[1-9][0-9]{0,8})$/, text));
  return value >= least && value <= most ? value : wrong();
}

/** Lines taken strictly in their order, each split at single spaces. */
class Lines {
  private at = 0;
  constructor(private readonly lines: readonly string[]) {}

  one(word: string): string {
    return this.many(word, 1, 1, 1)[0]![0]!;
  }

  /** The values of `least` to `most` lines that begin with `word`, exactly `width` of them in each. */
  many(word: string, width: number, least: number, most: number): string[][] {
    const found: string[][] = [];
    while (this.lines[this.at]?.startsWith(word + " ")) {
      const values = this.lines[this.at++]!.split(" ").slice(1);
      if (values.length !== width || values.includes("")) wrong();
      found.push(values);
    }
    return found.length < least || found.length > most ? wrong() : found;
  }

  end(): void {
    if (this.at !== this.lines.length) wrong();
  }
}

/** What the keyring has named so far: every label once in its role, every key and recipient once in all. */
class Named {
  private readonly seen = new Set<string>();
  readonly standing: string[] = [];
  constructor(private readonly origin: string) {}

  private once(name: string): void {
    if (this.seen.has(name)) wrong();
    this.seen.add(name);
  }

  label(role: string, label: string): void {
    this.once(`${role} ${matching(LABEL, label)}`);
  }

  private stands(text: string): void {
    const digits = fingerprint(text);
    this.once(digits);
    this.standing.push(digits);
  }

  key(label: string, text: string): VerifyKey {
    const key = parseVerifyKey(text);
    this.once(`key ${hex(key.key)}`);
    this.stands(text);
    return key.name === `${this.origin}/${label}` ? key : wrong();
  }

  /** A retired key's: neither twice, nor that of a key that stands above. */
  retired(fingerprint: string): void {
    this.once(matching(/^\d{5}(-\d{5}){7}$/, fingerprint));
  }

  /** The 1,216 bytes of a hybrid public key. */
  recipient(text: string): Uint8Array {
    this.stands(text);
    const key = fromBech32("age1pq", text);
    return key?.length === 1216 ? key : wrong();
  }
}

export function parseKeyring(text: Uint8Array): Keyring {
  const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
  if (!body.startsWith("amonat/keyring/1\n")) wrong();
  const lines = new Lines(body.slice(0, -1).split("\n").slice(1));
  const origin = matching(/^[a-z0-9.-]{1,64}$/, lines.one("origin"));
  const serial = number(lines.one("serial"), 1, 999_999);
  const previous = lines.one("previous");
  if ((serial === 1) !== (previous === "-") || (serial > 1 && fromBase64(previous)?.length !== 32)) wrong();
  const issued = day(lines.one("issued"));
  const expires = day(lines.one("expires"));
  const closes = day(lines.one("closes"));
  if (issued > expires || expires > closes) wrong();
  const closedThrough = number(lines.one("closed-through"), 0, serial - 1);
  const sites = lines.many("site", 1, 0, 8).map(([site]) => matching(SITE, site!));
  if (new Set(sites).size !== sites.length || sites.some((site) => site.length > 255)) wrong();
  const threshold = number(lines.one("threshold"), 1, 16);
  const named = new Named(origin);
  const signer = (role: string, label: string, key: string): VerifyKey => {
    named.label(role, label);
    return named.key(label, key);
  };
  const roots = lines.many("root", 2, 1, 16).map(([label, key]) => signer("root", label!, key!));
  if (threshold > roots.length) wrong();
  lines.many("drop", 2, 1, 8).forEach(([label, key]) => signer("drop", label!, key!));
  const reviewers: Uint8Array[] = [];
  const signers = lines.many("reviewer", 3, 1, 32).map(([label, recipient, key]) => {
    const signs = signer("reviewer", label!, key!);
    reviewers.push(named.recipient(recipient!));
    return signs;
  });
  lines.many("duty", 2, 0, 2).forEach(([label, recipient]) => {
    named.label("duty", label!);
    named.recipient(recipient!);
  });
  const retired = lines.many("retired", 3, 0, 200).map(([label, written, left]) => {
    named.retired(written!);
    return `${written} ${matching(LABEL, label!)} ${day(left!)}`;
  });
  lines.end();
  return {
    origin,
    serial,
    issued,
    expires,
    closes,
    closedThrough,
    threshold,
    roots,
    reviewers,
    signers,
    standing: named.standing,
    retired,
    previous,
    hash: base64(sha256(text), true),
  };
}

/**
 * The keyring in `note`, believed on `today` (YYYY-MM-DD). Throws `Refusal`: "date" when today lies outside its days,
 * and "closed" instead where a person has vouched (`sure`) for a day after them. `seen` is what was believed before in
 * this visit.
 */
export function believe(note: Uint8Array, trust: Trust, today: string, sure: boolean, seen?: Keyring): Keyring {
  const keyring = trusted(note, trust, seen);
  if (today < keyring.issued) throw new Refusal("date");
  if (today >= keyring.closes) throw new Refusal(sure ? "closed" : "date");
  return keyring;
}

function trusted(note: Uint8Array, trust: Trust, seen?: Keyring): Keyring {
  try {
    const signed = parseNote(note);
    const keyring = parseKeyring(signed.text);
    const enough =
      trust.threshold >= 1 &&
      keyring.origin === trust.origin &&
      votes(signed, trust.roots.map(parseVerifyKey)) >= trust.threshold &&
      votes(signed, keyring.roots) >= keyring.threshold &&
      (!seen || goesOn(keyring, seen, (roots) => votes(signed, roots)));
    return enough ? keyring : wrong();
  } catch {
    // Bytes that are no text, points that are not on the curve: all of it is a keyring that can't be believed.
    return wrong();
  }
}

/** Whether `next` may come after `seen`, directly or with others between: nothing goes back, and no key is forgotten. */
function goesOn(next: Keyring, seen: Keyring, count: (roots: readonly VerifyKey[]) => number): boolean {
  if (next.serial === seen.serial) return next.hash === seen.hash;
  const follows = next.previous === seen.hash && count(seen.roots) >= seen.threshold;
  const known = new Set([...next.standing, ...next.retired.map((line) => line.split(" ")[0]!)]);
  return (
    next.serial > seen.serial &&
    (follows || next.serial > seen.serial + 1) &&
    next.issued >= seen.issued &&
    next.closedThrough >= seen.closedThrough &&
    seen.retired.every((line, i) => line === next.retired[i]) &&
    seen.standing.every((digits) => known.has(digits))
  );
}
