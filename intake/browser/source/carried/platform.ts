/**
 * What the form in one file has in place of a worker and a network, under their own names: the build puts these where
 * the page's sources say `Worker`, `fetch` and so on (build.mjs). So page and file seal with the same code, and no code
 * of the file can reach a network.
 */

import type { ToPage, ToWorker } from "../messages.ts";
import { showDates } from "./dates.ts";
import { handOver } from "./handing.ts";
import { placesIn } from "./places.ts";

/** What the loader brings in the language that is shown (open.ts). */
declare const given: { readonly places: string; readonly sending: string; readonly note: string };

type Listener<T> = ((event: { readonly data: T }) => void) | null;

/** The worker's own global object, and that of a script with constants before it. */
export const self = {
  places: placesIn(given.places, document.documentElement.lang),
  sending: given.sending,
  onmessage: null as Listener<ToWorker>,
};

let page: Worker;

/** Workers fail on file://: here the sealing runs beside the page, a message at a time. */
export class Worker {
  onmessage: Listener<ToPage> = null;
  onerror: unknown = null;

  constructor() {
    page = this;
  }

  postMessage(data: ToWorker): void {
    if (data.kind === "begin") showDates(given.note, new Date().toISOString().slice(0, 10));
    if (data.kind === "today") showDates(given.note, data.day);
    setTimeout(() => self.onmessage?.({ data }), PAINT);
  }

  terminate(): void {
    self.onmessage = null;
  }
}

/** Milliseconds in which the browser shows what the page said before the sealing holds it up. */
const PAINT = 30;

export function postMessage(data: ToPage): void {
  setTimeout(() => page.onmessage?.({ data }));
}

/** The keyring is in the file. There is nothing else to fetch. */
export function fetch(path: string): Promise<{ ok: boolean; arrayBuffer(): Promise<ArrayBufferLike> }> {
  const bytes = path === "/keyring.note" ? new TextEncoder().encode(given.note).buffer : null;
  return bytes ? Promise.resolve({ ok: true, arrayBuffer: () => Promise.resolve(bytes) }) : Promise.reject(new TypeError());
}

/** What would be sent is handed to the witness, who is the network here. */
export class XMLHttpRequest {
  readonly status = 201;
  readonly responseText = "";
  readonly upload: { onprogress: unknown } = { onprogress: null };
  onloadend: (() => void) | null = null;

  open(): void {}
  setRequestHeader(): void {}
  getResponseHeader(): null {
    return null;
  }
  abort(): void {}

  send(body: Uint8Array): void {
    handOver(body);
    setTimeout(() => this.onloadend?.());
  }
}
