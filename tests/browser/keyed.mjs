/**
 * What keys cost the page, in milliseconds, the median of some runs: wrapping a file key to one more reviewer, the
 * ML-KEM in it alone, and opening a code of the mailbox.
 */

import { ml_kem768 } from "../../intake/browser/node_modules/@noble/post-quantum/ml-kem.js";
import { Sealer } from "../../intake/browser/source/age.ts";
import { openCode } from "../../intake/browser/source/code.ts";
import { Identity } from "../../intake/browser/source/opened.ts";

const SOME = 10;

function median(runs, work) {
  const took = Array.from({ length: runs }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
  return took.sort((one, other) => one - other)[runs >> 1];
}

const reviewer = new Identity(crypto.getRandomValues(new Uint8Array(32))).recipient;
const many = Array.from({ length: SOME + 1 }, () => reviewer);
const sealed = (runs, count) => median(runs, () => new Sealer(many.slice(0, count)));

globalThis.keyed = {
  wrap: (runs) => (sealed(runs, SOME + 1) - sealed(runs, 1)) / SOME,
  lattice: (runs) => median(runs, () => ml_kem768.encapsulate(reviewer.subarray(0, 1184))),
  code: (runs) => median(runs, () => openCode("123456789012345678901234", "drop.example")),
};
