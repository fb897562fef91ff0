/**
 * A box for a place that suggests those the page knows: ARIA's editable combobox with a list
 * (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). What is typed always stands; a place that was chosen adds its
 * id, as long as the text still begins with its name.
 */

import { places } from "./given.ts";
import { type Place, readPlaces, suggest } from "./places.ts";
import { hidden, say, words } from "./view.ts";

/** Read when it is first needed, once for all boxes. */
let known: ReturnType<typeof readPlaces> | undefined;
let boxes = 0;

class Combobox {
  private readonly list = document.createElement("ul");
  private readonly id: HTMLInputElement;
  private chosen: Place | undefined;
  private offered: readonly Place[] = [];
  private active = -1;

  constructor(private readonly input: HTMLInputElement) {
    const { list } = this;
    list.id = `places-${++boxes}`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", words("places"));
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    this.id = hidden(input.name.replace(/text$/, "id"));
    (input.closest("label") ?? input).after(list, this.id);
    this.offer([]);
    input.addEventListener("input", () => this.typed());
    input.addEventListener("keydown", (event) => this.pressed(event));
    input.addEventListener("blur", () => this.offer([]));
    // A press on the list must not take the focus from the box, or the list would be gone before the click.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      this.choose(this.offered[Array.from(list.children).findIndex((option) => option.contains(target as Node))]);
    });
  }

  private typed(): void {
    const text = this.input.value;
    const name = this.chosen?.name;
    if (name && text.startsWith(name) && !/^[\p{L}\p{M}\p{N}]/u.test(text.slice(name.length))) return;
    this.mark(undefined);
    this.suggest();
  }

  private suggest(): void {
    known ??= readPlaces(places);
    const before = this.offered.length;
    this.offer(suggest(known, this.input.value));
    if (this.offered.length && this.offered.length !== before) say("places", String(this.offered.length));
  }

  private mark(place: Place | undefined): void {
    this.chosen = place;
    this.id.value = place?.id ?? "";
  }

  private choose(place: Place | undefined): void {
    if (!place) return;
    this.input.value = place.name;
    this.mark(place);
    this.offer([]);
  }

  private offer(offered: readonly Place[]): void {
    this.offered = offered;
    this.list.textContent = "";
    offered.forEach(({ name, around }, at) => {
      const option = document.createElement("li");
      option.id = `${this.list.id}-${at}`;
      option.setAttribute("role", "option");
      option.append(name, document.createElement("small"));
      option.lastElementChild!.textContent = around;
      this.list.append(option);
    });
    this.list.hidden = !offered.length;
    this.input.setAttribute("aria-expanded", String(offered.length > 0));
    this.move(-1);
  }

  private move(to: number): void {
    this.active = to;
    Array.from(this.list.children).forEach((option, at) => option.setAttribute("aria-selected", String(at === to)));
    const option = this.list.children[to];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  private pressed(event: KeyboardEvent): void {
    const count = this.offered.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!count) this.suggest();
      else this.move((this.active + (event.key === "ArrowDown" ? 1 : count + (this.active < 0 ? 0 : -1))) % count);
    } else if (event.key === "Enter" && this.active >= 0) this.choose(this.offered[this.active]);
    else if (event.key === "Escape" && count) this.offer([]);
    else return;
    event.preventDefault();
  }
}

/** Every box for a place within `part`. */
export function armPlaces(part: ParentNode): void {
  part
    .querySelectorAll<HTMLInputElement>('[data-type="place"] input, input[name$=".place.text"]')
    .forEach((input) => new Combobox(input));
}
