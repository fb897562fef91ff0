/** How long the page's own solver works for one challenge, in milliseconds. */

import { solve } from "../../intake/browser/source/toll.ts";

globalThis.paying = async (challenge) => {
  const started = performance.now();
  await solve(challenge);
  return performance.now() - started;
};
