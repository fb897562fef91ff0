/** The places of the form in one file: one table for all its languages (`Gazetteer.table` in intake/report/places.py). */

import { keys } from "../folding.ts";

/** The names that have a word which no name before them has; `shown` comes first. */
function others(shown: string, names: readonly string[]): string[] {
  const covered = new Set(keys(shown));
  const known = names.map((name) => ({ name, words: keys(name) }));
  return known
    .sort((a, b) => b.words.length - a.words.length)
    .filter(({ words }) => words.filter((word) => !covered.has(word)).map((word) => covered.add(word)).length)
    .map(({ name }) => name);
}

/** What the page is given in this language (`Gazetteer.suggestions`). */
export function placesIn(table: string, language: string): string {
  const [heading, ...lines] = table.split("\n").map((line) => line.split("|"));
  return lines
    .map(([id, around, ...names]) => {
      const shown = names[heading!.indexOf(language)] || names[heading!.indexOf("en")]!;
      return [id, around, shown, ...others(shown, names)].join("|");
    })
    .join("\n");
}
