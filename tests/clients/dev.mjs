// The real clients on the second port of `hp dev`, by what it prints.
//
//   node tests/clients/dev.mjs SETTINGS
//
// SETTINGS is JSON: `database`, `redis` and `token` as printed; `variant`, of which the API shows `units` in stock;
// `cart`, which holds one of it; and `script`, the Lua text of the script that changes carts. Leaves 77 units in stock
// and four in the cart, for the API to show. Ends with status 0 when every answer was right.

import assert from "node:assert/strict";
import { createClient } from "@libsql/client/http";
import { connect } from "@tursodatabase/serverless";
import { Redis } from "@upstash/redis";

const { database, redis: redisUrl, token, variant, units: shown, cart, script } = JSON.parse(process.argv[2]);

await sql();
await redis();
await strangers();
console.log("ok");

async function sql() {
  const client = createClient({ url: database, authToken: token });
  const stock = { sql: "SELECT available FROM stock WHERE variant_id = ?", args: [variant] };
  const set = (units) => ({ sql: "UPDATE stock SET available = ? WHERE variant_id = ?", args: [units, variant] });
  const units = async (on) => (await on.execute(stock)).rows[0].available;
  const before = await units(client);
  assert.equal(before, shown);

  const dropped = await client.transaction("write");
  await dropped.execute(set(70));
  assert.equal(await units(client), before, "nobody else sees it yet");
  await dropped.rollback();
  assert.equal(await units(client), before);
  const kept = await client.transaction("write");
  await kept.execute(set(70));
  assert.equal(await units(kept), 70);
  await kept.commit();

  // A batch is all or nothing.
  await assert.rejects(client.batch([set(71), set("many")], "write"), { code: "SQLITE_CONSTRAINT" });
  assert.equal(await units(client), 70);
  const [changed, read] = await client.batch([set(77), stock], "write");
  assert.deepEqual([changed.rowsAffected, read.rows[0].available], [1, 77]);
  client.close();

  const serverless = connect({ url: database, authToken: token });
  assert.equal((await serverless.get("SELECT available FROM stock WHERE variant_id = ?", variant)).available, 77);
  await serverless.close();
}

async function redis() {
  const client = new Redis({ url: redisUrl, token, retry: false, enableTelemetry: false });
  assert.equal(await client.set("greeting", "naïve 😀"), "OK");
  assert.equal(await client.get("greeting"), "naïve 😀");
  assert.deepEqual(await client.pipeline().set("n", 1).incr("n").get("n").exec(), ["OK", 2, 2]);

  // The cart of the API stands in the same store.
  const keys = (await client.keys(`*${cart}`)).filter((key) => key.endsWith(cart));
  assert.equal(keys.length, 1, String(keys));
  const [key] = keys;
  assert.equal((await client.hgetall(key))[`q:${variant}`], 1);
  const [status] = await client.eval(script, [key, ""], ["set", "1209600", "", "", variant, "3", "999"]);
  assert.equal(status, "ok");
  const transaction = client.multi().hincrby(key, `q:${variant}`, 1).hincrby(key, "version", 1);
  assert.equal((await transaction.exec())[0], 4);
}

async function strangers() {
  for (const authToken of [undefined, "wrong", `${token}x`]) {
    await assert.rejects(createClient({ url: database, authToken }).execute("SELECT 1"));
  }
  const stranger = new Redis({ url: redisUrl, token: "wrong", retry: false, enableTelemetry: false });
  await assert.rejects(stranger.get("greeting"), /Unauthorized/);
}
