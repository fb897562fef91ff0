/**
 * Answers: from the names and values of a form to the shapes that desk, statement and exports share.
 *
 * The same rules as intake/report/answers.py, whose heading tells them; tests/report/form_vectors.json holds both to them.
 */

import { buildDate, depth, readDate, YEAR } from "./dates.ts";
import { Refusal } from "./refusal.ts";

export type Answer = unknown;
export type Pair = readonly [name: string, value: string];

/** The values of one field by the rest of their name: "" for the bare id, "1.name", "text". */
type Group = ReadonlyMap<string, readonly string[]>;

type Found = Record<string, Answer>;

const TEXT_LENGTH = 100_000;
const FIELD = /^[a-z][a-z0-9_]{0,63}$/;
const ROW = /^([1-9][0-9]{0,3})(?:\.([^]+))?$/;
const AGE = /^([0-9]{1,2}|1[0-2][0-9]|130)$/;
const TIME = /^([01]?[0-9]|2[0-3]):([0-5][0-9])$/;

const strip = (text: string): string => text.replace(/^[ \t\n\r\u00a0]+|[ \t\n\r\u00a0]+$/g, "");
const joined = (parts: readonly string[]): string => parts.filter(Boolean).join("\n");
const split = (at: RegExp, text: string): string[] => text.split(at).map(strip).filter(Boolean);

function clean(value: string, limit: number): string {
  const lines = value.replace(/[\ud800-\udfff]/gu, "\ufffd").replace(/\r\n?/g, "\n");
  const text = strip(lines.normalize("NFC"));
  if (text.length > limit && Array.from(text).length > limit) throw new Refusal("large");
  return text;
}

function first(group: Group, ...names: readonly string[]): string {
  for (const name of names) {
    const values = group.get(name);
    if (values?.length) return values[0]!;
  }
  return "";
}

const values = (group: Group, name: string): readonly string[] => group.get(name) ?? [];
const every = (group: Group): string[] => Array.from(new Set(values(group, "")));
const text = (group: Group): string => first(group, "");
const lines = (texts: readonly string[]): string[] => texts.flatMap((one) => split(/\n/, one));
const more = (group: Group): string[] => lines([...values(group, "more"), ...values(group, "")]);
const age = (spelled: string): Answer => (AGE.test(spelled) ? Number(spelled) : spelled);

/** The numbered rows of a list in their order, each a group of its own. */
function rows(group: Group): Group[] {
  const found = new Map<number, Map<string, readonly string[]>>();
  group.forEach((given, name) => {
    const [, number, rest = ""] = ROW.exec(name) ?? [];
    if (!number) return;
    const row = found.get(Number(number)) ?? new Map<string, readonly string[]>();
    found.set(Number(number), row.set(rest, given));
  });
  return Array.from(found)
    .sort(([a], [b]) => a - b)
    .map(([, row]) => row);
}

/** The part of a row under `name`, its own bare value included. */
function below(row: Group, name: string): Group {
  const found = new Map<string, readonly string[]>();
  row.forEach((given, key) => {
    if (key === name) found.set("", given);
    else if (key.startsWith(`${name}.`)) found.set(key.slice(name.length + 1), given);
  });
  return found;
}

function yearOrAge(group: Group): Answer {
  const either = text(group);
  let [year, years] = [first(group, "year"), first(group, "age")];
  if (either && !year && !years) [year, years] = YEAR.test(either) ? [either, ""] : ["", either];
  const found: Found = {};
  if (YEAR.test(year)) found["year"] = Number(year);
  if (AGE.test(years)) found["age"] = Number(years);
  return Object.keys(found).length ? found : joined([year, years]);
}

function textDate(group: Group): Answer {
  const [words, spelled] = [first(group, "text", ""), first(group, "date")];
  const date = readDate(spelled);
  if (!words && !spelled) return null;
  return date ? { text: words, date } : { text: joined([words, spelled]) };
}

function place(group: Group): Answer {
  const [words, id] = [first(group, "text", ""), first(group, "id")];
  if (id) return { id, text: words };
  return words ? { text: words } : null;
}

function fuzzyDate(group: Group): Found | null {
  const parts = ["year", "month", "day"].map((name) => [name, first(group, name)] as const);
  const spelled = first(group, "date", "");
  const left = [first(group, "text")];
  let date = readDate(spelled);
  let unused = parts;
  if (!date) {
    left.push(spelled);
    date = buildDate(parts[0]![1], parts[1]![1], parts[2]![1]);
    unused = parts.slice(depth(date));
  }
  const words = joined([...left, ...unused.map(([name, value]) => value && `${name}: ${value}`)]);
  const precision = first(group, "precision");
  if (!precision && !date && !words) return null;
  const found: Found = { precision: precision || ["unknown", "year", "month", "exact"][depth(date)] };
  if (date) found["date"] = date;
  if (words) found["text"] = words;
  return found;
}

function fuzzyDateTime(group: Group): Answer {
  const [time, zone] = [first(group, "time"), first(group, "zone")];
  const read = TIME.exec(time);
  const date = fuzzyDate(group);
  if (!date && !time && !zone) return null;
  const { text: words = "", ...found } = date ?? { precision: "unknown" };
  if (read) found["time"] = `${read[1]!.padStart(2, "0")}:${read[2]!}`;
  if (zone) found["zone"] = zone;
  const kept = joined([words as string, time && !read ? `time: ${time}` : ""]);
  if (kept) found["text"] = kept;
  return found;
}

function stays(group: Group): Answer {
  const found: Found[] = [];
  for (const row of rows(group)) {
    const [where, from, to] = [place(below(row, "place")), fuzzyDate(below(row, "from")), fuzzyDate(below(row, "to"))];
    if (!where && !from && !to) continue;
    found.push({ place: where ?? { text: "" }, ...(from && { from }), ...(to && { to }) });
  }
  return [...found, ...more(group).map((line) => ({ place: { text: line } }))];
}

function person(row: Group): Found {
  const found: Found = { name: first(row, "name", "") };
  const years = first(row, "age");
  if (years) found["age"] = age(years);
  const now = first(row, "now");
  if (now) found["now"] = now;
  const other = split(/[,;،؛\n]/, values(row, "other").join("\n"));
  if (other.length) found["other"] = other;
  const note = first(row, "note");
  if (note) found["note"] = note;
  return found;
}

/** A line is name, age and whereabouts only when its second part is an age; else it is a name as it stands. */
function personLine(line: string): Found {
  const [name = "", years = "", ...rest] = line.split(/[,;،؛]/).map(strip);
  if (!name || !AGE.test(years)) return { name: line };
  const now = rest.filter(Boolean).join(", ");
  return now ? { name, age: Number(years), now } : { name, age: Number(years) };
}

function people(group: Group): Answer {
  const known = rows(group)
    .map(person)
    .filter((one) => one["name"] || Object.keys(one).length > 1);
  return [...known, ...more(group).map(personLine)];
}

const SHAPES = {
  multi: every,
  single: text,
  number: (group: Group): Answer => (/^[0-9]{1,9}$/.test(text(group)) ? Number(text(group)) : text(group)),
  year_or_age: yearOrAge,
  text,
  longtext: text,
  text_list: (group: Group): Answer => [
    ...lines(values(group, "")),
    ...rows(group).flatMap((row) => lines(values(row, ""))),
  ],
  textdate: textDate,
  fuzzydate: fuzzyDate,
  fuzzydatetime: fuzzyDateTime,
  place,
  place_list: stays,
  person_list: people,
  file_list: (group: Group): Answer => every(group).map((one) => (/^[1-9][0-9]?$/.test(one) ? Number(one) : one)),
};

export type Kind = keyof typeof SHAPES;

const absent = (answer: Answer): boolean =>
  answer === null || answer === "" || (typeof answer === "object" && Object.keys(answer as object).length === 0);

/**
 * The answers in the order of `kinds` (field id to type), then, as text, those to fields that it doesn't have. Throws
 * `Refusal` for a text of more than `limit` characters.
 */
export function answersOf(kinds: ReadonlyMap<string, Kind>, pairs: Iterable<Pair>, limit = TEXT_LENGTH): Found {
  const groups = new Map<string, Map<string, string[]>>();
  for (const [name, value] of pairs) {
    const [base = "", ...rest] = name.split(".");
    const kept = clean(value, limit);
    if (!FIELD.test(base) || base === "language" || !kept) continue;
    const group = groups.get(base) ?? new Map<string, string[]>();
    groups.set(base, group);
    const under = rest.join(".");
    group.set(under, [...(group.get(under) ?? []), kept]);
  }
  const answers: Found = {};
  kinds.forEach((kind, field) => {
    const group = groups.get(field);
    const answer = group ? SHAPES[kind](group) : null;
    if (!absent(answer)) answers[field] = answer;
  });
  groups.forEach((group, field) => {
    if (!kinds.has(field)) answers[field] = Array.from(group.values()).flat().join("\n");
  });
  return answers;
}
