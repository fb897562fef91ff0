/** The worker of the page for coming back: from the code to the answer, and from what is added to a sealed report. */

import "./older.ts";
import type { Answer } from "./answers.ts";
import { fromHex } from "./bytes.ts";
import { type Holder, openCode, replyTo } from "./code.ts";
import { Identity } from "./opened.ts";
import { packed } from "./package.ts";
import { growing, line } from "./line.ts";
import { later } from "./loading.ts";
import { Refusal } from "./refusal.ts";
import { Doubtful, type Reply, SEALED_SIZE, verify } from "./reply.ts";
import { Sender } from "./sending.ts";
import type { Here, ToPage, ToWorker } from "./talk.ts";
import { checkRandom, Visit } from "./visit.ts";

const tell = (message: ToPage): void => postMessage(message);

let here: Here;
let visit: Visit;
let holder: Holder;
let identity: Identity;
/** The newest that this visit has seen: a drop that shows an older one after it holds something back. */
let newest = 0;

/** The one length of every answer: a byte that says whether a reply follows, then the reply or a filler. */
async function ask(): Promise<Uint8Array> {
  const body = fromHex(holder.mailbox) as BufferSource & Uint8Array<ArrayBuffer>;
  for (let tries = 0; ; tries++) {
    try {
      const answer = await fetch("/mailbox", {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
      });
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    } catch {
      // As with the keyring: no connection is the common case.
    }
    tell({ kind: "loading", unreachable: true });
    await line.pause(growing(tries));
    tell({ kind: "opening" });
  }
}

function believed(sealed: Uint8Array, keyring: Parameters<typeof verify>[2]): Reply {
  return verify(sealed, identity, keyring, holder.mailbox, visit.today);
}

async function look(): Promise<void> {
  tell({ kind: "opening" });
  const said = await ask();
  if (said.length !== 1 + SEALED_SIZE) throw new Refusal("fault");
  if (!said[0]) return tell({ kind: "nothing" });
  try {
    const reply = believed(said.subarray(1), await visit.newest());
    if (reply.number < newest) return tell({ kind: "doubt", doubt: "earlier" });
    newest = reply.number;
    tell({ kind: "reply", reply });
  } catch (error) {
    if (!(error instanceof Doubtful)) throw error;
    tell({ kind: "doubt", doubt: error.doubt });
  }
}

/** A report like any other, which names the mailbox of its code: that is how the desk joins it to the first. */
async function send(answers: Readonly<Record<string, Answer>>): Promise<void> {
  const back = replyTo(holder);
  const retrying = (): void => tell({ kind: "retrying" });
  const progress = {
    sealing: () => tell({ kind: "sealing" }),
    sending: (bytes: number, whole: number) => tell({ kind: "sending", share: bytes / whole }),
    working: () => tell({ kind: "working" }),
    retrying,
  };
  await new Sender(visit, line, progress, () => later(retrying)).send({
    pack: (id, { serial }) => {
      const { origin, questionnaire, language } = here;
      const report = { id, origin, keyring: serial, questionnaire, language, day: visit.today, answers };
      return packed({ ...report, replyTo: back, inReplyTo: back.mailbox });
    },
  });
  tell({ kind: "received" });
}

async function prepare(): Promise<void> {
  checkRandom();
  await visit.newest();
  tell({ kind: "ready" });
}

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      tell({ kind: "loading", unreachable: false });
      here = message.here;
      visit = new Visit(here, () => tell({ kind: "loading", unreachable: true }));
      return prepare();
    case "today":
      visit.date(message.day);
      return prepare();
    case "open":
      tell({ kind: "opening" });
      holder = openCode(message.digits, here.origin);
      identity = new Identity(holder.seed);
      newest = 0;
      return look();
    case "again":
      return look();
    case "send":
      return send(message.answers);
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  obey(data).catch((error: unknown) => {
    tell({ kind: "refused", reason: Refusal.is(error) ? error.reason : "fault" });
  });
};
