/**
 * The page's sending under node, on a line and a server that misbehave as they are told. Stdin: {"scenarios": [{"faults":
 * [fault…], "size": n, "change": …, "carries": n}…], "runs": n, "seed": n}; further runs draw their faults. Stdout: what came of each.
 *
 * A fault is spent by the next request: "" none, "cut" before the server had it, "lost" after it acted, a status as a
 * number, "rewind" to half of what it had, "forward" so many bytes beyond it, "forget" all of it, "half" of the body
 * taken.
 *
 * A "forward" is a lie: an honest server's offset is what it has on disk. The page can't see into a server. It knows
 * which bytes never left, or left only in requests that were turned away, and must not count those as sent. Bytes whose
 * request had no answer may well be there: a lie about those alone can't be told from the truth. So of each report that
 * was counted as stored, the bytes that the server has not (`holes`) must have left in a request that may have got there
 * (`guessed`: all of them did).
 */

import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { openAsBlob } from "node:fs";
import { hex, random, utf8, equal } from "../../intake/browser/source/bytes.ts";
import { Identity } from "../../intake/browser/source/opened.ts";
import { Unreadable } from "../../intake/browser/source/pieces.ts";
import { Sealing, whole } from "../../intake/browser/source/sealing.ts";
import { Sender } from "../../intake/browser/source/sending.ts";
import { Upload } from "../../intake/browser/source/upload.ts";

const me = new Identity(random(32));
const PLAIN = 1_081_344;
const LARGEST = 8_000_000;

class Server {
  uploads = new Map();
  stored = new Map();
  /** Everything that left the page: [id, offset, bytes]. */
  left = [];
  requests = [];
  /** Of each upload, which bytes left in a request that was not turned away. */
  possible = new Map();

  /** Of each report stored with a hole: whether each byte of it may have arrived. */
  holes = new Map();

  /** `carries`: the line breaks whenever a request has more bytes. */
  constructor(faults, carries) {
    this.faults = faults;
    this.carries = carries;
  }

  ask({ method, path, headers = {}, body, sent }) {
    const fault = this.faults.shift() ?? "";
    const id = path.split("/")[2] ?? "";
    this.requests.push(method);
    if (body) {
      // A short report keeps its id when it is sealed anew: there a ciphertext is known by its header.
      const name = method === "PUT" ? hex(body.subarray(0, 1600)) : id;
      this.left.push([name, Number(headers["Upload-Offset"] ?? 0), body.slice()]);
      sent?.(body.length);
    }
    const outcome = this.answer(fault, { method, id, headers, body });
    if (method === "PATCH" && !(outcome.status >= 400 && outcome.status < 500 && outcome.status !== 408)) {
      const from = Number(headers["Upload-Offset"]);
      const possible = this.possible.get(id) ?? new Uint8Array(LARGEST);
      this.possible.set(id, possible.fill(1, from, from + body.length));
    }
    return outcome;
  }

  answer(fault, { method, id, headers, body }) {
    if (fault === "cut" || body?.length > this.carries) return { status: 0, word: "", offset: NaN };
    if (typeof fault === "number") return { status: fault, word: "", offset: NaN };
    if (Array.isArray(fault)) return { status: fault[0], word: fault[1], offset: NaN };
    const upload = this.uploads.get(id);
    if (fault === "rewind" && upload) {
      upload.offset = Math.floor(upload.offset / 2);
      upload.has.fill(0, upload.offset);
    }
    if (fault.forward && upload) upload.offset += fault.forward;
    if (fault === "forget") this.uploads.delete(id);
    const outcome = this.act(method, id, headers, fault === "half" && method === "PATCH" ? body.subarray(0, body.length / 2) : body);
    return fault === "lost" ? { status: 0, word: "", offset: NaN } : outcome;
  }

  act(method, id, headers, body) {
    const said = (status, word = "", offset = NaN) => ({ status, word, offset });
    if (method === "PUT") return this.put(id, body, said);
    if (method === "POST") {
      const [, text] = headers["Upload-Metadata"].split(" ");
      const wanted = Buffer.from(text, "base64").toString();
      if (this.stored.has(wanted)) return said(409, "other-bytes");
      const size = Number(headers["Upload-Length"]);
      const begun = { size, offset: 0, bytes: new Uint8Array(size), has: new Uint8Array(size) };
      if (!this.uploads.has(wanted)) this.uploads.set(wanted, begun);
      return said(201, "", 0);
    }
    if (this.stored.has(id)) {
      const { length } = this.stored.get(id);
      return method === "HEAD" ? said(200, "", length) : said(method === "DELETE" ? 403 : 409, "misplaced");
    }
    const upload = this.uploads.get(id);
    if (!upload) return said(404, "not-found");
    if (method === "DELETE") {
      this.uploads.delete(id);
      return said(204);
    }
    if (method === "HEAD") return said(200, "", upload.offset);
    if (Number(headers["Upload-Offset"]) !== upload.offset) return said(409, "misplaced");
    if (upload.offset + body.length > upload.size) return said(413, "too-large");
    upload.bytes.set(body, upload.offset);
    upload.has.fill(1, upload.offset, upload.offset + body.length);
    upload.offset += body.length;
    if (upload.offset === upload.size) {
      this.stored.set(id, upload.bytes);
      const holes = Array.from(upload.has.keys()).filter((at) => !upload.has[at]);
      if (holes.length) this.holes.set(id, holes.every((at) => this.possible.get(id)?.[at]));
      this.uploads.delete(id);
    }
    return said(204, "", upload.offset);
  }

  put(id, body, said) {
    const there = this.stored.get(id);
    if (there) return equal(there, body) ? said(200) : said(409, "other-bytes");
    this.stored.set(id, body.slice());
    return said(201);
  }
}

/** What must hold of everything that ever left: under one id one ciphertext, and each id with a key of its own. */
function wrong(server) {
  const wholes = new Map();
  for (const [id, offset, bytes] of server.left) {
    const whole = wholes.get(id) ?? { bytes: new Uint8Array(LARGEST), known: new Uint8Array(LARGEST) };
    wholes.set(id, whole);
    for (let i = 0; i < bytes.length; i++) {
      if (whole.known[offset + i] && whole.bytes[offset + i] !== bytes[i]) return `two ciphertexts at ${offset + i}`;
    }
    whole.bytes.set(bytes, offset);
    whole.known.fill(1, offset, offset + bytes.length);
  }
  const starts = Array.from(wholes.values(), ({ bytes }) => hex(bytes.subarray(0, 1600)));
  return new Set(starts).size === starts.length ? null : "two uploads with one header";
}

async function run({ faults, size = PLAIN, change = null, stopAt = -1, carries = Infinity }) {
  const server = new Server([...faults], carries);
  const stop = new AbortController();
  const said = [];
  let asked = 0;
  let paused = 0;
  const line = {
    ask: async (request) => {
      if (asked++ === stopAt) stop.abort();
      return server.ask(request);
    },
    pause: async () => void paused++,
  };
  const progress = {
    working: () => undefined,
    sealing: () => said.push("sealing"),
    sending: (bytes, whole) => {
      if (bytes > whole) said.push("too many");
    },
    retrying: () => undefined,
  };
  let packs = 0;
  const file = new URL(`./${hex(random(8))}.part`, `file://${process.cwd()}/`);
  const parcel = {
    pack: async (id, keyring) => {
      packs++;
      const mark = utf8(JSON.stringify({ id, serial: keyring.serial, packs }));
      if (change !== "disk") return [mark, size - mark.length];
      if (packs === 1) writeFileSync(file, Buffer.alloc(size - mark.length, 7));
      return [mark, packs === 1 ? (parcel.blob = await openAsBlob(file)) : parcel.blob];
    },
    check: () => {
      if (change === "once" && packs === 1 && asked === 5) throw new Unreadable();
      if (change === "always" && asked % 6 === 5) throw new Unreadable();
      if (change === "disk" && asked === 5) writeFileSync(file, Buffer.alloc(size - 1000, 8));
    },
  };
  let serial = 1;
  const key = () => ({ serial, reviewers: [me.recipient] });
  const keys = { current: async () => key(), newest: async () => (serial++, key()) };
  let end = "stored";
  try {
    const pay = async () => "";
    await new Sender(keys, line, progress, async () => ({ pay, Sealing, Upload, whole }), stop.signal).send(parcel);
  } catch (error) {
    end = error.reason ?? String(error.stack);
  }
  if (change === "disk") unlinkSync(file);
  const entire = Array.from(server.stored).filter(([id]) => !server.holes.has(id));
  const opened = entire.map(([id, bytes]) => {
    const plain = me.open(bytes);
    const text = Buffer.from(plain.subarray(0, 200)).toString();
    return { length: plain.length, ...JSON.parse(text.slice(0, text.indexOf("}") + 1)), under: id };
  });
  return {
    end,
    packs,
    paused,
    requests: server.requests,
    sent: server.left.reduce((sum, [, , bytes]) => sum + bytes.length, 0),
    ids: new Set(server.left.map(([id]) => id)).size,
    unfinished: server.uploads.size,
    opened,
    guessed: Array.from(server.holes.values()),
    said,
    wrong: wrong(server),
  };
}

const { scenarios, runs, seed } = JSON.parse(readFileSync(0, "utf8"));
let state = seed >>> 0;
const draw = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const FAULTS = ["cut", "lost", "rewind", "forward", "forget", "half", 503, 429, 423, 500, 408, 409];
const fault = () => {
  const drawn = FAULTS[draw(FAULTS.length)];
  return drawn === "forward" ? { forward: [1 + draw(200_000), 3_000_000][draw(2)] } : drawn;
};
for (let count = 0; count < runs; count++) {
  const faults = Array.from({ length: 3 + draw(12) }, () => (draw(2) ? "" : fault()));
  scenarios.push({ faults, size: [PLAIN, 2_162_688, 16_384][draw(3)], change: draw(6) ? null : "once" });
}
const answers = [];
for (const scenario of scenarios) answers.push(await run(scenario));
process.stdout.write(JSON.stringify(answers));
