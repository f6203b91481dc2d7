import type { Explanation, Question, Rules, Shop, Totals } from "./totals.js";

export { TotalsError } from "./totals.js";

export interface Engine {
  readonly ENGINE_VERSION: number;
  total(question: Question): Totals;
  explain(question: Question): Explanation;
  shop(rules: Rules): Shop;
}

/** The engine over `totals.wasm`, compiled; `instance` is the first one that is asked, where there is one already. */
export function engine(module: WebAssembly.Module, instance?: WebAssembly.Instance): Engine;
