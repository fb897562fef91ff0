/** What is sealed: a POSIX (ustar) tar of `report.json`, then zero bytes up to a size class that tells nothing. */

import type { Answer } from "./answers.ts";
import { utf8 } from "./bytes.ts";
import { Refusal } from "./refusal.ts";

/** What stands before sealing; the classes that go by `PUT`. */
export const CLASSES = [16384, 65536, 262144, 1048576] as const;

const BLOCK = 512;

/** The marker of two empty blocks that ends a tar. */
const END = 2 * BLOCK;

export interface Report {
  readonly id: string;
  readonly origin: string;
  readonly keyring: number;
  readonly questionnaire: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly language: string;
  readonly day: string;
  readonly answers: Readonly<Record<string, Answer>>;
}

/** A ustar header for one regular file, with no owner and no time. */
function entry(name: string, size: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (text: string, at: number): void => header.set(utf8(text), at);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0") + "\0";
  put(name, 0);
  put(octal(0o600, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(0, 11), 136);
  put(" ".repeat(8), 148);
  put("0", 156);
  put("ustar\0" + "00", 257);
  put(octal(0, 7), 329);
  put(octal(0, 7), 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(octal(sum, 6) + " ", 148);
  return header;
}

/** The padded plaintext of a report without files; throws `Refusal("large")` when no class holds it. */
export function pack(report: Report): Uint8Array {
  const { id, origin, keyring, questionnaire, language, day, answers } = report;
  const content = utf8(
    JSON.stringify({
      format: "amonat/report/1",
      id,
      origin,
      keyring,
      questionnaire,
      language,
      sealed_by: "browser",
      day,
      answers,
      files: [],
      in_reply_to: null,
      reply_to: null,
    }),
  );
  const size = CLASSES.find((size) => size >= BLOCK + Math.ceil(content.length / BLOCK) * BLOCK + END);
  if (size === undefined) throw new Refusal("large");
  const plain = new Uint8Array(size);
  plain.set(entry("report.json", content.length), 0);
  plain.set(content, BLOCK);
  return plain;
}
