/** The two halves of a hybrid identity (c2sp.org/age), stretched by SHAKE-256 from its seed of 32 bytes. */

import { x25519 } from "@noble/curves/ed25519.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { concat } from "./bytes.ts";

export interface KeyPair {
  /** The 1,216 bytes of its public half. */
  readonly recipient: Uint8Array;
  readonly lattice: Uint8Array;
  readonly curve: Uint8Array;
}

export function keyPair(seed: Uint8Array): KeyPair {
  const stretched = shake256(seed, { dkLen: 96 });
  const { publicKey, secretKey } = ml_kem768.keygen(stretched.subarray(0, 64));
  const curve = stretched.subarray(64);
  return { recipient: concat(publicKey, x25519.getPublicKey(curve)), lattice: secretKey, curve };
}
