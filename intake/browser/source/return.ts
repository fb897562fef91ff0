/** The page for coming back: asks for the code, shows the answer, takes what is added. It knows no cryptography. */

import { type Answer, answersOf, type Kind, type Pair } from "./answers.ts";
import { digitsOf, GROUP, parseCode } from "./code.ts";
import { armDate } from "./dating.ts";
import { armExit } from "./exit.ts";
import "./given.ts";
import { blame, settle } from "./trouble.ts";
import type { Doubted, ToPage, ToWorker } from "./talk.ts";
import { begin, settingOf } from "./worker.ts";

const root = document.documentElement.dataset as Readonly<Record<string, string>>;
const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const all = <T extends HTMLElement>(selector: string): T[] => Array.from(document.querySelectorAll<T>(selector));

const form = element<HTMLFormElement>("form");
const groups = all<HTMLInputElement>("[data-group]");
let worker: Worker;

const tell = (message: ToWorker): void => worker.postMessage(message);

/** One state at a time, and the controls that go with it. */
function show(state: string): void {
  all("[data-state]").forEach((part) => (part.hidden = part.dataset["state"] !== state));
  all("[data-also]").forEach((part) => {
    const { also, within } = part.dataset;
    part.hidden = !also!.split(" ").includes(state) || (within !== undefined && element(within).hidden);
  });
}

/** What was found in the mailbox takes the place of the question for the code; the rest of the page stays as it is. */
function found(what: "reply" | "nothing" | Doubted): void {
  element("asking").hidden = true;
  element("found").hidden = false;
  all("[data-found]").forEach((part) => (part.hidden = part.dataset["found"] !== what));
  show("opened");
  groups.forEach((group) => (group.value = ""));
  scrollTo(0, 0);
  element("found").focus();
}

/** Nothing may be typed while something is on its way. */
function freeze(frozen: boolean): void {
  form.inert = frozen;
}

/** A code that is pasted or typed on without a pause spreads over the groups that follow. */
function spread(at: number): void {
  const digits = digitsOf(groups[at]!.value);
  if (digits === null || digits.length < GROUP) return;
  for (let i = at; i < groups.length && (i === at || digits.length > (i - at) * GROUP); i++) {
    groups[i]!.value = digits.slice((i - at) * GROUP, (i - at + 1) * GROUP);
    mark(i);
  }
  const next = Math.min(at + Math.floor(digits.length / GROUP), groups.length - 1);
  if (next > at) groups[next]!.focus();
}

const wrong = (group: HTMLInputElement): boolean => digitsOf(group.value)?.length !== GROUP;

/** Says at once which group has not its four digits. */
function mark(at: number): void {
  const group = groups[at]!;
  group.toggleAttribute("aria-invalid", false);
  if (group.value && wrong(group)) group.setAttribute("aria-invalid", "true");
  const short = groups.filter((one) => one.hasAttribute("aria-invalid"));
  if (short.length) {
    element("which").textContent = short.map((one) => one.dataset["group"]).join(", ");
    show("short");
  } else if (groups.every((one) => one.value) && parseCode(typed()) === null) {
    show("slip");
  } else {
    show("ready");
  }
}

const typed = (): string => groups.map((group) => group.value).join(" ");

function open(): void {
  const digits = parseCode(typed());
  if (digits === null) {
    groups.forEach((group, at) => {
      if (!group.value) group.value = " ";
      mark(at);
      group.value = group.value.trim();
    });
    return element("said").scrollIntoView({ block: "nearest" });
  }
  freeze(true);
  show("opening");
  tell({ kind: "open", digits });
}

/** What the plain form would post, without the code. */
function answers(limit?: number): Record<string, Answer> {
  const fields = all<HTMLElement>("[data-field]");
  const kinds = new Map(fields.map(({ dataset }) => [dataset["field"]!, dataset["type"] as Kind]));
  const pairs: Pair[] = [];
  new FormData(form).forEach((value, name) => {
    if (typeof value === "string" && kinds.has(name.split(".")[0]!)) pairs.push([name, value]);
  });
  const given = answersOf(kinds, pairs, limit);
  if (given["change"] !== "consent") delete given["consent"];
  return given;
}

const written = (): boolean => form.isConnected && Object.keys(answers(Infinity)).length > 0;

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (!written()) return;
  event.preventDefault();
  event.returnValue = "";
}

const disarm = (): void => removeEventListener("beforeunload", askBeforeLeaving);

/** Says why it can't go on, and where that can be mended. */
function refuse(state: string): void {
  freeze(false);
  show(state === "date" ? dateState() : state);
  if (state === "empty" || state === "large") blame(element("found"), state);
}

function send(): void {
  settle();
  if (!written()) return refuse("empty");
  try {
    tell({ kind: "send", answers: answers() });
  } catch {
    return refuse("large");
  }
  show("sealing");
  freeze(true);
}

function received(): void {
  disarm();
  worker.terminate();
  const thanks = element("received");
  form.after(thanks);
  form.reset();
  form.remove();
  thanks.hidden = false;
  scrollTo(0, 0);
  thanks.focus({ preventScroll: true });
}

function hear(message: ToPage): void {
  switch (message.kind) {
    case "loading":
      return show(message.unreachable ? "unreachable" : "loading");
    case "ready":
      freeze(false);
      return show("ready");
    case "refused":
      return refuse(message.reason);
    case "nothing":
      freeze(false);
      return found("nothing");
    case "reply":
      freeze(false);
      element("day").textContent = message.reply.day;
      element("number").textContent = String(message.reply.number);
      element("text").textContent = message.reply.text;
      return found("reply");
    case "doubt":
      freeze(false);
      element("text").textContent = "";
      return found(message.doubt);
    case "sending":
      element<HTMLProgressElement>("bar").value = message.share;
      return show("sending");
    case "received":
      return received();
    default:
      return show(message.kind);
  }
}

/** Only who wants to change what may be done is asked what. */
function followChange(): void {
  const consent = document.getElementById("ticks");
  if (consent) consent.hidden = new FormData(form).get("change") !== "consent";
}

addEventListener("beforeunload", askBeforeLeaving);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", followChange);
armExit(element<HTMLAnchorElement>("exit"), form, disarm);
groups.forEach((group, at) => {
  group.addEventListener("input", () => spread(at));
  group.addEventListener("change", () => mark(at));
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter") open();
  });
});
element("open").addEventListener("click", open);
element("again").addEventListener("click", () => {
  freeze(true);
  tell({ kind: "again" });
});
element("send").addEventListener("click", send);
const dateState = armDate((day) => tell({ kind: "today", day }), show);

/** Opera Mini's extreme mode runs scripts on Opera's servers. */
const remote = Object.prototype.toString.call((window as { operamini?: unknown }).operamini) === "[object OperaMini]";
if (remote) show("remote");
else
  begin<ToPage>(root["mailbox"]!, {
    begun: (made) => {
      worker = made;
      tell({ kind: "begin", here: settingOf(root) });
    },
    hear,
    show,
  });
