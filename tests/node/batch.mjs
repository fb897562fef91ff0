// Many small jobs for typage in one process. A job: {seal: [recipient…]} or {passphrase, factor} with {plain}, or
// {open: [identity…]} or {unlock: passphrase} with {sealed}; bytes in base64. Answers in order: bytes, or {error}.
import { Decrypter, Encrypter } from "age-encryption";
import { readFileSync } from "node:fs";

async function work(job) {
  if (job.plain !== undefined) {
    const encrypter = new Encrypter();
    for (const recipient of job.seal ?? []) encrypter.addRecipient(recipient);
    if (job.passphrase !== undefined) {
      encrypter.setPassphrase(job.passphrase);
      encrypter.setScryptWorkFactor(job.factor);
    }
    return encrypter.encrypt(new Uint8Array(Buffer.from(job.plain, "base64")));
  }
  const decrypter = new Decrypter();
  for (const identity of job.open ?? []) decrypter.addIdentity(identity);
  if (job.unlock !== undefined) decrypter.addPassphrase(job.unlock);
  return decrypter.decrypt(new Uint8Array(Buffer.from(job.sealed, "base64")));
}

const answers = [];
for (const job of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push(Buffer.from(await work(job)).toString("base64"));
  } catch (error) {
    answers.push({ error: error.message });
  }
}
process.stdout.write(JSON.stringify(answers));
