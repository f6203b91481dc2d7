// Upstash's own clients against a REST endpoint of ours.
//
//   node tests/clients/upstash.mjs URL TOKEN redis|memory
//
// The last word says what is behind the endpoint: a redis-server, or the in-process store, which has no
// Lua. Ends with status 0 when every answer was right.

import assert from "node:assert/strict";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";

const [url, token, backend] = process.argv.slice(2);

const settings = { url, token, retry: false, enableTelemetry: false };
const encoded = new Redis(settings);
const plain = new Redis({ ...settings, responseEncoding: false });
const oneByOne = new Redis({ ...settings, enableAutoPipelining: false });

for (const redis of [encoded, plain, oneByOne]) {
  await redis.flushall();
  await strings(redis);
  await collections(redis);
  await groups(redis);
  await refusals(redis);
  await scripts(redis);
}
await manyAtOnce(encoded);
await strangers();
await rateLimits(encoded);
console.log("ok");

async function strings(redis) {
  assert.equal(await redis.ping(), "PONG");
  assert.equal(await redis.get("none"), null);
  assert.equal(await redis.set("text", "naïve 😀 \"quoted\"\n"), "OK");
  assert.equal(await redis.get("text"), "naïve 😀 \"quoted\"\n");
  assert.equal(await redis.set("ok", "OK"), "OK");
  assert.equal(await redis.get("ok"), "OK");
  assert.deepEqual(await redis.mget("ok", "text", "none"), ["OK", "naïve 😀 \"quoted\"\n", null]);
  assert.equal(await redis.set("empty", ""), "OK");
  assert.equal(await redis.get("empty"), "");
  assert.equal(await redis.set("object", { sku: "A-1", lines: [1, 2.5, null], on: true }), "OK");
  assert.deepEqual(await redis.get("object"), { sku: "A-1", lines: [1, 2.5, null], on: true });
  assert.equal(await redis.set("claim", "first", { nx: true, ex: 60 }), "OK");
  assert.equal(await redis.set("claim", "second", { nx: true, ex: 60 }), null);
  assert.equal(await redis.set("claim", "third", { xx: true, keepTtl: true, get: true }), "first");
  assert.ok((await redis.ttl("claim")) > 50);
  assert.equal(await redis.set("n", 41), "OK");
  assert.equal(await redis.incr("n"), 42);
  assert.equal(await redis.decrby("n", 2), 40);
  assert.equal(await redis.get("n"), 40);
  assert.equal(await redis.expire("n", 100, "NX"), 1);
  assert.equal(await redis.persist("n"), 1);
  assert.equal(await redis.getdel("n"), 40);
  assert.equal(await redis.exists("n", "text"), 1);
  assert.equal(await redis.strlen("empty"), 0);
  assert.equal(await redis.type("text"), "string");
}

async function collections(redis) {
  assert.equal(await redis.hset("cart", { "q:a": 2, "s:a": { title: "Tea" } }), 2);
  assert.equal(await redis.hincrby("cart", "q:a", 3), 5);
  assert.deepEqual(await redis.hgetall("cart"), { "q:a": 5, "s:a": { title: "Tea" } });
  assert.equal(await redis.hgetall("none"), null);
  assert.deepEqual(await redis.hmget("cart", "q:a", "none"), { "q:a": 5, none: null });
  assert.equal(await redis.hdel("cart", "q:a", "s:a"), 2);
  assert.equal(await redis.rpush("list", "a", "OK", "c"), 3);
  assert.deepEqual(await redis.lrange("list", 0, -1), ["a", "OK", "c"]);
  assert.equal(await redis.lpop("list"), "a");
  assert.equal(await redis.sadd("set", "a", "b"), 2);
  assert.deepEqual((await redis.smembers("set")).sort(), ["a", "b"]);
  assert.equal(await redis.sismember("set", "a"), 1);
  assert.equal(await redis.zadd("sorted", { score: 1.5, member: "a" }, { score: 0.25, member: "b" }), 2);
  assert.deepEqual(await redis.zrange("sorted", 0, -1, { withScores: true }), ["b", 0.25, "a", 1.5]);
  assert.deepEqual(await redis.zrange("sorted", 1, "+inf", { byScore: true }), ["a"]);
  assert.equal(await redis.zscore("sorted", "a"), 1.5);
  const met = [];
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, { match: "*", count: 2 });
    met.push(...keys);
    cursor = next;
  } while (cursor !== "0");
  assert.equal(met.filter((key) => key === "sorted").length, 1);
  assert.equal(new Set(met).size, await redis.dbsize());
}

async function groups(redis) {
  const pipeline = redis.pipeline();
  pipeline.set("p", 1).incr("p").get("p").hgetall("none");
  assert.deepEqual(await pipeline.exec(), ["OK", 2, 2, null]);
  const kept = await redis.pipeline().set("text", "x").hget("text", "f").incr("p").exec({ keepErrors: true });
  assert.deepEqual(kept.map(({ result, error }) => error ?? result), [
    "OK",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    3,
  ]);
  assert.deepEqual(await redis.multi().set("t", 1).incr("t").exec(), ["OK", 2]);
  await assert.rejects(redis.multi().incr("t").hget("t", "f").exec(), /WRONGTYPE/);
  assert.equal(await redis.get("t"), 3);
}

async function refusals(redis) {
  await redis.set("text", "x");
  await assert.rejects(redis.incr("text"), /ERR value is not an integer or out of range/);
  await assert.rejects(redis.exec(["NOSUCH", "a"]), /ERR unknown command 'NOSUCH'/);
  await assert.rejects(redis.exec(["GET"]), /ERR wrong number of arguments for 'get' command/);
  await assert.rejects(redis.exec(["SUBSCRIBE", "c"]), /ERR/);
}

async function scripts(redis) {
  const script = "return {KEYS[1], ARGV[1], 7}";
  if (backend === "redis") {
    assert.deepEqual(await redis.eval(script, ["k"], ["v"]), ["k", "v", 7]);
    const sha1 = await redis.scriptLoad(script);
    assert.deepEqual(await redis.scriptExists(sha1), [1]);
    assert.deepEqual(await redis.evalsha(sha1, ["k"], ["v"]), ["k", "v", 7]);
    assert.deepEqual(await redis.createScript(script).exec(["k"], ["v"]), ["k", "v", 7]);
  } else {
    await assert.rejects(redis.eval(script, ["k"], ["v"]), /runs no Lua but HeadlessPro's own scripts; use a Redis server/);
    await assert.rejects(redis.scriptLoad(script), /runs no Lua/);
  }
  await assert.rejects(redis.evalsha("0".repeat(40), [], []), /NOSCRIPT/);
}

async function manyAtOnce(redis) {
  await redis.del("many");
  const answers = await Promise.all(Array.from({ length: 200 }, () => redis.hincrby("many", "n", 1)));
  assert.deepEqual(answers.toSorted((a, b) => a - b), Array.from({ length: 200 }, (_, index) => index + 1));
}

async function strangers() {
  await assert.rejects(new Redis({ ...settings, token: "wrong" }).get("text"), /Unauthorized/);
}

async function rateLimits(redis) {
  const limiters = [
    Ratelimit.fixedWindow(5, "60 s"),
    Ratelimit.slidingWindow(5, "60 s"),
    Ratelimit.tokenBucket(5, "60 s", 5),
  ];
  for (const [index, limiter] of limiters.entries()) {
    const limit = new Ratelimit({ redis, limiter, prefix: `limit:${index}`, ephemeralCache: false, timeout: 0 });
    if (backend !== "redis") {
      await assert.rejects(limit.limit("shopper"), /runs no Lua/);
      continue;
    }
    const allowed = [];
    for (let call = 0; call < 7; call += 1) {
      allowed.push((await limit.limit("shopper")).success);
    }
    assert.deepEqual(allowed, [true, true, true, true, true, false, false]);
    assert.equal((await limit.limit("another")).success, true);
  }
}
