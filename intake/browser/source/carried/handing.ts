/** The sealed report in the witness's hands: as a file to save, and as text for a messenger where saving fails. */

import { split } from "../blocks.ts";
import { element } from "../view.ts";

/** Apps that open files in a window of their own, where saving does nothing and says nothing. */
const INSIDE_APP = /; wv\)|FBA[NV]|Instagram|Line\/|MicroMessenger|Snapchat|Telegram|TikTok|VK|Viber|WhatsApp/i;

/** Where a link can save what stands in the page. A viewer on a phone shows a file under an address of its own kind. */
const SAVES = /^(file|https?):$/;

const NAME = "notes.dat";

/** Asks before the only copy is left behind, until it has been taken out once. */
function hold(event: BeforeUnloadEvent): void {
  event.preventDefault();
  event.returnValue = "";
}

const taken = (): void => removeEventListener("beforeunload", hold);

/** For a window that may not touch the clipboard: the oldest way works from file:// too. */
function copy(field: HTMLTextAreaElement): boolean {
  field.focus();
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

/** One block as a field and its button, cut from the template of the page. */
function block(text: string, at: number, count: number): HTMLElement {
  const row = element<HTMLTemplateElement>("block").content.cloneNode(true) as DocumentFragment;
  const field = row.querySelector("textarea")!;
  const button = row.querySelector("button")!;
  field.value = text;
  row.querySelector("span")!.textContent = `${at + 1}/${count}`;
  field.setAttribute("aria-label", `${button.textContent} ${at + 1}/${count}`);
  button.addEventListener("click", () => {
    if (copy(field)) button.setAttribute("aria-pressed", "true");
    taken();
  });
  field.addEventListener("copy", taken);
  return row.firstElementChild as HTMLElement;
}

/** Prepares what `#received` shows once the page has thanked: nothing is written anywhere until the witness asks. */
export function handOver(sealed: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([sealed as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }));
  const name = element<HTMLInputElement>("filename");
  const save = element<HTMLAnchorElement>("save");
  const texts = element<HTMLDetailsElement>("texts");
  const blocks = split(sealed);
  texts.querySelector("ol")!.append(...blocks.map((text, i) => block(text, i, blocks.length)));
  texts.open = INSIDE_APP.test(navigator.userAgent) || !SAVES.test(location.protocol) || !("download" in save);
  save.href = url;
  save.addEventListener("click", () => {
    // Whatever the witness calls it, it is no path, and no hidden file.
    save.download = name.value.replace(/[\s\\/:*?"<>|\x00-\x1f]+/g, "-").replace(/^[.-]+/, "") || NAME;
    texts.open = true;
    taken();
  });
  // Another language would begin anew, and what is sealed here be lost.
  document.querySelector("nav")!.hidden = true;
  addEventListener("beforeunload", hold);
}
