// Measures the totals module in a folder with a question: `node totals.mjs FOLDER QUESTION`. Prints `HOST MICROSECONDS`
// lines: of Node, and of workerd.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Miniflare } from "miniflare";

const ROUNDS = 9;
const TIMES = 200;

const [, , folder, file] = process.argv;
const text = readFileSync(file, "utf8");
const median = (numbers) => numbers.sort((one, other) => one - other)[numbers.length >> 1];

/** Of one total, in microseconds: `times(n)` makes n of them. */
async function micros(times) {
  // The compiler that makes a module fast comes to it after a while.
  await times(TIMES * 2);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    await times(1);
    const one = performance.now();
    await times(TIMES + 1);
    rounds.push(((performance.now() - one - (one - started)) * 1000) / TIMES);
  }
  return median(rounds).toFixed(1);
}

const { shop, total } = await import(pathToFileURL(join(folder, "totals.js")));
const question = JSON.parse(text);
console.log(`node ${await micros((count) => { for (let at = 0; at < count; at += 1) total(question); })}`);
const { total: totalOf } = shop(question.rules);
console.log(`node, rules read before ${await micros((count) => { for (let at = 0; at < count; at += 1) totalOf(question.cart); })}`);

// A clock stands still within a request to workerd: it is measured from outside, by requests that total more and less.
const worker = `
  import { shop, total } from "./workerd.js";
  import text from "./question.json";
  const question = JSON.parse(text);
  const ours = shop(question.rules);
  const ways = { "/question": () => total(question), "/cart": () => ours.total(question.cart) };
  export default {
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      let paid = 0;
      for (let left = Number(searchParams.get("times")); 0 < left; left -= 1) paid += ways[pathname]().total;
      return new Response(String(paid));
    },
  };`;
const root = resolve(folder);
const miniflare = new Miniflare({
  cf: false,
  compatibilityDate: "2026-04-01",
  modulesRoot: root,
  modules: [
    { type: "ESModule", path: join(root, "worker.js"), contents: worker },
    { type: "ESModule", path: join(root, "workerd.js") },
    { type: "ESModule", path: join(root, "engine.js") },
    { type: "CompiledWasm", path: join(root, "totals.wasm") },
    { type: "Text", path: join(root, "question.json"), contents: text },
  ],
});
const paid = total(question).total;
const ask = (way) => async (times) => {
  const response = await miniflare.dispatchFetch(`http://localhost/${way}?times=${times}`);
  if ((await response.text()) !== String(paid * times)) throw new Error("workerd comes to something else");
};
console.log(`workerd ${await micros(ask("question"))}`);
console.log(`workerd, rules read before ${await micros(ask("cart"))}`);
await miniflare.dispose();
