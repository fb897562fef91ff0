/**
 * Proof of work, when the drop asks for it: ALTCHA's scheme, version 2, with PBKDF2-HMAC-SHA-256. The browser's own
 * PBKDF2 does it, which JIT off doesn't slow; where there is none (http that is not an onion's) JavaScript does.
 */

import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64, fromHex, hex, utf8 } from "./bytes.ts";
import { Refusal } from "./refusal.ts";

/** What the drop names; `cost` is in iterations, `keyLength` in bytes. The rest of it goes back as it came. */
interface Parameters {
  readonly algorithm: string;
  readonly cost: number;
  readonly keyLength: number;
  readonly keyPrefix: string;
  readonly nonce: string;
  readonly salt: string;
}

export interface Challenge {
  readonly parameters: Parameters;
}

type Derive = (password: Uint8Array) => Promise<Uint8Array>;

/** Tries under way at once: the browser's PBKDF2 works beside this thread. */
const BATCH = 32;

/** More tries than any honest challenge needs, and more iterations: a drop can't keep a phone busy for ever. */
const MOST_TRIES = 1 << 16;
const MOST_COST = 1 << 12;

function derivation({ cost, keyLength, salt: text }: Parameters): Derive {
  const salt = fromHex(text);
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto };
  if (!subtle) return (password) => Promise.resolve(pbkdf2(sha256, password, salt, { c: cost, dkLen: keyLength }));
  const method = { name: "PBKDF2", hash: "SHA-256", salt: salt as BufferSource, iterations: cost };
  return async (password) => {
    const key = await subtle.importKey("raw", password as BufferSource, "PBKDF2", false, ["deriveBits"]);
    return new Uint8Array(await subtle.deriveBits(method, key, keyLength * 8));
  };
}

/** nonce || counter, four bytes, big-endian. */
function password(nonce: Uint8Array, counter: number): Uint8Array {
  const bytes = new Uint8Array(nonce.length + 4);
  bytes.set(nonce);
  new DataView(bytes.buffer).setUint32(nonce.length, counter);
  return bytes;
}

/** The header `Work` that pays this challenge. Throws `Refusal` for one that nobody could be asked to solve. */
export async function solve(challenge: Challenge): Promise<string> {
  const { algorithm, cost, keyPrefix, nonce: text } = challenge.parameters;
  if (algorithm !== "PBKDF2/SHA-256" || !(cost <= MOST_COST) || !/^([0-9a-f]{2})+$/.test(keyPrefix)) {
    throw new Refusal("fault");
  }
  const nonce = fromHex(text);
  const derive = derivation(challenge.parameters);
  for (let first = 0; first < MOST_TRIES; first += BATCH) {
    const counters = Array.from({ length: BATCH }, (_, i) => first + i);
    const keys = await Promise.all(counters.map(async (counter) => hex(await derive(password(nonce, counter)))));
    const found = keys.findIndex((key) => key.startsWith(keyPrefix));
    if (found >= 0) {
      const solution = { counter: first + found, derivedKey: keys[found] };
      return base64(utf8(JSON.stringify({ challenge, solution })), true);
    }
  }
  throw new Refusal("fault");
}

/** The work that the drop asks for now, done: the header `Work`, or "" when it asks for none or does not answer. */
export async function pay(): Promise<string> {
  try {
    const answer = await fetch("/challenge", { cache: "no-store", credentials: "omit", redirect: "error" });
    return answer.status === 200 ? await solve(await answer.json()) : "";
  } catch (error) {
    if (Refusal.is(error)) throw error;
    return "";
  }
}
