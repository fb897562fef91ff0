/** An answer to the witness, believed or refused; see `intake/report/reply.py`, which it must match. */

import type { Keyring } from "./keyring.ts";
import { parseNote, votes } from "./note.ts";
import { Identity, Unreadable } from "./opened.ts";

/** Why an answer is not shown. Each word has its own sentence in the page. */
export type Doubt =
  | "forged" // no reviewer of the current keyring signed it
  | "elsewhere" // it was written for another mailbox or drop
  | "old" // it is older than answers are kept, or of a day to come
  | "broken"; // it is no answer at all

export class Doubtful extends Error {
  constructor(readonly doubt: Doubt) {
    super(doubt);
  }
}

export interface Reply {
  readonly number: number;
  readonly day: string;
  readonly text: string;
}

export const SEALED_SIZE = 9_851;
const KEPT_DAYS = 180;
const AHEAD_DAYS = 2;
const HEAD =
  /^amonat\/reply\/1\norigin ([a-z0-9.-]{1,64})\nmailbox ([0-9a-f]{32})\nnumber ([1-9][0-9]{0,8})\nday (\d{4}-\d\d-\d\d)\n\n([^]+)\n$/;
const NOT_WRITTEN = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]/;

function doubt(why: Doubt): never {
  throw new Doubtful(why);
}

function opened(sealed: Uint8Array, identity: Identity): Uint8Array {
  if (sealed.length !== SEALED_SIZE) doubt("broken");
  let plain: Uint8Array;
  try {
    plain = identity.open(sealed);
  } catch (error) {
    if (error instanceof Unreadable) doubt("broken");
    throw error;
  }
  let end = plain.length;
  while (end && plain[end - 1] === 0) end--;
  return plain.subarray(0, end);
}

/** The signed text, once a reviewer of the keyring has signed it. */
function signed(note: Uint8Array, keyring: Keyring): string {
  try {
    const parsed = parseNote(note);
    if (votes(parsed, keyring.signers)) return new TextDecoder().decode(parsed.text);
  } catch {
    // A malformed note, or a signature that is not genuine: either way nobody whom we know has written this.
  }
  return doubt("forged");
}

/** Days from one day to another; NaN when the first is none of the calendar. */
function daysFrom(from: string, to: string): number {
  const time = Date.parse(from);
  // A browser may take 30 February for 2 March.
  const real = !isNaN(time) && new Date(time).toISOString().startsWith(from);
  return real ? (Date.parse(to) - time) / 86_400_000 : NaN;
}

/** Throws `Doubtful` for everything that must not be shown. `today` is YYYY-MM-DD. */
export function verify(
  sealed: Uint8Array,
  identity: Identity,
  keyring: Keyring,
  mailbox: string,
  today: string,
): Reply {
  const [, origin, named, number, day, text] = HEAD.exec(signed(opened(sealed, identity), keyring)) ?? [];
  if (text === undefined || NOT_WRITTEN.test(text) || text.trim() !== text || text.normalize() !== text) doubt("broken");
  if (origin !== keyring.origin || named !== mailbox) doubt("elsewhere");
  const age = daysFrom(day!, today);
  if (isNaN(age)) doubt("broken");
  if (age > KEPT_DAYS || age < -AHEAD_DAYS) doubt("old");
  return { number: Number(number), day: day!, text };
}
