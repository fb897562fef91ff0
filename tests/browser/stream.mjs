/** The page's encoder as a filter: RECIPIENT… as arguments, the plaintext on stdin, the sealed file on stdout. */

import { CHUNK, Sealer } from "../../intake/browser/source/age.ts";
import { fromBech32 } from "../../intake/browser/source/bech32.ts";

const write = (bytes) => new Promise((done) => process.stdout.write(bytes, done));

const sealer = new Sealer(process.argv.slice(2).map((one) => fromBech32("age1pq", one)));
await write(sealer.header);
let held = Buffer.alloc(0);
for await (const piece of process.stdin) {
  held = Buffer.concat([held, piece]);
  for (; held.length > CHUNK; held = held.subarray(CHUNK)) await write(sealer.seal(held.subarray(0, CHUNK), false));
}
await write(sealer.seal(held, true));
