// The engine over a module that is compiled already: for hosts that hand one out. Others import "./totals.js".

/** A question that has no answer, in the engine's words; or the engine stopped, and `cause` says how. */
export class TotalsError extends Error {
  name = "TotalsError";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const encoded = (value) => encoder.encode(JSON.stringify(value));

/** Has an instance do `what` with the bytes of a value: whether it refuses, and the text of its answer or its reason. */
function call({ exports }, what, asked) {
  const at = exports.asked(asked.length) >>> 0;
  new Uint8Array(exports.memory.buffer, at, asked.length).set(asked);
  const isRefused = exports[what]();
  const [start, length] = [exports.answer_at() >>> 0, exports.answer_length() >>> 0];
  return [isRefused, decoder.decode(new Uint8Array(exports.memory.buffer, start, length))];
}

/** Asks `instance` and, should it stop, then those that `begin` makes: nobody knows what is left in its memory. */
function asking(instance, begin) {
  return (what, value) => {
    const asked = encoded(value);
    let isRefused, answer;
    try {
      instance ??= begin();
      [isRefused, answer] = call(instance, what, asked);
    } catch (cause) {
      instance = undefined;
      throw new TotalsError(`the engine stopped: ${cause?.message ?? cause}`, { cause });
    }
    if (isRefused) throw new TotalsError(answer);
    return answer && JSON.parse(answer);
  };
}

export function engine(module, instance = new WebAssembly.Instance(module, {})) {
  const another = () => new WebAssembly.Instance(module, {});
  const ask = asking(instance, another);

  function shop(rules) {
    const first = another();
    asking(first)("keep", rules);
    const kept = encoded(rules);
    const begin = () => {
      const next = another();
      call(next, "keep", kept);
      return next;
    };
    const askOf = asking(first, begin);
    return { total: (cart) => askOf("total_of", cart), explain: (cart) => askOf("explain_of", cart) };
  }

  return {
    ENGINE_VERSION: instance.exports.engine_version(),
    total: (question) => ask("total", question),
    explain: (question) => ask("explain", question),
    shop,
  };
}
