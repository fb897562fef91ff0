/**
 * Leaving at once: by the link that is always in view, or by Shift pressed three times.
 *
 * The order matters: no question on leaving, nothing left to read on screen, nothing left in the fields, and only then
 * the network, which may be slow. (Escape would stop a page from loading.)
 */

const WITHIN = 2000;

export function armExit(link: HTMLAnchorElement, form: HTMLFormElement, disarm: () => void): void {
  const leave = (): void => {
    disarm();
    document.documentElement.hidden = true;
    document.title = "";
    form.reset();
    document.body.remove();
    location.replace(link.href);
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  document.getElementById("shift")!.hidden = false;
  let presses: number[] = [];
  document.addEventListener("keydown", (event) => {
    if (event.repeat) return;
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    presses = [...presses, event.timeStamp].slice(-3);
    if (presses.length === 3 && presses[2]! - presses[0]! < WITHIN) leave();
  });
}
