/**
 * Opens the form in one file in one of its languages (intake/drop/carried.py writes the file).
 *
 * What all languages share stands in the file once, with a slot for every text that differs. Another language is
 * another page: its script starts anew, and what was written so far goes along.
 */

interface Language {
  readonly title: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

interface Given {
  readonly places: string;
  readonly sending: string;
  readonly note: string;
}

/** The page's script, wrapped by the build so that it can start again. */
declare function fill(given: Given): void;

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
type Written = readonly [name: string, value: string];

const text = (id: string): string => document.getElementById(id)!.textContent!.slice(1);
const { rules, languages } = JSON.parse(text("words")) as { rules: string[]; languages: Record<string, Language> };
const note = text("keyring");

/** The page, the part below the form, and the places: written out again from their shorthand (drop/shorthand.py). */
const sheets = rules.reduceRight((short, rule) => short.split(rule[0]!).join(rule.slice(1)), text("sheets")).split("¦");

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
  const { title, attributes, words } = languages[code]!;
  const kept = written();
  const [page, sending, places] = sheets.map((sheet) => sheet.replace(/¤(\d+);/g, (_, at: string) => words[Number(at)]!));
  for (const name of Object.keys(attributes)) document.documentElement.setAttribute(name, attributes[name]!);
  document.title = title;
  document.body.innerHTML = page!;
  fill({ places: places!, sending: sending!, note });
  rewrite(kept);
  document.querySelectorAll<HTMLAnchorElement>("nav a").forEach((link) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(link.lang);
    }),
  );
}

show(Object.keys(languages)[0]!);
