// Asks the module in a folder each question on stdin, one in a line.
//
//   node answers.mjs FOLDER total|explain     prints each answer, or the reason why there is none
//   node answers.mjs FOLDER digests FIRST     prints what tests/differential/src/lib.rs does, of questions from FIRST on

import { createHash } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , folder, mode, first] = process.argv;
const { TotalsError, explain, total } = await import(pathToFileURL(join(folder, "totals.js")));

let refused = 0;

function line(of, question) {
  try {
    return `${JSON.stringify(of(question))}\n`;
  } catch (error) {
    if (!(error instanceof TotalsError) || error.cause) throw error;
    refused += of === total ? 1 : 0;
    return `${error.message}\n`;
  }
}

const EACH = 1000;
const EXPLAINED = 10;
let seed = Number(first);
let digest = createHash("sha256");
let from = seed;

function end() {
  if (from < seed) console.log(`${from} ${digest.digest("hex")} ${refused}`);
  [digest, from, refused] = [createHash("sha256"), seed, 0];
}

for await (const text of createInterface({ input: process.stdin })) {
  const question = JSON.parse(text);
  if (mode === "digests") {
    digest.update(line(total, question));
    if (seed % EXPLAINED === 0) digest.update(line(explain, question));
    seed += 1;
    if (seed - from === EACH) end();
  } else {
    process.stdout.write(line({ total, explain }[mode], question));
  }
}
if (mode === "digests") end();
