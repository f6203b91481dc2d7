// What the module in a folder does when a question ends badly: `node stops.mjs FOLDER QUESTION`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , folder, file] = process.argv;
const load = (name) => import(pathToFileURL(join(folder, name)));
const { ENGINE_VERSION, TotalsError, explain, shop, total } = await load("totals.js");
const { engine } = await load("engine.js");
const question = JSON.parse(readFileSync(file, "utf8"));
const expected = total(question);
assert.equal(question.engine, ENGINE_VERSION);
assert.deepEqual(explain(question).totals, expected);

// What is no question is refused in the engine's words, and changes nothing.
for (const wrong of [undefined, null, 1, "", [], {}, { ...question, engine: 0 }, { ...question, more: 1 }]) {
  assert.throws(() => total(wrong), (error) => error instanceof TotalsError && error.cause === undefined && error.message !== "");
}
let condition = { type: "first-order" };
for (let depth = 0; depth < 4000; depth += 1) condition = { type: "not", of: condition };
const definition = { name: "Deep", trigger: "automatic", effect: { type: "reduce", by: { type: "percent", rate: 1 } }, condition };
const promotions = { promotions: [{ id: "promo_00000000000000000000000001", definition }] };
assert.throws(() => total({ ...question, rules: { ...question.rules, promotions } }), /recursion limit/);
assert.deepEqual(total(question), expected);

// Rules that were read once answer for carts, whatever becomes of the object that they were.
const rules = structuredClone(question.rules);
const ours = shop(rules);
rules.taxMode = "none";
for (const _ of [1, 2]) assert.deepEqual([ours.total(question.cart), ours.explain(question.cart)], [expected, explain(question)]);
for (const wrong of [undefined, [], {}, question]) {
  assert.throws(() => ours.total(wrong), (error) => error instanceof TotalsError && /^this is no cart/.test(error.message));
  assert.throws(() => shop(wrong), (error) => error instanceof TotalsError && /^these are no rules/.test(error.message));
}
assert.deepEqual(ours.total(question.cart), expected);

// An instance that stops is not asked again.
const module = await WebAssembly.compile(readFileSync(join(folder, "totals.wasm")));
const good = await WebAssembly.instantiate(module, {});
let asked = 0;
const stop = () => {
  asked += 1;
  throw new WebAssembly.RuntimeError("unreachable");
};
const stopping = engine(module, { exports: { ...good.exports, total: stop } });
assert.throws(() => stopping.total(question), (error) => error instanceof TotalsError && error.cause instanceof WebAssembly.RuntimeError);
assert.deepEqual(stopping.total(question), expected);
assert.equal(asked, 1);

// Nor is one of a shop's; the next one has its rules.
const { Instance } = WebAssembly;
let made = 0;
WebAssembly.Instance = class {
  constructor(...of) {
    made += 1;
    const { exports } = new Instance(...of);
    return made === 2 ? { exports: { ...exports, total_of: stop } } : { exports };
  }
};
const shopping = engine(module).shop(question.rules);
assert.throws(() => shopping.total(question.cart), (error) => error.cause instanceof WebAssembly.RuntimeError);
assert.deepEqual([shopping.total(question.cart), shopping.total(question.cart)], [expected, expected]);
assert.equal(made, 3);
