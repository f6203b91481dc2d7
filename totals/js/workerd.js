// What a cart costs, on Cloudflare Workers, which compile modules when they are deployed.

import { TotalsError, engine } from "./engine.js";
import module from "./totals.wasm";

export const { ENGINE_VERSION, total, explain, shop } = engine(module);
export { TotalsError };
