/** Scripts that are loaded when they are first wanted: asked for again and again, like any answer. */

import type { Later } from "./later.ts";
import { growing, line } from "./line.ts";

/** The script of later.ts, as the worker that wants it finds it (build.mjs). */
declare const LATER: string;

type Loaded = { readonly later?: Later; importScripts(path: string): void };

/** `waiting` is told the seconds until the next try. */
export async function later(waiting: (seconds: number) => void): Promise<Later> {
  const here = self as unknown as Loaded;
  for (let tries = 0; !here.later; tries++) {
    try {
      here.importScripts(LATER);
    } catch {
      waiting(growing(tries));
      await line.pause(growing(tries));
    }
  }
  return here.later;
}
