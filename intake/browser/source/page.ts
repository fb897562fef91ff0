/** The page: collects answers, hands them to the sealing worker, and says what happens. It knows no cryptography. */

import { type Answer, answersOf, type Kind, type Pair } from "./answers.ts";
import { armPlaces } from "./combobox.ts";
import { armDate } from "./dating.ts";
import { armExit } from "./exit.ts";
import { Followups } from "./followups.ts";
import { files, pick } from "./given.ts";
import type { ToPage, ToWorker } from "./messages.ts";
import { Picking } from "./picking.ts";
import { armRows } from "./rows.ts";
import { blame, settle } from "./trouble.ts";
import { element, progress, show, showReceived, type State } from "./view.ts";
import { begin, settingOf } from "./worker.ts";

const root = document.documentElement.dataset as Readonly<Record<string, string>>;
const form = element<HTMLFormElement>("form");
let worker: Worker | undefined;
const tell = (message: ToWorker): void => worker?.postMessage(message);
const picking = new Picking(form, pick, files, (Files) => new Files(form, tell));

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
  const found: Pair[] = picking.pairs();
  new FormData(form).forEach((value, name) => {
    if (typeof value === "string") found.push([name, value]);
  });
  return found;
}

const followups = new Followups(form);
/** All that the form holds, however long. */
const held = (): Record<string, Answer> => answersOf(kinds, pairs(), Infinity);
const written = (): boolean => form.isConnected && Object.keys(held()).length > 0;

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (!written()) return;
  event.preventDefault();
  event.returnValue = "";
}

const disarm = (): void => removeEventListener("beforeunload", askBeforeLeaving);

/** Nothing may be typed while a report is on its way: what is sent is what is seen. */
function freeze(frozen: boolean): void {
  form.inert = frozen;
  form.querySelectorAll<HTMLFieldSetElement>("fieldset").forEach((set) => {
    set.disabled = frozen;
  });
}

/** Says why nothing was sent, and where that can be mended. */
function refuse(state: State): void {
  freeze(false);
  show(state === "date" ? dateState() : state);
  // What is too long may be a file.
  if (state === "empty" || (state === "large" && !picking.pairs().length)) blame(form, state);
}

function hear(message: ToPage): void {
  switch (message.kind) {
    case "loading":
      return show(message.unreachable ? "unreachable" : "loading");
    case "refused":
      return refuse(message.reason);
    case "sending":
      progress(message.bytes / message.whole);
      picking.files?.sending(message.bytes, message.whole, message.long);
      return show("sending");
    case "looked":
      return picking.files?.hear(message.number, message.cleanable);
    case "ready":
      picking.files?.ask();
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
  settle();
  let given: Readonly<Record<string, Answer>>;
  try {
    given = followups.seen(answersOf(kinds, pairs()));
  } catch {
    return refuse("large");
  }
  if (!Object.keys(given).length) return refuse("empty");
  show("sealing");
  freeze(true);
  const chosen = await picking.chosen();
  if (!chosen) return refuse("unreadable");
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
const dateState = armDate((day) => tell({ kind: "today", day }), show);

if (remote) show("remote");
else
  begin<ToPage>(root["seal"]!, {
    begun: (made) => {
      worker = made;
      tell({ kind: "begin", setting: settingOf(root) });
    },
    hear,
    show,
  });
