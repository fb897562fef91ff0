/** The one place below the form that says where things stand. Its words come with the page, in its language. */

export type State =
  | "loading"
  | "unreachable"
  | "ready"
  | "empty"
  | "sealing"
  | "stopping"
  | "sending"
  | "working"
  | "retrying"
  | "keyring"
  | "closed"
  | "date"
  | "day"
  | "random"
  | "remote"
  | "large"
  | "full"
  | "unreadable"
  | "stopped"
  | "fault";

export function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A field that nobody sees. */
export function hidden(name: string): HTMLInputElement {
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name });
  return input;
}

/** Words of the page's language that stand ready for a screen reader. */
export const words = (kind: string): string => element("news").dataset[kind]!;

/** Says something aloud, and only aloud. */
export function say(kind: string, what: string): void {
  element("news").textContent = `${words(kind)} ${what}`;
}

/** Shows one state: its sentence, and the controls that go with it. */
export function show(state: State): void {
  document.querySelectorAll<HTMLElement>("[data-state]").forEach((part) => {
    part.hidden = part.dataset["state"] !== state;
  });
  document.querySelectorAll<HTMLElement>("[data-also]").forEach((part) => {
    part.hidden = !part.dataset["also"]!.split(" ").includes(state);
  });
  const button = element<HTMLButtonElement>("send");
  button.disabled = button.closest("[data-also]")?.hasAttribute("hidden") ?? true;
}

/** How much of it has left, from 0 to 1. */
export function progress(share: number): void {
  element<HTMLProgressElement>("bar").value = share;
}

/** A clear screen: the form is emptied and gone, and only the thanks are left, with the code. */
export function showReceived(form: HTMLFormElement, code: string): void {
  form.reset();
  form.remove();
  element("sending").remove();
  element("before").remove();
  const thanks = element("received");
  element("code").textContent = code;
  thanks.hidden = false;
  scrollTo(0, 0);
  thanks.focus({ preventScroll: true });
}
