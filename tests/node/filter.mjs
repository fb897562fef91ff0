// typage as a filter, streaming: `filter.mjs seal RECIPIENT…` or `filter.mjs open IDENTITY…`, stdin to stdout.
import { Decrypter, Encrypter } from "age-encryption";
import { Readable, Writable } from "node:stream";

const [mode, ...keys] = process.argv.slice(2);
const input = Readable.toWeb(process.stdin);
let output;
if (mode === "seal") {
  const encrypter = new Encrypter();
  for (const key of keys) encrypter.addRecipient(key);
  output = await encrypter.encrypt(input);
} else {
  const decrypter = new Decrypter();
  for (const key of keys) decrypter.addIdentity(key);
  output = await decrypter.decrypt(input);
}
await output.pipeTo(Writable.toWeb(process.stdout));
