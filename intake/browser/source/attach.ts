/** Files as a witness chose them, and what of each goes into the seal. */

import { clean as cleanCopy } from "./clean.ts";
import type { Attachment } from "./package.ts";
import { Unreadable } from "./pieces.ts";

export interface Chosen {
  readonly file: File;
  /** As they were when it was chosen. */
  readonly size: number;
  readonly lastModified: number;
  /** Without hidden data; only for a file that can be cleaned. */
  readonly clean: boolean;
  /** Whether its name goes along. */
  readonly named: boolean;
}

/** Throws `Unreadable` when a file is no longer the one that was chosen. */
export function checkSame(chosen: readonly Chosen[]): void {
  if (chosen.some((one) => one.file.size !== one.size || one.file.lastModified !== one.lastModified)) {
    throw new Unreadable();
  }
}

async function attachment({ file, clean, named }: Chosen): Promise<Attachment> {
  const cleaned = clean ? await cleanCopy(file) : null;
  // What could be cleaned before and can't be now has changed: it must not go as it is.
  if (clean && !cleaned) throw new Unreadable();
  return { name: named ? file.name : "", type: file.type, cleaned: clean, pieces: cleaned ?? [file] };
}

/** One after the other, so that little is looked at at a time. Throws `Unreadable`. */
export async function attach(chosen: readonly Chosen[]): Promise<Attachment[]> {
  const attachments: Attachment[] = [];
  for (const one of chosen) attachments.push(await attachment(one));
  checkSame(chosen);
  return attachments;
}
