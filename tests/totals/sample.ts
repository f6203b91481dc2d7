// What whoever uses the module writes. It is checked by tsc, and so is each golden beside it.

import { ENGINE_VERSION, TotalsError, explain, shop, total, type LineTotals, type Question } from "headlesspro-totals";
import { engine } from "headlesspro-totals/engine";

const question: Question = {
  engine: ENGINE_VERSION,
  rules: {
    prices: { settlement: "EUR" },
    tax: { zones: [] },
    taxMode: "inclusive",
    rounding: "half-up",
    discountsRoundedPer: "line",
    taxRoundedPer: "line",
    shippingTax: { by: "proportional" },
  },
  cart: {
    currency: "EUR",
    at: new Date().toISOString(),
    destination: { country: "DE" },
    lines: [
      {
        key: 1,
        variant: "var_00000000000000000000000001",
        product: "prod_00000000000000000000000001",
        quantity: 2,
        prices: [{ price: { amount: "9.99", currency: "EUR" } }],
      },
    ],
  },
};

export function pay(): number {
  try {
    const lines: readonly LineTotals[] = total(question).lines;
    return lines.reduce((sum, line) => sum + line.taxes.gross, 0);
  } catch (error) {
    if (error instanceof TotalsError) return 0;
    throw error;
  }
}

const ours = shop(question.rules);

export const twice: number[] = [ours.total(question.cart).total, ours.explain(question.cart).totals.total];

export const verdicts: string[] = explain(question).prices.flatMap((price) => price.considered.map((one) => one.verdict));

export const answered = (module: WebAssembly.Module): number => engine(module).total(question).total;

// @ts-expect-error: a question has rules and a cart.
total({ engine: ENGINE_VERSION });
// @ts-expect-error: what is written wrong is told.
export const misspelt: Question = { ...question, rule: question.rules };
// @ts-expect-error: an id says what it is of.
export const line: LineTotals["variant"] = "prod_00000000000000000000000001";
