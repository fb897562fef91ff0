/**
 * The page's sending under node, on a line and a server that misbehave as they are told. Stdin: {"scenarios": [{"faults":
 * [fault…], "size": n, "change": …}…], "runs": n, "seed": n}; further runs draw their faults. Stdout: what came of each.
 *
 * A fault is spent by the next request: "" none, "cut" before the server had it, "lost" after it acted, a status as a
 * number, "rewind" to half of what it had, "forward" beyond it, "forget" all of it, "half" of the body taken.
 */

import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { openAsBlob } from "node:fs";
import { hex, random, utf8, equal } from "../../intake/browser/source/bytes.ts";
import { Identity } from "../../intake/browser/source/opened.ts";
import { Unreadable } from "../../intake/browser/source/pieces.ts";
import { Sender } from "../../intake/browser/source/sending.ts";
import { Upload } from "../../intake/browser/source/upload.ts";

const me = new Identity(random(32));
const PLAIN = 1_081_344;

class Server {
  uploads = new Map();
  stored = new Map();
  /** Everything that left the page: [id, offset, bytes]. */
  left = [];
  requests = [];

  constructor(faults) {
    this.faults = faults;
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
    if (fault === "cut") return { status: 0, word: "", offset: NaN };
    if (typeof fault === "number") return { status: fault, word: "", offset: NaN };
    if (Array.isArray(fault)) return { status: fault[0], word: fault[1], offset: NaN };
    const upload = this.uploads.get(id);
    if (fault === "rewind" && upload) upload.offset = Math.floor(upload.offset / 2);
    if (fault === "forward" && upload) upload.offset += 3_000_000;
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
      if (!this.uploads.has(wanted)) this.uploads.set(wanted, { size, offset: 0, bytes: new Uint8Array(size) });
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
    upload.bytes.set(body, upload.offset);
    upload.offset += body.length;
    if (upload.offset === upload.size) {
      this.stored.set(id, upload.bytes);
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
    const whole = wholes.get(id) ?? { bytes: new Uint8Array(8_000_000), known: new Uint8Array(8_000_000) };
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

async function run({ faults, size = PLAIN, change = null, stopAt = -1 }) {
  const server = new Server([...faults]);
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
      if (change === "once" && packs === 1 && asked === 3) throw new Unreadable();
      if (change === "always" && asked % 3 === 2) throw new Unreadable();
      if (change === "disk" && asked === 2) writeFileSync(file, Buffer.alloc(size - 1000, 8));
    },
  };
  let serial = 1;
  const key = () => ({ serial, reviewers: [me.recipient] });
  const keys = { current: async () => key(), newest: async () => (serial++, key()) };
  let end = "stored";
  try {
    await new Sender(keys, line, progress, stop.signal, async () => Upload).send(parcel);
  } catch (error) {
    end = error.reason ?? String(error.stack);
  }
  if (change === "disk") unlinkSync(file);
  const opened = Array.from(server.stored, ([id, bytes]) => {
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
for (let count = 0; count < runs; count++) {
  const faults = Array.from({ length: 3 + draw(12) }, () => (draw(2) ? "" : FAULTS[draw(FAULTS.length)]));
  scenarios.push({ faults, size: [PLAIN, 2_162_688, 16_384][draw(3)], change: draw(6) ? null : "once" });
}
const answers = [];
for (const scenario of scenarios) answers.push(await run(scenario));
process.stdout.write(JSON.stringify(answers));
