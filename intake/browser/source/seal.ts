/** The worker: believes a keyring, seals the report to its reviewers, and hands it to the drop. */

import "./older.ts";
import { attach, checkSame } from "./attach.ts";
import { random } from "./bytes.ts";
import type { Extra } from "./cleaner.ts";
import { drawCode, grouped, openCode, replyTo } from "./code.ts";
import { believe, type Keyring } from "./keyring.ts";
import { growing, line } from "./line.ts";
import type { Setting, ToPage, ToWorker } from "./messages.ts";
import { packed } from "./package.ts";
import { Unreadable } from "./pieces.ts";
import { Refusal } from "./refusal.ts";
import { Sender } from "./sending.ts";

const tell = (message: ToPage): void => postMessage(message);

let setting: Setting;
let today = new Date().toISOString().slice(0, 10);
let asked = false;
let keyring: Keyring | null = null;
let seen: Keyring | undefined;
let stop = new AbortController();

async function fetchNote(): Promise<Uint8Array> {
  for (let tries = 0; ; tries++) {
    try {
      const answer = await fetch("/keyring.note", { cache: "no-store", credentials: "omit", redirect: "error" });
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    } catch {
      // No connection is the common case here, not an error: wait and try again.
    }
    tell({ kind: "loading", unreachable: true });
    await line.pause(growing(tries));
  }
}

async function refresh(): Promise<Keyring> {
  const note = await fetchNote();
  keyring = null;
  seen = keyring = believe(note, setting, today, asked, seen);
  return keyring;
}

/** A first draw at load, so that a browser without randomness says so before anything is typed. */
function checkRandom(): void {
  try {
    if (!random(32).some(Boolean)) throw new Refusal("random");
  } catch {
    throw new Refusal("random");
  }
}

async function send({ answers, files }: ToWorker & { readonly kind: "send" }): Promise<void> {
  const { origin, questionnaire, language } = setting;
  const code = drawCode();
  const back = replyTo(openCode(code, origin));
  stop = new AbortController();
  const sender = new Sender(
    { current: async () => keyring ?? refresh(), newest: refresh },
    line,
    {
      sealing: () => tell({ kind: "sealing" }),
      sending: (bytes, whole, long) => tell({ kind: "sending", bytes, whole, long }),
      working: () => tell({ kind: "working" }),
      retrying: (seconds) => tell({ kind: "retrying", seconds }),
    },
    stop.signal,
    async () => (await extra((seconds) => tell({ kind: "retrying", seconds }))).Upload,
  );
  await sender.send({
    pack: async (id, { serial }) => {
      const report = { id, origin, keyring: serial, questionnaire, language, day: today, answers, replyTo: back };
      return packed(report, await attach(files, async (file) => (await extra()).clean(file)));
    },
    check: () => checkSame(files),
  });
  tell({ kind: "received", code: grouped(code) });
}

/** What files need, by a script that is fetched when it is first wanted. */
async function extra(retrying: (seconds: number) => void = () => undefined): Promise<Extra> {
  const loaded = self as unknown as { readonly extra?: Extra; importScripts(path: string): void };
  for (let tries = 0; !loaded.extra; tries++) {
    try {
      loaded.importScripts(setting.cleaner);
    } catch {
      retrying(growing(tries));
      await line.pause(growing(tries));
    }
  }
  return loaded.extra;
}

async function look({ number, file }: ToWorker & { readonly kind: "look" }): Promise<void> {
  try {
    tell({ kind: "looked", number, cleanable: (await (await extra()).clean(file)) !== null });
  } catch (error) {
    if (!Unreadable.is(error)) throw error;
    tell({ kind: "looked", number, cleanable: null });
  }
}

async function prepare(): Promise<void> {
  checkRandom();
  await refresh();
  tell({ kind: "ready" });
}

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      setting = message.setting;
      return prepare();
    case "today":
      asked = true;
      today = message.day;
      return prepare();
    case "look":
      return look(message);
    case "send":
      return send(message);
    case "stop":
      return stop.abort();
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  obey(data).catch((error: unknown) => {
    tell({ kind: "refused", reason: Refusal.is(error) ? error.reason : "fault" });
  });
};
