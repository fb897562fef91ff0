/**
 * Where files are picked, taken, recorded or dropped. All else about them is in a script of its own (files.ts), which
 * comes when there is a first one: a visit without files doesn't pay for it, and what was picked waits for it.
 */

import type { Pair } from "./answers.ts";
import type { Chosen } from "./attach.ts";
import type { Files } from "./files.ts";
import { growing } from "./line.ts";

type Lot = readonly [place: HTMLElement, files: readonly File[]];

export class Picking {
  /** Once its script has come. */
  files: Files | undefined;
  private waiting: readonly Lot[] = [];
  private coming: Promise<Files> | undefined;

  /** `markup` is put into every question for files; `path` is the script's; `open` starts it. */
  constructor(
    form: HTMLFormElement,
    markup: string,
    private readonly path: string,
    private readonly open: (files: typeof Files) => Files,
  ) {
    const places = Array.from(form.querySelectorAll<HTMLElement>('[data-type="file_list"]'));
    for (const place of places) {
      place.insertAdjacentHTML("beforeend", markup);
      place.querySelectorAll<HTMLInputElement>("[type=file]").forEach((input) => {
        input.addEventListener("change", () => {
          this.add([place, Array.from(input.files ?? [])]);
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
      const dropped = Array.from(event.dataTransfer?.files ?? []);
      if (over && dropped.length && form.isConnected && !form.inert) this.add([over, dropped]);
    });
  }

  /** What the fields for files hold, as a form would say it: the numbers of their files. */
  pairs(): Pair[] {
    const fields = this.files?.fields() ?? this.waiting.flatMap(([place, files]) => files.map(() => place.dataset["field"]!));
    return fields.map((field, index) => [field, String(index + 1)]);
  }

  /** In their order, with what is wanted for each; null when one of them can't be read. */
  async chosen(): Promise<readonly Chosen[] | null> {
    return this.coming ? (await this.coming).chosen() : [];
  }

  private add(lot: Lot): void {
    lot[0].closest("details")?.setAttribute("open", "");
    if (this.files) return this.files.add(...lot);
    this.waiting = [...this.waiting, lot];
    const said = lot[0].querySelector<HTMLElement>("[data-waiting]")!;
    said.hidden = false;
    this.coming ??= this.load();
    void this.coming.then(() => (said.hidden = true));
  }

  private async load(): Promise<Files> {
    const here = self as unknown as { readonly Files?: typeof Files };
    for (let tries = 0; !here.Files; tries++) {
      if (tries) await new Promise((done) => setTimeout(done, growing(tries - 1) * 1000));
      await new Promise((done) => {
        const script = document.createElement("script");
        script.onload = script.onerror = done;
        script.src = this.path;
        document.head.append(script);
      });
    }
    this.files = this.open(here.Files);
    for (const lot of this.waiting) this.files.add(...lot);
    return this.files;
  }
}
