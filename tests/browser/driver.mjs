/** Runs the page's own modules under node, so that tests can compare them with Python's: a JSON list of tasks in, answers out. */

import { readFileSync, writeSync } from "node:fs";
import { seal, Sealer } from "../../intake/browser/source/age.ts";
import { answersOf } from "../../intake/browser/source/answers.ts";
import { gather, split } from "../../intake/browser/source/blocks.ts";
import { base64, fromBase64, hex } from "../../intake/browser/source/bytes.ts";
import { holds } from "../../intake/browser/source/conditions.ts";
import { drawCode, grouped, openCode, parseCode, replyTo } from "../../intake/browser/source/code.ts";
import { fromBech32 } from "../../intake/browser/source/bech32.ts";
import { fingerprint } from "../../intake/browser/source/fingerprint.ts";
import { keys, words } from "../../intake/browser/source/folding.ts";
import { believe } from "../../intake/browser/source/keyring.ts";
import { Identity } from "../../intake/browser/source/opened.ts";
import { solve } from "../../intake/browser/source/toll.ts";
import { placesIn } from "../../intake/browser/source/carried/places.ts";
import { packed } from "../../intake/browser/source/package.ts";
import { readPlaces, suggest } from "../../intake/browser/source/places.ts";
import { verify } from "../../intake/browser/source/reply.ts";
import { Sealing } from "../../intake/browser/source/sealing.ts";
import { padded, sealedSize } from "../../intake/browser/source/sizes.ts";
import { total } from "../../intake/browser/source/pieces.ts";
import { Reader } from "../../intake/browser/source/reading.ts";

/** Bytes that Python can make again: 0, 1, 2 … 250, 0, 1 … */
const pattern = (size) => Uint8Array.from({ length: size }, (_, i) => i % 251);

const identity = (seed) => new Identity(fromBase64(seed));

const tasks = {
  solve: ({ challenge, without }) => {
    if (without) Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    return solve(challenge);
  },
  split: ({ file }) => split(fromBase64(file)),
  gather: ({ text }) => {
    const { files, unfinished } = gather(text);
    return { files: files.map((file) => base64(file, true)), unfinished };
  },
  /** Each note in turn, as in one visit; what comes of the last. */
  keyring: ({ notes, trust, today, sure }) =>
    notes.reduce((seen, note) => believe(fromBase64(note), trust, today, sure, seen), undefined).serial,
  fingerprint: ({ text }) => fingerprint(text),
  open: ({ seed, file }) => base64(identity(seed).open(fromBase64(file)), true),
  recipient: ({ seed }) => hex(identity(seed).recipient),
  draw: () => grouped(drawCode()),
  code: ({ typed, origin }) => {
    const digits = parseCode(typed);
    if (!digits) return null;
    return replyTo(openCode(digits, origin));
  },
  reply: ({ file, seed, note, trust, mailbox, today }) =>
    verify(fromBase64(file), identity(seed), believe(fromBase64(note), trust, today, true), mailbox, today),
  opened: ({ shows, answers }) => {
    const given = new Map(Object.entries(answers));
    return shows.filter(([, showIf]) => holds(showIf, given)).map(([field]) => field);
  },
  words: ({ text }) => ({ fold: words(text), key: keys(text) }),
  suggest: ({ places, typed }) => {
    const known = readPlaces(places);
    return typed.map((text) => suggest(known, text).map(({ id }) => id));
  },
  "places in": ({ table, language }) => placesIn(table, language),
  answers: ({ kinds, pairs }) => answersOf(new Map(kinds), pairs),
  seal: ({ recipients, size }) => base64(seal(pattern(size), recipients.map((one) => fromBech32("age1pq", one))), true),
  /** Attachments whose pieces are blobs of the pattern or, below zero, zeros. */
  packed: async ({ report, files = [] }) => {
    const attachments = files.map(({ pieces, ...rest }) => ({
      ...rest,
      pieces: pieces.map((size) => (size < 0 ? -size : new Blob([pattern(size)]))),
    }));
    const pieces = packed(report, attachments);
    const plain = new Uint8Array(total(pieces) + 1);
    const size = await new Reader(pieces).read(plain);
    return base64(plain.subarray(0, size), true);
  },
  padded: ({ sizes }) => sizes.map(padded),
  "sealed size": ({ header, sizes }) => sizes.map((size) => sealedSize(header, size)),
  /** Sealed in parts of some bytes each: the size that was promised, and the parts as they came. */
  stream: async ({ recipients, pieces, part }) => {
    const sealing = new Sealing(
      pieces.map((size) => (size < 0 ? -size : new Blob([pattern(size)]))),
      new Sealer(recipients.map((one) => fromBech32("age1pq", one))),
    );
    const parts = [];
    const buffer = new Uint8Array(part);
    for (let size; (size = await sealing.next(buffer)); ) parts.push(base64(buffer.subarray(0, size), true));
    return { size: sealing.size, parts };
  },
};

const answers = [];
for (const { task, ...rest } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push({ done: await tasks[task](rest) });
  } catch (error) {
    answers.push({ refused: error.reason ?? error.failure ?? error.doubt ?? String(error) });
  }
}
const said = new TextEncoder().encode(JSON.stringify(answers));
for (let at = 0; at < said.length; ) at += writeSync(1, said, at);
