/**
 * The files of a report: looked at by the worker, and listed with what the witness wants done with each. The page holds
 * no byte of them, only the browser's handles. A script of its own, with its words before it (picking.ts loads it).
 */

import type { Chosen } from "./attach.ts";
import type { ToWorker } from "./messages.ts";
import { Pace } from "./pace.ts";
import { element, show } from "./view.ts";

/** No report carries more (package.py). */
const MOST = 99;

/** `choice`: hidden data can be removed. `kept`: it can't. */
type State = "looking" | "choice" | "kept" | "unreadable";

interface Entry {
  readonly number: number;
  readonly field: string;
  readonly file: File;
  readonly size: number;
  readonly lastModified: number;
  readonly item: HTMLElement;
  state: State;
}

/** The list of a question, the states of sending that only files know, and the band of what takes long. */
interface Words {
  readonly list: string;
  readonly states: string;
  readonly long: string;
}

const megabytes = (bytes: number): string => Math.max(0.1, bytes / 1e6).toFixed(1);

export class Files {
  private entries: Entry[] = [];
  private count = 0;
  private looked: () => void = () => undefined;
  private readonly pace = new Pace();
  private estimated = 0;

  /** `tell` reaches the worker. */
  constructor(
    private readonly form: HTMLFormElement,
    private readonly tell: (message: ToWorker) => void,
  ) {
    const { list, states, long } = self as unknown as Words;
    form.querySelectorAll<HTMLElement>(".pick").forEach((pick) => pick.insertAdjacentHTML("beforebegin", list));
    element("said").insertAdjacentHTML("beforeend", states);
    element("bar").parentElement!.insertAdjacentHTML("afterend", long);
    element("stop").addEventListener("click", () => {
      this.tell({ kind: "stop" });
      show("stopping");
    });
  }

  /** The field of each, in their order. */
  fields(): string[] {
    return this.entries.map(({ field }) => field);
  }

  /** In their order, with what is wanted for each; null when one of them can't be read. Waits until all were looked at. */
  async chosen(): Promise<readonly Chosen[] | null> {
    while (this.entries.some(({ state }) => state === "looking")) await new Promise<void>((done) => (this.looked = done));
    if (this.entries.some(({ state }) => state === "unreadable")) return null;
    return this.entries.map(({ file, size, lastModified, state, item }) => ({
      file,
      size,
      lastModified,
      clean: state === "choice" && item.querySelector<HTMLInputElement>("[value=clean]")!.checked,
      named: item.querySelector<HTMLInputElement>("[type=checkbox]")!.checked,
    }));
  }

  /** What the worker found in the file with this number. */
  hear(number: number, cleanable: boolean | null): void {
    const entry = this.entries.find((one) => one.number === number);
    if (entry) this.enter(entry, cleanable === null ? "unreadable" : cleanable ? "choice" : "kept");
    this.looked();
  }

  /** Asks again for what no worker has answered. */
  ask(): void {
    for (const { number, file, state } of this.entries) {
      if (state === "looking") this.tell({ kind: "look", number, file });
    }
  }

  add(place: HTMLElement, files: readonly File[]): void {
    const room = Math.max(0, MOST - this.entries.length);
    const list = place.querySelector("ul")!;
    for (const file of files.slice(0, room)) {
      const item = place.querySelector("template")!.content.firstElementChild!.cloneNode(true) as HTMLElement;
      const number = ++this.count;
      const { size, lastModified } = file;
      const entry: Entry = { number, field: place.dataset["field"]!, file, size, lastModified, item, state: "looking" };
      item.querySelector(".name")!.textContent = file.name;
      const said = item.querySelector<HTMLElement>(".size")!;
      said.textContent = said.textContent!.replace("{size}", megabytes(size));
      // No name of a field (answers.ts): what is chosen here is no answer.
      item.querySelectorAll<HTMLInputElement>("[type=radio]").forEach((radio) => (radio.name = `-${number}`));
      item.querySelector("fieldset")!.setAttribute("aria-label", file.name);
      const remove = item.querySelector("button")!;
      remove.setAttribute("aria-label", `${remove.textContent!}: ${file.name}`);
      remove.addEventListener("click", () => this.remove(place, entry));
      list.append(item);
      this.entries.push(entry);
      this.enter(entry, "looking");
      this.tell({ kind: "look", number, file });
    }
    place.querySelector<HTMLElement>(".most")!.hidden = files.length <= room;
    this.changed(place);
  }

  /** For what goes in parts: how much has left, for how long it will go on, and the button that ends it. */
  sending(bytes: number, whole: number, long: boolean): void {
    element("long").hidden = !long;
    const now = Date.now();
    if (!long || (now - this.estimated < 1000 && bytes)) return;
    this.estimated = now;
    const left = this.pace.left(bytes, whole, now);
    const minutes = left === null ? 0 : Math.ceil(left / 60);
    const said = element("pace");
    const { sent, hours, ...time } = said.dataset;
    said.textContent = `${sent!} ${!minutes ? "" : minutes > 90 ? hours! : time["minutes"]!}`
      .replace("{sent}", (bytes / 1e6).toFixed(0))
      .replace("{whole}", (whole / 1e6).toFixed(0))
      .replace("{minutes}", String(minutes))
      .replace("{hours}", String(Math.round(minutes / 60)));
  }

  private remove(place: HTMLElement, entry: Entry): void {
    this.entries = this.entries.filter((one) => one !== entry);
    entry.item.remove();
    place.querySelector<HTMLElement>(".most")!.hidden = true;
    place.querySelector<HTMLElement>("[type=file]")!.focus();
    this.looked();
    this.changed(place);
  }

  private enter(entry: Entry, state: State): void {
    entry.state = state;
    entry.item.querySelectorAll<HTMLElement>("[data-file]").forEach((part) => {
      part.hidden = part.dataset["file"] !== state;
    });
  }

  /** Says how many there are, and lets the form know. */
  private changed(place: HTMLElement): void {
    const said = place.querySelector<HTMLElement>(".count")!;
    const size = megabytes(this.entries.reduce((sum, entry) => sum + entry.size, 0));
    said.textContent = this.entries.length
      ? said.dataset["says"]!.replace("{count}", String(this.entries.length)).replace("{size}", size)
      : "";
    this.form.dispatchEvent(new Event("change"));
  }
}

Object.assign(self, { Files });
