/** The worker: believes a keyring, seals the report to its reviewers, and hands it to the drop. */

import "./older.ts";
import { checkSame } from "./attach.ts";
import { drawCode, grouped, openCode, replyTo } from "./code.ts";
import { line } from "./line.ts";
import { later } from "./loading.ts";
import type { Setting, ToPage, ToWorker } from "./messages.ts";
import { packed } from "./package.ts";
import { Unreadable } from "./pieces.ts";
import { Refusal } from "./refusal.ts";
import { Sender } from "./sending.ts";
import { checkRandom, Visit } from "./visit.ts";

const tell = (message: ToPage): void => postMessage(message);

let setting: Setting;
let visit: Visit;
let stop = new AbortController();

const retrying = (seconds: number): void => tell({ kind: "retrying", seconds });

async function send({ answers, files }: ToWorker & { readonly kind: "send" }): Promise<void> {
  const { origin, questionnaire, language } = setting;
  const code = drawCode();
  const back = replyTo(openCode(code, origin));
  stop = new AbortController();
  const progress = {
    sealing: () => tell({ kind: "sealing" }),
    sending: (bytes: number, whole: number, long: boolean) => tell({ kind: "sending", bytes, whole, long }),
    working: () => tell({ kind: "working" }),
    retrying,
  };
  const more = (): ReturnType<typeof later> => later(retrying);
  await new Sender(visit, line, progress, more, stop.signal).send({
    pack: async (id, { serial }) => {
      const report = { id, origin, keyring: serial, questionnaire, language, day: visit.today, answers, replyTo: back };
      return packed(report, files.length ? await (await more()).attach(files) : []);
    },
    check: () => checkSame(files),
  });
  tell({ kind: "received", code: grouped(code) });
}

async function look({ number, file }: ToWorker & { readonly kind: "look" }): Promise<void> {
  const { clean } = await later(() => undefined);
  try {
    tell({ kind: "looked", number, cleanable: (await clean(file)) !== null });
  } catch (error) {
    if (!Unreadable.is(error)) throw error;
    tell({ kind: "looked", number, cleanable: null });
  }
}

async function prepare(): Promise<void> {
  checkRandom();
  await visit.newest();
  tell({ kind: "ready" });
}

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      setting = message.setting;
      visit = new Visit(setting, () => tell({ kind: "loading", unreachable: true }));
      return prepare();
    case "today":
      visit.date(message.day);
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
