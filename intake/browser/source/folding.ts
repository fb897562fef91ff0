/**
 * One spelling for words in any script: Хоруғ, Khorog and horog are all "horog".
 *
 * The same rules as intake/report/folding.py, whose heading tells them; tests/report/folding_vectors.json holds both.
 */

const LATIN = new Map<string, string>([
  ...pairs("абвгғґдеёєзиӣіїйкқлмнопрстуӯўфхҳҷыэ", "abvgggdeeeziiiiykklmnoprstuuufhhjye"),
  ...pairs("qxwıǰ", "khvij"),
  ...pairs("жцчшщюяşšçčž", ["zh", "ts", "ch", "sh", "sh", "yu", "ya", "sh", "sh", "ch", "ch", "zh"]),
  ...pairs("ъь'’‘`´", Array<string>(7).fill("")),
]);

const RULES: readonly (readonly [RegExp, string])[] = [
  [/sch/g, "sh"],
  [/tch/g, "ch"],
  [/kh/g, "h"],
  [/gh/g, "g"],
  [/ph/g, "f"],
  [/dzh|dj|zh/g, "j"],
  [/o[ou]/g, "u"],
  [/ee/g, "i"],
  [/y*([aeiou])y*/g, "$1"],
  [/^(?=(?:(.)\1*(?!\1)){6})(.{3,}?)(?:ova?|eva?|zoda?|ion|ien|far|pur)$/u, "$2"],
  [/dz/g, "j"],
  [/(.)\1+/gu, "$1"],
  [/y/g, "i"],
];
const LONGEST = 64;

function pairs(from: string, to: Iterable<string>): [string, string][] {
  const latin = Array.from(to);
  return Array.from(from, (letter, at) => [letter, latin[at]!]);
}

const latin = (text: string): string => text.toLowerCase().replace(/[^]/gu, (letter) => LATIN.get(letter) ?? letter);
const kept = (text: string): string => text.replace(/[\p{M}\p{Cf}\p{Lm}]/gu, "").replace(/[^\p{L}\p{N}]/gu, " ");
const long = (word: string): boolean => Array.from(word).length > LONGEST;

function foldWord(word: string): string {
  const folded = RULES.reduce((text, [rule, by]) => text.replace(rule, by), word);
  return folded === word ? word : foldWord(folded);
}

function keyOf(word: string): string {
  const key = foldWord(word.replace(/u/g, "o").replace(/e/g, "i").replace(/(.)\1+/gu, "$1"));
  return key === word ? word : keyOf(key);
}

/** Each word of the text folded, in the order of the text. */
export function words(text: string): string[] {
  const plain = kept(latin(kept(latin(text.normalize("NFC")).normalize("NFD"))));
  return plain
    .split(" ")
    .filter(Boolean)
    .map((word) => (long(word) ? word : foldWord(word)));
}

/** What finds each word: the fold with u as o and e as i. */
export const keys = (text: string): string[] => words(text).map((word) => (long(word) ? word : keyOf(word)));
