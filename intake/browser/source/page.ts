/** The page: collects answers, hands them to the sealing worker, and says what happens. It knows no cryptography. */

import { type Answer, answersOf, type Kind, type Pair } from "./answers.ts";
import { armPlaces } from "./combobox.ts";
import { armExit } from "./exit.ts";
import { Files } from "./files.ts";
import { Followups } from "./followups.ts";
import { cleaner, files as markup } from "./given.ts";
import { growing } from "./line.ts";
import type { Setting, ToPage, ToWorker } from "./messages.ts";
import { armRows } from "./rows.ts";
import { element, progress, show, showReceived } from "./view.ts";

const root = document.documentElement.dataset as Readonly<Record<string, string>>;
const form = element<HTMLFormElement>("form");
let worker: Worker | undefined;
const tell = (message: ToWorker): void => worker?.postMessage(message);
const files = new Files(form, markup, tell);

/**
 * On the controls themselves, so that a field's type is written once: in the questionnaire. Read before any question
 * moves: answers keep the questionnaire's order.
 */
const kinds = new Map(
  Array.from(form.querySelectorAll<HTMLElement>("[data-field]"), ({ dataset }) => [
    dataset["field"]!,
    dataset["type"] as Kind,
  ]),
);

/** What the plain form would post, pair by pair; of files, their numbers. */
function pairs(): Pair[] {
  const found: Pair[] = files.pairs();
  new FormData(form).forEach((value, name) => {
    if (typeof value === "string") found.push([name, value]);
  });
  return found;
}

const followups = new Followups(form);
const held = (): Record<string, Answer> => answersOf(kinds, pairs());
const answers = (): Readonly<Record<string, Answer>> => followups.seen(held());
const written = (): boolean => form.isConnected && Object.keys(held()).length > 0;

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (!written()) return;
  event.preventDefault();
  event.returnValue = "";
}

const disarm = (): void => removeEventListener("beforeunload", askBeforeLeaving);

function setting(): Setting {
  return {
    origin: root["origin"]!,
    roots: root["roots"]!.split(" "),
    threshold: Number(root["threshold"]),
    questionnaire: { name: root["questionnaire"]!, version: root["version"]!, sha256: root["sha256"]! },
    language: root["language"]!,
    cleaner,
  };
}

/** Nothing may be typed while a report is on its way: what is sent is what is seen. */
function freeze(frozen: boolean): void {
  form.inert = frozen;
  form.querySelectorAll<HTMLFieldSetElement>("fieldset").forEach((set) => {
    set.disabled = frozen;
  });
}

function hear(message: ToPage): void {
  switch (message.kind) {
    case "loading":
      return show(message.unreachable ? "unreachable" : "loading");
    case "refused":
      freeze(false);
      return show(message.reason);
    case "sending":
      progress(message.bytes, message.whole, message.long);
      return show("sending");
    case "looked":
      return files.hear(message.number, message.cleanable);
    case "ready":
      files.ask();
      return show("ready");
    case "received":
      disarm();
      worker?.terminate();
      return showReceived(form, message.code);
    default:
      return show(message.kind);
  }
}

async function send(): Promise<void> {
  if (element<HTMLButtonElement>("send").disabled) return;
  const given = answers();
  if (!Object.keys(given).length) return show("empty");
  show("sealing");
  freeze(true);
  const chosen = await files.chosen();
  if (!chosen) return hear({ kind: "refused", reason: "unreadable" });
  tell({ kind: "send", answers: given, files: chosen });
}

/** Opera Mini's extreme mode runs scripts on Opera's servers: text typed there is already not this device's alone. */
const remote = Object.prototype.toString.call((window as { operamini?: unknown }).operamini) === "[object OperaMini]";

armRows(form, armPlaces); // before armPlaces: a new row is a copy of one that nothing was added to
armPlaces(form);
addEventListener("beforeunload", askBeforeLeaving);
form.addEventListener("change", () => followups.follow(held()));
form.addEventListener("submit", (event) => event.preventDefault());
armExit(element<HTMLAnchorElement>("exit"), form, disarm);
element("send").addEventListener("click", () => void send());
element("stop").addEventListener("click", ({ target }) => {
  if ((target as Element).closest("[hidden]")) return;
  tell({ kind: "stop" });
  show("stopping");
});
element("dated").addEventListener("click", () => {
  const day = element<HTMLInputElement>("today").value;
  if (/^\d{4}-\d{2}-\d{2}$/.test(day)) tell({ kind: "today", day });
});

/**
 * A worker that fails before its first word never came whole, which is an event without a message in any browser, or
 * can't run here. It is asked for again, like any answer.
 */
function begin(tries = 0): void {
  let heard = false;
  worker = new Worker(root["seal"]!);
  worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
    heard = true;
    hear(data);
  };
  worker.onerror = (event) => {
    if (heard) return hear({ kind: "refused", reason: "fault" });
    show(event instanceof ErrorEvent ? "random" : "unreachable");
    setTimeout(begin, growing(tries) * 1000, tries + 1);
  };
  tell({ kind: "begin", setting: setting() });
}

if (remote) show("remote");
else begin();
