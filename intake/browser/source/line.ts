/** The line to the server: one request and its answer, however long it takes, and the pauses between tries. */

/** How a request ended: an HTTP status with the problem's word, or no answer at all (status 0). */
export interface Outcome {
  readonly status: number;
  readonly word: string;
  /** `Upload-Offset`, where the answer has one. */
  readonly offset: number;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Told as they leave. */
  sent?(bytes: number): void;
}

export interface Line {
  /** Always an outcome, never an error; at once when `stop` is aborted. */
  ask(asked: Asked, stop?: AbortSignal): Promise<Outcome>;
  /** So many seconds, or until there may be a connection again, or until `stop` is aborted. */
  pause(seconds: number, stop?: AbortSignal): Promise<void>;
}

/** A connection over which no byte moved for so long is given up. */
const STALLED = 60_000;

const PAUSES = [2, 5, 10, 20, 40, 60];

/** The pause before try number `tries` + 1, in seconds. */
export const growing = (tries: number): number => PAUSES[Math.min(tries, PAUSES.length - 1)]!;

/** What time may mend: no answer, too many at once, somebody else at work, a server in trouble. */
export const passing = ({ status }: Outcome): boolean =>
  [0, 408, 423, 429].includes(status) || (status >= 500 && status !== 507);

/** `XMLHttpRequest`, since `fetch` doesn't tell how much has left. */
export const line: Line = {
  ask: ({ method, path, headers = {}, body, sent }, stop) =>
    new Promise((done) => {
      const request = new XMLHttpRequest();
      const abort = (): void => request.abort();
      let timer = 0;
      const alive = (): void => {
        clearTimeout(timer);
        timer = setTimeout(abort, STALLED) as unknown as number;
      };
      request.open(method, path);
      Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
      request.upload.onprogress = ({ loaded }) => {
        alive();
        sent?.(loaded);
      };
      request.onloadend = () => {
        clearTimeout(timer);
        stop?.removeEventListener("abort", abort);
        const word = /"urn:amonat:([a-z-]+)"/.exec(request.responseText)?.[1] ?? "";
        const offset = request.getResponseHeader("Upload-Offset") ?? "";
        done({ status: request.status, word, offset: /^\d+$/.test(offset) ? Number(offset) : NaN });
      };
      alive();
      request.send((body ?? null) as (BufferSource & Uint8Array<ArrayBuffer>) | null);
      stop?.addEventListener("abort", abort);
      if (stop?.aborted) abort();
    }),

  pause: (seconds, stop) =>
    new Promise((done) => {
      const wake = (): void => {
        clearTimeout(timer);
        removeEventListener("online", wake);
        stop?.removeEventListener("abort", wake);
        done();
      };
      const timer = setTimeout(wake, seconds * 1000);
      addEventListener("online", wake);
      stop?.addEventListener("abort", wake);
      if (stop?.aborted) wake();
    }),
};
