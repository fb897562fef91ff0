/** More people, or more places held: as many rows as are needed. Without scripts there are three, and a box below. */

import { words } from "./view.ts";

const ROW = "[data-row]";

/** A button after the last row of each list; `arm` gets every row that it makes. */
export function armRows(form: HTMLFormElement, arm: (row: HTMLElement) => void): void {
  form.querySelectorAll<HTMLElement>('[data-type="person_list"], [data-type="place_list"]').forEach((list) => {
    let last = Array.from(list.querySelectorAll<HTMLElement>(ROW)).pop()!;
    const blank = last.cloneNode(true) as HTMLElement;
    const add = document.createElement("button");
    add.type = "button";
    add.className = "add";
    add.textContent = words(list.dataset["type"] === "person_list" ? "person" : "place");
    add.addEventListener("click", () => {
      const row = numbered(blank, Number(last.dataset["row"]) + 1);
      last.after(row);
      last = row;
      arm(row);
      row.querySelector("input")!.focus();
    });
    last.after(add);
  });
}

/** A copy of an empty row under another number: in its names, and where its first label says it. */
function numbered(blank: HTMLElement, number: number): HTMLElement {
  const row = blank.cloneNode(true) as HTMLElement;
  const before = row.dataset["row"]!;
  row.dataset["row"] = String(number);
  row.querySelectorAll("input").forEach((input) => {
    input.name = input.name.replace(`.${before}.`, `.${number}.`);
  });
  const label = row.querySelector("label")!.firstChild!;
  label.nodeValue = label.nodeValue!.replace(before, String(number));
  return row;
}
