// The engine over a module that is compiled already: for hosts that hand one out. Others import "./totals.js".

/** A question that has no answer, in the engine's words; or the engine stopped, and `cause` says how. */
export class TotalsError extends Error {
  name = "TotalsError";
}

export function engine(module, instance = new WebAssembly.Instance(module, {})) {
  const ENGINE_VERSION = instance.exports.engine_version();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let running = instance;

  function ask(what, question) {
    const asked = encoder.encode(JSON.stringify(question));
    let isRefused, answer;
    try {
      running ??= new WebAssembly.Instance(module, {});
      const { exports } = running;
      const at = exports.asked(asked.length) >>> 0;
      new Uint8Array(exports.memory.buffer, at, asked.length).set(asked);
      isRefused = exports[what]();
      const [start, length] = [exports.answer_at() >>> 0, exports.answer_length() >>> 0];
      answer = decoder.decode(new Uint8Array(exports.memory.buffer, start, length));
    } catch (cause) {
      // Nobody knows what is left in its memory: the next question is asked of a new instance.
      running = undefined;
      throw new TotalsError(`the engine stopped: ${cause?.message ?? cause}`, { cause });
    }
    if (isRefused) throw new TotalsError(answer);
    return JSON.parse(answer);
  }

  return {
    ENGINE_VERSION,
    total: (question) => ask("total", question),
    explain: (question) => ask("explain", question),
  };
}
