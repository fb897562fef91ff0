/**
 * The files of a report: chosen, taken with the camera, recorded or dropped; looked at by the worker, and listed with
 * what the witness wants done with each. The page holds no byte of them, only the browser's handles.
 */

import type { Pair } from "./answers.ts";
import type { Chosen } from "./attach.ts";
import type { ToWorker } from "./messages.ts";

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

const megabytes = (bytes: number): string => Math.max(0.1, bytes / 1e6).toFixed(1);

export class Files {
  private entries: Entry[] = [];
  private count = 0;
  private looked: () => void = () => undefined;

  /** `markup` is put into every question for files; `tell` reaches the worker. */
  constructor(
    private readonly form: HTMLFormElement,
    markup: string,
    private readonly tell: (message: ToWorker) => void,
  ) {
    const places = Array.from(form.querySelectorAll<HTMLElement>('[data-type="file_list"]'));
    for (const place of places) {
      place.insertAdjacentHTML("beforeend", markup);
      place.querySelectorAll<HTMLInputElement>("input[type=file]").forEach((input) => {
        input.addEventListener("change", () => {
          this.add(place, Array.from(input.files ?? []));
          // So that the same file may be chosen again after it was removed.
          input.value = "";
        });
      });
    }
    // Wherever a file is dropped: a browser that opened it would leave the page, and the text.
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      const over = places.find((place) => place.contains(event.target as Node)) ?? places[0];
      if (over && form.isConnected && !form.inert) this.add(over, Array.from(event.dataTransfer?.files ?? []));
    });
  }

  /** What the fields for files hold, as a form would say it: the numbers of their files. */
  pairs(): Pair[] {
    return this.entries.map(({ field }, index) => [field, String(index + 1)]);
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

  private add(place: HTMLElement, files: readonly File[]): void {
    const room = Math.max(0, MOST - this.entries.length);
    const list = place.querySelector("ul")!;
    for (const file of files.slice(0, room)) {
      const item = place.querySelector("template")!.content.firstElementChild!.cloneNode(true) as HTMLElement;
      const number = ++this.count;
      const entry: Entry = {
        number,
        field: place.dataset["field"]!,
        file,
        size: file.size,
        lastModified: file.lastModified,
        item,
        state: "looking",
      };
      item.querySelector(".name")!.textContent = file.name;
      const size = item.querySelector<HTMLElement>(".size")!;
      size.textContent = size.textContent!.replace("{size}", megabytes(file.size));
      item.querySelectorAll<HTMLInputElement>("[type=radio]").forEach((radio) => (radio.name = `file.${number}`));
      const remove = item.querySelector("button")!;
      remove.setAttribute("aria-label", `${remove.textContent!}: ${file.name}`);
      remove.addEventListener("click", () => this.remove(place, entry));
      list.append(item);
      this.entries.push(entry);
      this.enter(entry, "looking");
      this.tell({ kind: "look", number, file });
    }
    place.closest("details")?.setAttribute("open", "");
    place.querySelector<HTMLElement>(".most")!.hidden = files.length <= room;
    this.changed(place);
  }

  private remove(place: HTMLElement, entry: Entry): void {
    this.entries = this.entries.filter((one) => one !== entry);
    entry.item.remove();
    place.querySelector<HTMLElement>(".most")!.hidden = true;
    place.querySelector<HTMLElement>("input[type=file]")!.focus();
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
