// What a cart costs, in browsers and Node: loads totals.wasm from beside this file. Types and units: totals.d.ts.

import { TotalsError, engine } from "./engine.js";

const url = new URL("./totals.wasm", import.meta.url);

async function bytes() {
  if (url.protocol === "file:") {
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ "node:fs/promises");
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new TotalsError(`${url} was answered with ${response.status}`);
  return response.arrayBuffer();
}

const module = await WebAssembly.compile(await bytes());

// Asked for here, where it may take its time: some browsers make none of this size at once.
export const { ENGINE_VERSION, total, explain, shop } = engine(module, await WebAssembly.instantiate(module, {}));
export { TotalsError };
