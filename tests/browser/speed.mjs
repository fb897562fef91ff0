/**
 * How fast the page seals a file, beside the AEAD alone in the same engine: both at 64 KiB a call, in one thread. The
 * file is read, sealed and cut into parts as it is when it is sent. Megabytes a second, the best of some runs.
 */

import { chacha20poly1305 } from "../../intake/browser/node_modules/@noble/ciphers/chacha.js";
import { CHUNK, Sealer } from "../../intake/browser/source/age.ts";
import { PART } from "../../intake/browser/source/pieces.ts";
import { Identity } from "../../intake/browser/source/opened.ts";
import { Sealing } from "../../intake/browser/source/sealing.ts";

const random = (size) => crypto.getRandomValues(new Uint8Array(size));

async function timed(size, work) {
  const started = performance.now();
  await work();
  return size / (performance.now() - started) / 1000;
}

globalThis.speed = async (size, runs) => {
  const [key, nonce, chunk] = [random(32), random(12), random(CHUNK)];
  const file = new Blob(Array.from({ length: size / CHUNK }, () => chunk));
  const reviewers = [1, 2, 3].map(() => new Identity(random(32)).recipient);
  const part = new Uint8Array(PART);
  const best = { raw: 0, sealed: 0 };
  // In turns: whichever came first would be the one that the engine had not compiled yet.
  for (let run = 0; run < runs; run++) {
    const raw = await timed(size, () => {
      for (let at = 0; at < size; at += CHUNK) chacha20poly1305(key, nonce).encrypt(chunk);
    });
    const sealed = await timed(size, async () => {
      const sealing = new Sealing([file], new Sealer(reviewers));
      while (await sealing.next(part));
    });
    best.raw = Math.max(best.raw, raw);
    best.sealed = Math.max(best.sealed, sealed);
  }
  return best;
};
