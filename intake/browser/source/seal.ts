/** The worker: believes a keyring, seals the report to its reviewers, and hands it to the drop. */

import "./older.ts";
import { seal } from "./age.ts";
import type { Answer } from "./answers.ts";
import { hex, random } from "./bytes.ts";
import { drawCode, grouped, openCode, replyTo } from "./code.ts";
import { believe, type Keyring } from "./keyring.ts";
import type { Setting, ToPage, ToWorker } from "./messages.ts";
import { pack } from "./package.ts";
import { deliver, growing, pause } from "./post.ts";
import { Refusal } from "./refusal.ts";

/** A keyring that changes under our hands more often than this is no honest rotation. */
const RESEALS = 3;

const tell = (message: ToPage): void => postMessage(message);

let setting: Setting;
let today = new Date().toISOString().slice(0, 10);
let asked = false;
let keyring: Keyring | null = null;
let seen: Keyring | undefined;

async function fetchNote(): Promise<Uint8Array> {
  for (let tries = 0; ; tries++) {
    try {
      const answer = await fetch("/keyring.note", { cache: "no-store", credentials: "omit", redirect: "error" });
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    } catch {
      // No connection is the common case here, not an error: wait and try again.
    }
    tell({ kind: "loading", unreachable: true });
    await pause(growing(tries));
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

/**
 * Seals and delivers. The id stays the same when the keyring changed in between: if other bytes then stand under it,
 * they are this very report from a try whose answer was lost.
 */
async function send(answers: Readonly<Record<string, Answer>>): Promise<void> {
  const id = hex(random(16));
  const code = drawCode();
  const back = replyTo(openCode(code, setting.origin));
  let current = keyring ?? (await refresh());
  for (let seals = 0; seals < RESEALS; seals++) {
    tell({ kind: "sealing" });
    const { origin, questionnaire, language } = setting;
    const plain = pack({ id, origin, keyring: current.serial, questionnaire, language, day: today, answers, replyTo: back });
    const body = seal(plain, current.reviewers);
    const verdict = await deliver(id, body, current.serial, {
      sending: (share) => tell({ kind: "sending", share }),
      working: () => tell({ kind: "working" }),
      retrying: (seconds) => tell({ kind: "retrying", seconds }),
    });
    if (verdict === "stored" || (verdict === "clash" && seals > 0)) {
      tell({ kind: "received", code: grouped(code) });
      return;
    }
    if (verdict === "clash") throw new Refusal("fault");
    const before = current.serial;
    current = await refresh();
    if (current.serial <= before) throw new Refusal(verdict === "closed" ? "closed" : "fault");
  }
  throw new Refusal("fault");
}

async function prepare(): Promise<void> {
  checkRandom();
  await refresh();
  tell({ kind: "ready" });
}

async function obey(message: ToWorker): Promise<void> {
  if (message.kind === "begin") {
    tell({ kind: "loading", unreachable: false });
    setting = message.setting;
    await prepare();
  } else if (message.kind === "today") {
    asked = true;
    today = message.day;
    await prepare();
  } else {
    await send(message.answers);
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  obey(data).catch((error: unknown) => {
    tell({ kind: "refused", reason: error instanceof Refusal ? error.reason : "fault" });
  });
};
