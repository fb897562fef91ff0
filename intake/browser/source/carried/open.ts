/**
 * Opens the form in one file in one of its languages (intake/drop/carried.py writes the file).
 *
 * What all languages share stands in the file once, with a slot for every text that differs. Another language is
 * another page: its script starts anew, and what was written so far goes along.
 */

interface Given {
  readonly places: string;
  readonly sending: string;
  readonly note: string;
}

type Five = readonly [string, string, string, string, string];

/** The page's script, wrapped by the build so that it can start again. */
declare function fill(given: Given): void;

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
type Written = readonly [name: string, value: string];

const text = (id: string): string => document.getElementById(id)!.textContent!.slice(1);
const note = text("keyring");
const [codes, tag, page, sending, places, ...words] = text("sheets").split("¦") as [...Five, ...string[]];
const languages = codes.split(" ");

const form = (): HTMLFormElement | null => document.querySelector("form");
const named = (): Control[] => Array.from(form()?.querySelectorAll<Control>("[name]") ?? []);
const ticks = (control: Control): control is HTMLInputElement => /^(checkbox|radio)$/.test(control.type);

function written(): Written[] {
  const kept = named().filter((one) => one.type !== "hidden" && one.value && (!ticks(one) || one.checked));
  return kept.map(({ name, value }) => [name, value]);
}

/** Puts back what was written; what has no field yet is kept in one that is not seen. */
function rewrite(pairs: readonly Written[]): void {
  const empty = named().filter((one) => one.type !== "hidden");
  for (const [name, value] of pairs) {
    const at = empty.findIndex((one) => one.name === name && (!ticks(one) || one.value === value));
    let [control] = at < 0 ? [] : empty.splice(at, 1);
    if (!control) {
      control = document.createElement("input");
      control.type = "hidden";
      control.name = name;
      form()!.append(control);
    }
    if (ticks(control)) control.checked = true;
    else control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function show(code: string): void {
  const count = words.length / languages.length;
  const said = words.slice(languages.indexOf(code) * count);
  let next = 0;
  const filled = (sheet: string): string => sheet.replace(/¤|¬(\d+);/g, (_, known?: string) => said[known ? Number(known) : next++]!);
  const kept = written();
  const holder = document.createElement("div");
  holder.innerHTML = `<p ${filled(tag)}>`;
  Array.from(holder.firstElementChild!.attributes, ({ name, value }) => document.documentElement.setAttribute(name, value));
  document.title = document.documentElement.dataset["title"]!;
  document.body.innerHTML = filled(page);
  fill({ places, sending: filled(sending), note });
  rewrite(kept);
  document.querySelectorAll<HTMLAnchorElement>("nav a").forEach((link) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(link.lang);
    }),
  );
}

show(languages[0]!);
