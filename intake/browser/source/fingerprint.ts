/** Fingerprints that two people can compare over a telephone: 40 digits in 8 groups of 5 (intake/keyring/fingerprint.py). */

import { sha256 } from "@noble/hashes/sha2.js";
import { hex, utf8 } from "./bytes.ts";

/** Of a recipient or vkey, its groups joined by "-" as the keyring writes them. */
export function fingerprint(text: string): string {
  const number = BigInt(`0x${hex(sha256(utf8(`amonat/fingerprint/1\n${text}`)))}`);
  return number.toString().slice(-40).padStart(40, "0").replace(/(.{5})(?!$)/g, "$1-");
}
