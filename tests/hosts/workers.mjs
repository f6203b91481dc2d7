// Runs the built worker on real workerd, by miniflare.
//
//   node tests/hosts/workers.mjs '{"DATABASE_URL":"http://127.0.0.1:8080"}'
//
// The argument holds the vars and secrets. Prints the address (`http://127.0.0.1:41234`) as its only line
// on stdout; the worker's log goes to stderr. Ends on SIGTERM, or when stdin closes, so that it never
// outlives the test that started it.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare } from "miniflare";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const build = join(root, "edge", "build");

/** The log of a process whose stdout carries its address. */
class StderrLog extends Log {
  log(line) {
    console.error(line);
  }
}

const [, compatibilityDate] = readFileSync(join(root, "wrangler.toml"), "utf8").match(/^compatibility_date\s*=\s*"(.+)"/m);

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new StderrLog(LogLevel.WARN),
  handleRuntimeStdio(stdout, stderr) {
    stdout.pipe(process.stderr);
    stderr.pipe(process.stderr);
  },
  modulesRoot: build,
  modules: [
    { type: "ESModule", path: join(build, "index.js") },
    { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
  ],
  compatibilityDate,
  bindings: JSON.parse(process.argv[2] ?? "{}"),
});

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  await miniflare.dispose();
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("close", stop).on("end", stop).resume();

console.log(String(await miniflare.ready).replace(/\/$/, ""));
