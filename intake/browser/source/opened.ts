/**
 * The age v1 file format (c2sp.org/age), reading side, hybrid identities only: what answers are read with.
 *
 * Strict like `intake.sealing`: the header's MAC before a byte of the payload, the exact length of every stanza, and the
 * whole file or nothing.
 */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { CHUNK, combined, EMPTY, schedule, TAG } from "./age.ts";
import { concat, equal, fromBase64, utf8 } from "./bytes.ts";
import { type KeyPair, keyPair } from "./keypair.ts";

/** How reading ended, in the words of the published vectors (c2sp.org/CCTV/age). */
export type Failure = "header failure" | "no match" | "HMAC failure" | "payload failure";

export class Unreadable extends Error {
  constructor(readonly failure: Failure) {
    super(failure);
  }
}

const HEADER_LIMIT = 65536;
const LATTICE_SHARE = 1088;
const SHARE = LATTICE_SHARE + 32;
const INTRO = "age-encryption.org/v1";
/** A stanza's kind and arguments: visible ASCII, one space apart. */
const STANZA = /^-> ([!-~]+(?: [!-~]+)*)$/;

interface Stanza {
  readonly kind: string;
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

function fail(failure: Failure): never {
  throw new Unreadable(failure);
}

/** Base64 without its padding, in its one canonical spelling. */
function decode(text: string): Uint8Array {
  const bytes = text.includes("=") ? null : fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, "="));
  return bytes ?? fail("header failure");
}

class Header {
  readonly stanzas: Stanza[] = [];
  readonly signed: Uint8Array;
  readonly mac: Uint8Array;
  readonly size: number;
  private at = 0;
  private readonly text: string;

  constructor(file: Uint8Array) {
    // One letter for each byte, so that positions in the text are positions in the file.
    this.text = Array.from(file.subarray(0, HEADER_LIMIT), (byte) => String.fromCharCode(byte)).join("");
    if (this.line() !== INTRO) fail("header failure");
    let start = this.at;
    let line = this.line();
    while (line.startsWith("->")) {
      this.stanzas.push(this.stanza(line));
      start = this.at;
      line = this.line();
    }
    const [, mac] = /^--- ([A-Za-z0-9+/]{43})$/.exec(line) ?? [];
    if (mac === undefined || !this.stanzas.length) fail("header failure");
    this.mac = decode(mac);
    this.signed = file.subarray(0, start + 3);
    this.size = this.at;
  }

  private line(): string {
    const end = this.text.indexOf("\n", this.at);
    if (end < 0) fail("header failure");
    const line = this.text.slice(this.at, end);
    this.at = end + 1;
    return line;
  }

  private stanza(line: string): Stanza {
    const [kind, ...args] = (STANZA.exec(line)?.[1] ?? fail("header failure")).split(" ");
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = this.line();
      if (part.length > 64) fail("header failure");
      parts.push(decode(part));
      if (part.length < 64) return { kind: kind!, args, body: concat(...parts) };
    }
  }
}

/** A hybrid identity, and what it opens. */
export class Identity {
  private readonly pair: KeyPair;

  constructor(seed: Uint8Array) {
    this.pair = keyPair(seed);
  }

  get recipient(): Uint8Array {
    return this.pair.recipient;
  }

  /** The file key, or null when the stanza is for somebody else. */
  private unwrap({ args, body }: Stanza): Uint8Array | null {
    const carried = decode(args[0]!);
    const share = carried.subarray(LATTICE_SHARE);
    const secret = combined(
      ml_kem768.decapsulate(carried.subarray(0, LATTICE_SHARE), this.pair.lattice),
      agreed(this.pair.curve, share),
      share,
      x25519.getPublicKey(this.pair.curve),
    );
    const { key, nonce } = schedule(secret);
    try {
      return chacha20poly1305(key, nonce).decrypt(body);
    } catch {
      return null;
    }
  }

  /** All that the file holds. Throws `Unreadable`. */
  open(file: Uint8Array): Uint8Array {
    const header = new Header(file);
    const ours = header.stanzas.filter(({ kind }) => kind === "mlkem768x25519");
    for (const { args, body } of ours) {
      if (args.length !== 1 || decode(args[0]!).length !== SHARE || body.length !== 32) fail("header failure");
    }
    let fileKey: Uint8Array | null = null;
    for (const stanza of ours) fileKey ??= this.unwrap(stanza);
    if (!fileKey) fail("no match");
    const mac = hmac(sha256, hkdf(sha256, fileKey, EMPTY, utf8("header"), 32), header.signed);
    if (!equal(mac, header.mac)) fail("HMAC failure");
    return payload(fileKey, file.subarray(header.size));
  }
}

/** RFC 7748's function; the zero product of a share of low order (RFC 9180, section 7.1.4) is a malformed header. */
function agreed(secret: Uint8Array, share: Uint8Array): Uint8Array {
  try {
    return x25519.getSharedSecret(secret, share);
  } catch {
    return fail("header failure");
  }
}

function payload(fileKey: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < 16) fail("header failure");
  const key = hkdf(sha256, fileKey, sealed.subarray(0, 16), utf8("payload"), 32);
  const nonce = new Uint8Array(12);
  const counter = new DataView(nonce.buffer);
  const parts: Uint8Array[] = [];
  for (let at = 16, index = 0; index === 0 || at < sealed.length; at += CHUNK + TAG, index++) {
    const chunk = sealed.subarray(at, at + CHUNK + TAG);
    counter.setUint32(7, index);
    nonce[11] = at + chunk.length >= sealed.length ? 1 : 0;
    if (chunk.length < TAG || (index > 0 && chunk.length === TAG)) fail("payload failure");
    try {
      parts.push(chacha20poly1305(key, nonce).decrypt(chunk));
    } catch {
      fail("payload failure");
    }
  }
  return concat(...parts);
}
