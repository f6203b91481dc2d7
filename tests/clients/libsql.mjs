// The real libSQL clients against a Hrana endpoint.
//
//   node tests/clients/libsql.mjs URL TOKEN sqld|ours
//
// The last word says what is behind the URL: the real server, which shows that the expectations are
// right, or our endpoint. Ends with status 0 when every answer was right.

import assert from "node:assert/strict";
import { createClient } from "@libsql/client/http";
import { connect } from "@tursodatabase/serverless";

const [url, token, server] = process.argv.slice(2);

const client = createClient({ url, authToken: token, intMode: "bigint" });
await client.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, value ANY) STRICT");
await client.execute("CREATE TABLE stock (sku TEXT PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0)) STRICT");
await values();
await results();
await errors();
await batches();
await transactions();
await scripts();
await serverless();
await Promise.all([anOpenTransactionEnds(), writersTakeTurns()]);
if (server === "ours") await strangers();
client.close();
console.log("ok");

async function values() {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const long = "ä🚀\"\\\n".repeat(10_000);
  for (const value of [null, 0n, 2n ** 63n - 1n, -(2n ** 63n), 0.1, 1e300, "", "a\0b", long, new Uint8Array(), bytes]) {
    await client.execute({ sql: "REPLACE INTO kept VALUES (1, ?)", args: [value] });
    const stored = (await client.execute("SELECT value FROM kept WHERE id = 1")).rows[0].value;
    if (value instanceof Uint8Array) assert.deepEqual(new Uint8Array(stored), value);
    else assert.equal(stored, value);
  }
  for (const args of [{ a: 1n, b: "x" }, { ":a": 1n, "@b": "x" }]) {
    const { rows } = await client.execute({ sql: "SELECT :a AS a, @b AS b, :a + 1 AS c", args });
    assert.deepEqual({ ...rows[0] }, { a: 1n, b: "x", c: 2n });
  }
}

async function results() {
  const inserted = await client.execute("INSERT INTO kept VALUES (7, 'seven'), (8, 'eight')");
  assert.deepEqual([inserted.rowsAffected, inserted.lastInsertRowid, inserted.rows.length], [2, 8n, 0]);
  const updated = await client.execute("UPDATE kept SET value = 'x' WHERE id > 6");
  assert.deepEqual([updated.rowsAffected, updated.lastInsertRowid], [2, undefined]);
  const selected = await client.execute("SELECT id, value AS v, 1 + 1 FROM kept WHERE id > 6 ORDER BY id");
  assert.deepEqual(selected.columns, ["id", "v", "1 + 1"]);
  assert.deepEqual(selected.columnTypes, ["INTEGER", "ANY", ""]);
  assert.deepEqual(selected.rows.map((row) => [row[0], row.v, row.length]), [[7n, "x", 3], [8n, "x", 3]]);
  const returned = await client.execute("DELETE FROM kept WHERE id > 6 RETURNING id");
  assert.deepEqual(returned.rows.map((row) => row.id), [7n, 8n]);
}

async function errors() {
  const refused = (sql, code, words) =>
    assert.rejects(client.execute(sql), (error) => error.code === code && error.message.includes(words));
  await refused("INSERT INTO stock VALUES ('none', -1)", "SQLITE_CONSTRAINT", "CHECK constraint failed: available >= 0");
  await refused("SELECT * FROM missing", "SQLITE_UNKNOWN", "no such table: missing");
  await refused("SELEC 1", "SQL_PARSE_ERROR", "syntax error");
  await refused({ sql: "SELECT ?, ?", args: [1] }, "ARGS_INVALID", "parameter 2 not found");
  await refused({ sql: "SELECT ?", args: [1, 2] }, "ARGS_INVALID", "too many parameters");
  const megabytes = (count) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT hex(zeroblob(500000)) FROM n`;
  await refused(megabytes(12), "RESPONSE_TOO_LARGE", "too large");
  assert.equal((await client.execute(megabytes(8))).rows.length, 8);
  await assert.rejects(client.execute("SELECT hex(zeroblob(6000000))"));
  assert.equal((await client.execute("SELECT 1 AS one")).rows[0].one, 1n);
}

async function batches() {
  const insert = (sku, available) => ({ sql: "INSERT INTO stock VALUES (?, ?)", args: [sku, available] });
  const [first, , last] = await client.batch([insert("A", 3), insert("B", 0), "SELECT count(*) AS n FROM stock"], "write");
  assert.deepEqual([first.rowsAffected, last.rows[0].n], [1, 2n]);
  await assert.rejects(
    client.batch([insert("C", 1), insert("D", -1), insert("E", 1)], "write"),
    (error) => error.code === "SQLITE_CONSTRAINT" && error.statementIndex === 1,
  );
  await assert.rejects(client.batch([insert("C", 1), "SELEC 1"], "write"));
  assert.equal((await client.execute("SELECT count(*) AS n FROM stock")).rows[0].n, 2n);
  const read = await client.batch(["SELECT 1 AS a", "SELECT 2 AS a"], "read");
  assert.deepEqual(read.map((result) => result.rows[0].a), [1n, 2n]);
  await client.migrate(["CREATE TABLE parent (id INTEGER PRIMARY KEY)", "CREATE TABLE child (id INTEGER REFERENCES parent)"]);
  await assert.rejects(client.execute("INSERT INTO child VALUES (9)"), { code: "SQLITE_CONSTRAINT" });
}

async function transactions() {
  const available = async () => (await client.execute("SELECT available FROM stock WHERE sku = 'A'")).rows[0].available;
  const take = "UPDATE stock SET available = available - 1 WHERE sku = 'A'";

  const kept = await client.transaction("write");
  await kept.execute(take);
  assert.equal((await kept.execute("SELECT available FROM stock WHERE sku = 'A'")).rows[0].available, 2n);
  assert.equal(await available(), 3n, "nobody else sees it yet");
  await assert.rejects(kept.execute("UPDATE stock SET available = -1"), { code: "SQLITE_CONSTRAINT" });
  await kept.batch([take, "SELECT 1"]);
  await kept.commit();
  assert.equal(await available(), 1n);
  await assert.rejects(kept.execute("SELECT 1"));

  const dropped = await client.transaction("write");
  await dropped.execute(take);
  await dropped.rollback();
  const closed = await client.transaction("deferred");
  await closed.execute(take);
  closed.close();
  const read = await client.transaction("read");
  assert.equal((await read.execute("SELECT available FROM stock WHERE sku = 'A'")).rows[0].available, 1n);
  await read.commit();
  assert.equal(await available(), 1n);
}

async function scripts() {
  await client.executeMultiple(`
    CREATE TABLE log (id INTEGER PRIMARY KEY, sku TEXT);
    CREATE TRIGGER logged AFTER UPDATE ON stock BEGIN
      INSERT INTO log (sku) VALUES (NEW.sku || ';');
    END;
    UPDATE stock SET available = 5; -- both
  `);
  assert.equal((await client.execute("SELECT group_concat(sku, '') AS all_of_it FROM log")).rows[0].all_of_it, "A;B;");
  await assert.rejects(client.executeMultiple("UPDATE stock SET available = 6; INSERT INTO missing VALUES (1)"));
}

async function serverless() {
  const db = connect({ url, authToken: token });
  const insert = await db.prepare("INSERT INTO kept (id, value) VALUES (?, ?)");
  const { changes, lastInsertRowid } = await insert.run([100, "from serverless"]);
  assert.deepEqual([changes, lastInsertRowid], [1, 100]);
  await insert.run([101, new Uint8Array([0, 255])]);
  const select = await db.prepare("SELECT value FROM kept WHERE id = ?");
  assert.equal((await select.get([100])).value, "from serverless");
  assert.deepEqual(new Uint8Array((await select.get([101])).value), new Uint8Array([0, 255]));
  assert.equal(await select.get([999]), undefined);
  assert.equal((await (await db.prepare("SELECT 9223372036854775807 AS n")).safeIntegers(true).get()).n, 2n ** 63n - 1n);
  assert.equal((await db.all("SELECT id FROM kept WHERE id >= 100")).length, 2);
  await assert.rejects(insert.run([100, "again"]), { code: "SQLITE_CONSTRAINT" });
  await assert.rejects(db.run("SELEC 1"));
  await db.exec("DELETE FROM kept WHERE id = 101; UPDATE kept SET value = 'x' WHERE id = 100");

  const move = db.transaction(async (fails) => {
    await db.run("UPDATE kept SET value = 'moved' WHERE id = 100");
    if (fails) throw new Error("no");
  });
  await assert.rejects(move(true), /no/);
  assert.equal((await select.get([100])).value, "x");
  await move(false);
  assert.equal((await select.get([100])).value, "moved");

  await db.batch(["INSERT INTO kept VALUES (102, 1)", "INSERT INTO kept VALUES (103, 1)"], "immediate");
  await assert.rejects(db.batch(["INSERT INTO kept VALUES (104, 1)", "INSERT INTO kept VALUES (100, 1)"], "immediate"));
  assert.equal((await db.get("SELECT count(*) AS n FROM kept WHERE id > 100")).n, 2);
  await db.close();
}

async function anOpenTransactionEnds() {
  const transaction = await client.transaction("write");
  await transaction.execute("UPDATE stock SET available = 77");
  await new Promise((resolve) => setTimeout(resolve, 6000));
  await assert.rejects(transaction.execute("UPDATE stock SET available = 78").then(() => transaction.commit()));
  const { rows } = await client.execute("SELECT count(*) AS n FROM stock WHERE available IN (77, 78)");
  // The real server goes on in autocommit: a reason never to use interactive transactions.
  assert.equal(rows[0].n, server === "ours" ? 0n : rows[0].n);
}

async function writersTakeTurns() {
  await client.execute("CREATE TABLE turns (n INTEGER NOT NULL)");
  await client.execute("INSERT INTO turns VALUES (0)");
  const increment = async () => {
    const transaction = await client.transaction("write");
    const { rows } = await transaction.execute("SELECT n FROM turns");
    await transaction.execute({ sql: "UPDATE turns SET n = ?", args: [rows[0].n + 1n] });
    await transaction.commit();
  };
  await Promise.all(Array.from({ length: 12 }, increment));
  assert.equal((await client.execute("SELECT n FROM turns")).rows[0].n, 12n);
}

async function strangers() {
  for (const authToken of [undefined, "", "wrong", `${token}x`]) {
    const stranger = createClient({ url, authToken });
    await assert.rejects(stranger.execute("SELECT 1"));
    await assert.rejects(connect({ url, authToken }).get("SELECT 1"));
  }
}
