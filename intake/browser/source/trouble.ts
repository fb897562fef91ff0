/** What must change before anything can be sent: in words beside the box, and at the top, with a way to the box. */

let undo: (() => void)[] = [];

/** As it was before; called before each new try. */
export function settle(): void {
  undo.forEach((one) => one());
  undo = [];
}

function paragraph(className: string, said: string): HTMLElement {
  const made = document.createElement("p");
  made.className = className;
  made.textContent = said;
  undo.push(() => made.remove());
  return made;
}

/** The box that holds the most text, or the first: the one to shorten, or to begin with. */
function chief(part: HTMLElement): HTMLInputElement | HTMLTextAreaElement {
  const boxes = part.querySelectorAll<HTMLTextAreaElement>("textarea, input:not([type])");
  return Array.from(boxes).reduce((a, b) => (b.value.length > a.value.length ? b : a));
}

/** Says the sentence of a state where it can be mended, within this part of the page. */
export function blame(part: HTMLElement, state: string): void {
  settle();
  const box = chief(part);
  const said = document.querySelector(`[data-state="${state}"]`)!.textContent!;
  const beside = paragraph("wrong", said);
  const top = paragraph("warn", `${said} `);
  const way = document.createElement("a");
  const described = box.getAttribute("aria-describedby");
  const note = (name: string, value: string | null): void =>
    value === null ? box.removeAttribute(name) : box.setAttribute(name, value);
  beside.id = "wrong";
  note("aria-invalid", "true");
  note("aria-describedby", `wrong ${described ?? ""}`);
  undo.push(() => note("aria-invalid", null), () => note("aria-describedby", described));
  box.before(beside);
  way.href = "#";
  way.textContent = box.closest("[data-field]")!.querySelector("h2, h3, h4")!.textContent;
  way.addEventListener("click", (event) => {
    event.preventDefault();
    for (let fold = box.closest("details"); fold; fold = fold.parentElement!.closest("details")) fold.open = true;
    box.focus();
  });
  top.append(way);
  top.tabIndex = -1;
  document.querySelector("main")!.prepend(top);
  top.focus();
}
