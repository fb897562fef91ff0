/** What is sealed: a POSIX (ustar) tar of `report.json` and `files/01`…, then zeros up to a size that tells nothing. */

import type { Answer } from "./answers.ts";
import { utf8 } from "./bytes.ts";
import { total, type Piece } from "./pieces.ts";
import { Refusal } from "./refusal.ts";
import { SEALED_BY } from "./rim.ts";
import { LARGEST, padded } from "./sizes.ts";

const BLOCK = 512;

/** The marker of two empty blocks that ends a tar. */
const END = 2 * BLOCK;
const REPORT_LIMIT = 1_048_576;
export const FILES_LIMIT = 99;
/** Of a name or a type, in UTF-16 units. */
const WORDS_LIMIT = 255;

/** A file as it goes into the seal: what its bytes are made of, and what the report says about it. */
export interface Attachment {
  /** Empty unless the witness lets it go along. */
  readonly name: string;
  readonly type: string;
  readonly cleaned: boolean;
  readonly pieces: readonly Piece[];
}

/** Where an answer may be left: the mailbox in hex, and the recipient that opens it as `age1pq1…`. */
export interface ReplyTo {
  readonly mailbox: string;
  readonly recipient: string;
}

export interface Report {
  readonly id: string;
  readonly origin: string;
  readonly keyring: number;
  readonly questionnaire: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly language: string;
  readonly day: string;
  readonly answers: Readonly<Record<string, Answer>>;
  readonly replyTo: ReplyTo;
  /** The mailbox of the code that somebody came back with. */
  readonly inReplyTo?: string;
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

const words = (text: string): string => text.slice(0, WORDS_LIMIT).replace(/[\ud800-\udfff]/gu, "\ufffd");

/** What fills the last block of a member. */
const gap = (size: number): number => -size & (BLOCK - 1);

/** The padded package, in its order. Throws `Refusal("large")` when no package may be so long. */
export function packed(report: Report, attachments: readonly Attachment[] = []): Piece[] {
  const { id, origin, keyring, questionnaire, language, day, answers, replyTo, inReplyTo } = report;
  const files = attachments.map(({ name, type, cleaned, pieces }) => ({
    name: words(name),
    type: words(type),
    size: total(pieces),
    cleaned,
  }));
  const content = utf8(
    JSON.stringify({
      format: "amonat/report/1",
      id,
      origin,
      keyring,
      questionnaire,
      language,
      sealed_by: SEALED_BY,
      day,
      answers,
      files,
      in_reply_to: inReplyTo ?? null,
      reply_to: replyTo,
    }),
  );
  if (content.length > REPORT_LIMIT || files.some(({ size }) => size >= LARGEST)) throw new Refusal("large");
  const pieces: Piece[] = [entry("report.json", content.length), content, gap(content.length)];
  attachments.forEach((attachment, index) => {
    const size = files[index]!.size;
    pieces.push(entry(`files/${String(index + 1).padStart(2, "0")}`, size), ...attachment.pieces, gap(size));
  });
  const size = total(pieces);
  if (size + END > LARGEST || files.length > FILES_LIMIT) throw new Refusal("large");
  return [...pieces, padded(size + END) - size];
}
