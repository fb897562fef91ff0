// Uploads a file by tus-js-client with nothing but its chunk size set, and tells what became of it as one line of JSON.
// upload.mjs ENDPOINT FILE CHUNK [stop=BYTES | resume=URL | retry]
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, file, chunk, how = ""] = process.argv.slice(2);
const [word, value] = how.split("=");
let sent = 0;
const told = (found) => {
  console.log(JSON.stringify({ url: upload.url, sent, ...found }));
  process.exit(0);
};
const upload = new Upload(createReadStream(file), {
  endpoint,
  chunkSize: Number(chunk),
  uploadSize: statSync(file).size,
  retryDelays: word === "retry" ? [200, 1000, 3000, 5000, 8000] : null,
  ...(word === "resume" ? { uploadUrl: value } : {}),
  onChunkComplete: (_, accepted) => {
    sent = accepted;
    if (word === "stop" && accepted >= Number(value)) void upload.abort().then(() => told({ stopped: true }));
  },
  onSuccess: () => told({ done: true }),
  onError: (error) =>
    told({ status: error.originalResponse?.getStatus(), body: error.originalResponse?.getBody() }),
});
upload.start();
