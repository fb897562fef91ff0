/**
 * The age v1 file format (c2sp.org/age), writing side, hybrid recipients only.
 *
 * Source: C2SP age.md, and its `mlkem768x25519` recipient: HPKE (RFC 9180) in base mode with the KEM of
 * draft-ietf-hpke-pq `MLKEM768-X25519`, HKDF-SHA256 and ChaCha20-Poly1305.
 */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { expand, extract, hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { base64, concat, random, utf8 } from "./bytes.ts";

export const CHUNK = 65536;
/** What sealing adds to each chunk. */
export const TAG = 16;

const ML_KEM_KEY = 1184;
export const EMPTY = new Uint8Array(0);
const COMBINER_LABEL = utf8("\\.//^\\");
const INFO = utf8("age-encryption.org/mlkem768x25519");
const SUITE = concat(utf8("HPKE"), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 3));

/** The secret of the hybrid: both halves, bound to the curve's public values. */
export const combined = (lattice: Uint8Array, agreed: Uint8Array, share: Uint8Array, curve: Uint8Array): Uint8Array =>
  sha3_256(concat(lattice, agreed, share, curve, COMBINER_LABEL));

/** A fresh shared secret for a 1,216-byte hybrid public key, and the 1,120 bytes that carry it. */
function encapsulate(recipient: Uint8Array): { secret: Uint8Array; carried: Uint8Array } {
  const curve = recipient.subarray(ML_KEM_KEY);
  const lattice = ml_kem768.encapsulate(recipient.subarray(0, ML_KEM_KEY));
  const ephemeral = random(32);
  const share = x25519.getPublicKey(ephemeral);
  const agreed = x25519.getSharedSecret(ephemeral, curve);
  return {
    secret: combined(lattice.sharedSecret, agreed, share, curve),
    carried: concat(lattice.cipherText, share),
  };
}

const labelled = (label: string, value: Uint8Array): Uint8Array => concat(utf8("HPKE-v1"), SUITE, utf8(label), value);

/** The key and nonce of RFC 9180 section 5.1 for mode base, with age's info and an empty PSK. */
export function schedule(secret: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const context = concat(
    Uint8Array.of(0),
    extract(sha256, labelled("psk_id_hash", EMPTY)),
    extract(sha256, labelled("info_hash", INFO)),
  );
  const root = extract(sha256, labelled("secret", EMPTY), secret);
  const derive = (label: string, size: number): Uint8Array =>
    expand(sha256, root, concat(Uint8Array.of(0, size), labelled(label, context)), size);
  return { key: derive("key", 32), nonce: derive("base_nonce", 12) };
}

function stanza(recipient: Uint8Array, fileKey: Uint8Array): string {
  const { secret, carried } = encapsulate(recipient);
  const { key, nonce } = schedule(secret);
  return `-> mlkem768x25519 ${base64(carried)}\n${base64(chacha20poly1305(key, nonce).encrypt(fileKey))}\n`;
}

/** Seals one file: first `header`, then the payload chunk by chunk. One instance is one file key: use it once. */
export class Sealer {
  readonly header: Uint8Array;
  private readonly key: Uint8Array;
  private readonly nonce = new Uint8Array(12);

  constructor(recipients: readonly Uint8Array[]) {
    const fileKey = random(16);
    const salt = random(16);
    const unsigned = `age-encryption.org/v1\n${recipients.map((one) => stanza(one, fileKey)).join("")}---`;
    const mac = hmac(sha256, hkdf(sha256, fileKey, EMPTY, utf8("header"), 32), utf8(unsigned));
    this.header = concat(utf8(`${unsigned} ${base64(mac)}\n`), salt);
    this.key = hkdf(sha256, fileKey, salt, utf8("payload"), 32);
    fileKey.fill(0);
  }

  /**
   * The next `CHUNK` bytes sealed, into `box` if there is one; the last chunk may be shorter, and is empty only in an
   * empty file.
   */
  seal(chunk: Uint8Array, last: boolean, box?: Uint8Array): Uint8Array {
    this.nonce[11] = last ? 1 : 0;
    const sealed = chacha20poly1305(this.key, this.nonce).encrypt(chunk, box?.subarray(0, chunk.length + TAG));
    this.count();
    return sealed;
  }

  /** The nonce is an 11-byte big-endian counter of chunks, then the flag of the last one. */
  private count(): void {
    for (let i = 10; i >= 0; i--) {
      const next = this.nonce[i]! + 1;
      this.nonce[i] = next;
      if (next < 256) return;
    }
  }
}

/** A whole file at once. */
export function seal(plain: Uint8Array, recipients: readonly Uint8Array[]): Uint8Array {
  const sealer = new Sealer(recipients);
  const parts = [sealer.header];
  let at = 0;
  do {
    parts.push(sealer.seal(plain.subarray(at, at + CHUNK), at + CHUNK >= plain.length));
    at += CHUNK;
  } while (at < plain.length);
  return concat(...parts);
}
