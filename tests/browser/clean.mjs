/**
 * The page's cleaning under node. Stdin: {"files": [path…], "mutants": n, "seed": n}. Each file that can be cleaned is
 * cleaned into FILE.clean; then `mutants` damaged copies of each are tried. Stdout: {"cleaned": [bool…], "mutants":
 * {"cleaned": n, "refused": n}, "wrong": [what went wrong…]}.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { clean } from "../../intake/browser/source/clean.ts";
import { total } from "../../intake/browser/source/pieces.ts";
import { Reader } from "../../intake/browser/source/reading.ts";

async function cleaned(bytes) {
  const pieces = await clean(new Blob([bytes]));
  if (!pieces) return null;
  const whole = new Uint8Array(total(pieces));
  const length = await new Reader(pieces).read(whole);
  if (length !== whole.length) throw new Error("the pieces are shorter than they say");
  return Buffer.from(whole);
}

/** Numerical Recipes' generator: the same damage in every run. */
function draws(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const EDGES = [0, 1, 2, 4, 8, 0x7f, 0x80, 0xd8, 0xd9, 0xda, 0xe1, 0xfe, 0xff];

/** One to four hurts, more often near the start, where the structure is. */
function damaged(bytes, draw) {
  let hurt = Buffer.from(bytes);
  for (let hurts = 1 + draw(4); hurts > 0 && hurt.length; hurts--) {
    const at = draw(1 + draw(hurt.length));
    const length = 1 + draw(40);
    const kind = draw(6);
    if (kind < 2) hurt[at] = EDGES[draw(EDGES.length)];
    else if (kind === 2) hurt[at] = draw(256);
    else if (kind === 3) hurt = hurt.subarray(0, at);
    else if (kind === 4) hurt = Buffer.concat([hurt.subarray(0, at), hurt.subarray(at + length)]);
    else hurt = Buffer.concat([hurt.subarray(0, at), hurt.subarray(at, at + length), hurt.subarray(at)]);
  }
  return hurt;
}

const { files, mutants, seed } = JSON.parse(readFileSync(0, "utf8"));
const draw = draws(seed);
const said = { cleaned: [], mutants: { cleaned: 0, refused: 0 }, wrong: [] };

for (const path of files) {
  const bytes = readFileSync(path);
  const whole = await cleaned(bytes);
  said.cleaned.push(whole !== null);
  if (whole) writeFileSync(`${path}.clean`, whole);
  for (let count = 0; count < mutants; count++) {
    const hurt = damaged(bytes, draw);
    try {
      const once = await cleaned(hurt);
      said.mutants[once ? "cleaned" : "refused"]++;
      const twice = once && (await cleaned(once));
      if (once && !once.equals(twice ?? Buffer.alloc(0))) said.wrong.push(`${path} ${count}: not the same twice`);
    } catch (error) {
      said.wrong.push(`${path} ${count}: ${error.stack}`);
    }
  }
}
process.stdout.write(JSON.stringify(said));
