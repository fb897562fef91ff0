/** The places that the page knows, found by the beginning of any of their names in any script. */

import { keys } from "./folding.ts";

export interface Place {
  readonly id: string;
  readonly name: string;
  /** The name of the place around it, or "". */
  readonly around: string;
}

interface Known extends Place {
  readonly names: readonly (readonly string[])[];
}

/** More than this is no help on a small screen: the next letter makes it fewer. */
const SHOWN = 6;

/** Reads what `Gazetteer.suggestions` wrote: a place a line, its id, the id around it, its name here, other names. */
export function readPlaces(lines: string): Known[] {
  const rows = lines.split("\n").map((line) => line.split("|"));
  const shown = new Map(rows.map(([id, , name]) => [id, name!]));
  return rows.map(([id, around, ...names]) => ({
    id: id!,
    name: names[0]!,
    around: shown.get(around) ?? "",
    names: names.map(keys),
  }));
}

/**
 * Places of which every word typed begins some word, best first: those with a name that begins so, those with one name
 * that holds all words, those whose names do together. Nothing for less than two letters.
 */
export function suggest(places: readonly Known[], typed: string): Place[] {
  const wanted = keys(typed);
  if (wanted.join("").length < 2) return [];
  const begins = (names: readonly string[], word: string): boolean => names.some((name) => name.startsWith(word));
  const rank = ({ names }: Known): number => {
    if (names.some((name) => wanted.every((word, at) => name[at]?.startsWith(word)))) return 0;
    if (names.some((name) => wanted.every((word) => begins(name, word)))) return 1;
    return wanted.every((word) => names.some((name) => begins(name, word))) ? 2 : 3;
  };
  return places
    .map((place, at) => ({ place, at, rank: rank(place) }))
    .filter((one) => one.rank < 3)
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .slice(0, SHOWN)
    .map(({ place }) => place);
}
