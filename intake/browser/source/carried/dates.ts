/** The keyring's days and fingerprint, as the keyring says them: shown beside the button that seals. */

import { utf8 } from "../bytes.ts";
import { fingerprint } from "../fingerprint.ts";
import { parseKeyring } from "../keyring.ts";
import { parseNote } from "../note.ts";

const spoken = (day: string): string => day.split("-").reverse().map(Number).join(".");

/** Fills in what `[data-keyring]` asks for, and warns when `today` is past the day on which a newer form was due. */
export function showDates(note: string, today: string): void {
  let shown: Record<string, string>;
  let late = false;
  try {
    const { text } = parseNote(utf8(note));
    const body = new TextDecoder().decode(text);
    const { serial, issued, expires, closes } = parseKeyring(text);
    late = today >= expires && today < closes;
    shown = {
      serial: String(serial),
      issued: spoken(issued),
      expires: spoken(expires),
      closes: spoken(closes),
      fingerprint: fingerprint(body).replace(/-/g, " "),
      sites: Array.from(body.matchAll(/^site (.+)$/gm), ([, site]) => site!).join(" "),
    };
  } catch {
    return; // the page says what is wrong with it
  }
  document.querySelectorAll<HTMLElement>("[data-keyring]").forEach((part) => {
    part.textContent = shown[part.dataset["keyring"]!] ?? "";
  });
  document.querySelector<HTMLElement>("[data-sites]")!.hidden = !shown["sites"];
  document.getElementById("keyring-days")!.hidden = false;
  document.getElementById("expired")!.hidden = !late;
}
