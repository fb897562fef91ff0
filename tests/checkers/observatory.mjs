/** The verdict of Mozilla's HTTP Observatory on a site of this machine: observatory.mjs HOST, JSON on stdout. */

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const program = createRequire(import.meta.url).resolve("@mdn/mdn-http-observatory");
// The sites that browsers know beforehand; its maker fetches them. None of them is this machine.
writeFileSync(join(dirname(program), "..", "conf", "hsts-preload.json"), "{}");
const { scan } = await import(program);
console.log(JSON.stringify(await scan(process.argv[2])));
