// Writes every vector of cctv-age into the folder named, one file each.
import * as vectors from "cctv-age";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

for (const [name, bytes] of Object.entries(vectors)) {
  writeFileSync(join(process.argv[2], name), bytes);
}
