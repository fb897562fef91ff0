/** The code that a witness keeps instead of an account; see `intake/report/code.py`, which it must match. */

import { hkdf } from "@noble/hashes/hkdf.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { EMPTY } from "./age.ts";
import { toBech32 } from "./bech32.ts";
import { hex, random, utf8 } from "./bytes.ts";
import { keyPair } from "./keypair.ts";
import type { ReplyTo } from "./package.ts";

const DIGITS = 24;

/** Latin, Arabic and Persian digits: in each row the last four bits are the digit's value. */
const DIGIT = /[0-9\u0660-\u0669\u06f0-\u06f9]/g;

export const GROUP = 4;

/** Its digits as Latin ones; null when there is a letter among what was typed. */
export function digitsOf(typed: string): string | null {
  if (/\p{L}/u.test(typed)) return null;
  return (typed.match(DIGIT) ?? []).map((digit) => digit.charCodeAt(0) & 15).join("");
}

/** Twenty-four digits; null when some are missing or the check digits say that one is wrong. */
export function parseCode(typed: string): string | null {
  const digits = digitsOf(typed);
  return digits !== null && digits.length === DIGITS && BigInt(digits) % 97n === 1n ? digits : null;
}

export function drawCode(): string {
  const digits = (BigInt(`0x${hex(random(32))}`) % 10n ** 22n).toString().padStart(22, "0");
  const check = 98n - ((BigInt(digits) * 100n) % 97n);
  return digits + check.toString().padStart(2, "0");
}

export const grouped = (digits: string): string => digits.replace(/(.{4})(?!$)/g, "$1 ");

/** What the code stands for at this drop. */
export interface Holder {
  readonly mailbox: string;
  /** Of the identity that opens what lies there. */
  readonly seed: Uint8Array;
}

/** About a second without JIT. */
export function openCode(digits: string, origin: string): Holder {
  const stretched = scrypt(utf8(digits), utf8(origin), { N: 4096, r: 8, p: 1, dkLen: 32 });
  const derive = (info: string): Uint8Array => hkdf(sha256, stretched, EMPTY, utf8(info), 32);
  return { mailbox: hex(derive("amonat/mailbox/1").subarray(0, 16)), seed: derive("amonat/reply-identity/1") };
}

/** What the sealed report tells the reviewers. */
export const replyTo = ({ mailbox, seed }: Holder): ReplyTo => ({
  mailbox,
  recipient: toBech32("age1pq", keyPair(seed).recipient),
});
