/** C2SP signed notes (c2sp.org/signed-note) with Ed25519 keys: parsing, and who signed. */

import { hashes, verify } from "@noble/ed25519";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concat, equal, fromBase64, hex, utf8 } from "./bytes.ts";
import { Refusal } from "./refusal.ts";

// Half the size of @noble/curves, by the same author: it knows this one curve and brings no hash of its own.
hashes.sha512 = sha512 as typeof hashes.sha512;

const ED25519 = 1;
const LARGEST = 256 * 1024;
const MOST = 100;
const NAME = /^[^\s+\x00-\x1f\x7f-\x9f]+$/;

export interface VerifyKey {
  readonly name: string;
  readonly hash: Uint8Array;
  readonly key: Uint8Array;
}

export interface SignedNote {
  /** The signed bytes, final newline included. */
  readonly text: Uint8Array;
  readonly signatures: ReadonlyArray<{ readonly name: string; readonly hash: Uint8Array; readonly value: Uint8Array }>;
}

/** `NAME+HASH+BASE64`; refuses a hash that does not belong to name and key. */
export function parseVerifyKey(line: string): VerifyKey {
  const [, name, digits, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line) ?? [];
  const typed = encoded === undefined ? null : fromBase64(encoded);
  if (!name || !NAME.test(name) || !typed || typed.length !== 33 || typed[0] !== ED25519) throw new Refusal("keyring");
  const hash = sha256(concat(utf8(name + "\n"), typed)).slice(0, 4);
  if (hex(hash) !== digits) throw new Refusal("keyring");
  return { name, hash, key: typed.slice(1) };
}

export function parseNote(bytes: Uint8Array): SignedNote {
  const whole = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n") || /[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(whole)) throw new Refusal("keyring");
  const lines = whole.slice(split + 2, -1).split("\n");
  if (bytes.length > LARGEST || lines.length > MOST) throw new Refusal("keyring");
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
    const value = encoded === undefined ? null : fromBase64(encoded);
    if (!name || !NAME.test(name) || !value || value.length < 5) throw new Refusal("keyring");
    return { name, hash: value.slice(0, 4), value: value.slice(4) };
  });
  return { text: utf8(whole.slice(0, split + 1)), signatures };
}

/**
 * How many of `keys` signed: each key has one vote, however many lines or names it appears under.
 * A wrong signature under a known key refuses the note.
 */
export function votes(note: SignedNote, keys: readonly VerifyKey[]): number {
  const voters = new Set<string>();
  for (const { name, hash, value } of note.signatures) {
    const key = keys.find((known) => known.name === name && equal(known.hash, hash));
    if (!key) continue;
    if (value.length !== 64 || !verify(value, note.text, key.key, { zip215: false })) throw new Refusal("keyring");
    voters.add(hex(key.key));
  }
  return voters.size;
}
