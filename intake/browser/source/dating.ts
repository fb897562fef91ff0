/** Asks for today's date where the device's own can't be right. */

import { depth, readDate } from "./dates.ts";

/** `tell` gets a day (YYYY-MM-DD); `doubt` is called for what is no day. Gives the state to show when it is asked for. */
export function armDate(tell: (day: string) => void, doubt: (state: "day") => void): () => "date" | "day" {
  const today = document.getElementById("today") as HTMLInputElement;
  let asked = false;
  document.getElementById("dated")!.addEventListener("click", () => {
    const day = readDate(today.value);
    asked = true;
    if (depth(day) === 3) return tell(day);
    doubt("day");
    today.focus();
  });
  return () => (asked ? "day" : "date");
}
