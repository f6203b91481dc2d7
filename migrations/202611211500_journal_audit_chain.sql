-- The audit log: who did what to which thing, how it was before and after; written in the commit that does it,
-- and chained, so that what was done to it from outside shows. `hp audit verify` reads it all and names it.
--
-- The rows of an organization are numbered 1, 2, 3 ... and hashed as ONE message of SHA-256 that never ends: row n
-- is its block n (64 bytes: the SHA-256 of the row's fields, then 32 bytes of zero), and `hash` is SHA-256's state
-- after that block, so it depends on every row up to n. To find other rows with the same hash is to find a
-- collision of SHA-256's compression function.
--
-- Why the database computes the step, in a trigger: the row before is known only inside the write transaction.
-- Reading it first and guarding the commit by it would make all writers of an organization wait for one another
-- (500 buyers at once); hashing later, by a job, would leave the newest rows open and the log dependent on the job.
-- SQLite has no SHA-256, and servers take no extensions; but its integers are enough for one: 64 rounds, 0.2 to 0.3
-- ms, in the same statement, without another round trip. `hp audit verify` computes the same in Rust.
--
-- What shows:
-- - A changed row, at once: its hash is not that of its fields.
-- - A removed row, at once: its number is missing. With the numbers closed up, or with its hash and fields made
--   to fit: the row after it does not follow.
-- - An inserted row, at once: the number is taken; with the numbers moved on, the row after it does not follow.
-- - Removed newest rows, at once: `audit_head` knows the newest number and hash. Rows added behind it likewise.
-- What does not: whoever may write to the database can compute all hashes from some row on anew, and set the head.
-- A head that is kept elsewhere (`hp audit verify` prints it, `GET /api/v1/audit-log` shows one with each row) shows
-- that too: `hp audit verify --head NUMBER:HASH`.
--
-- The rows of the table before this one are given up: they were never released.

DROP TABLE audit_log;

CREATE TABLE audit_log (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  chain_seq INTEGER NOT NULL CHECK (chain_seq > 0),
  -- NULL: the change was the organization's.
  store_id TEXT REFERENCES store (id),
  id TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  -- Personal data is masked before it comes here.
  state_before TEXT CHECK (state_before IS NULL OR json_valid(state_before)),
  state_after TEXT CHECK (state_after IS NULL OR json_valid(state_after)),
  request_id TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  -- In hex. An INSERT gives the SHA-256 of the fields here, as a JSON array of eight numbers, of which the trigger
  -- makes the hash.
  hash TEXT NOT NULL,
  PRIMARY KEY (organization_id, chain_seq)
) STRICT;

CREATE INDEX audit_log_store ON audit_log (organization_id, store_id, chain_seq);
CREATE INDEX audit_log_subject ON audit_log (organization_id, subject, chain_seq);
CREATE INDEX audit_log_actor ON audit_log (organization_id, actor, chain_seq);

-- The newest row's number and hash, apart from the rows.
CREATE TABLE audit_head (
  organization_id TEXT NOT NULL PRIMARY KEY REFERENCES organization (id),
  chain_seq INTEGER NOT NULL,
  -- The state's eight words of 32 bits as FIPS 180-4 names them, two in each: `a << 32 | e`, ...
  ae INTEGER NOT NULL,
  bf INTEGER NOT NULL,
  cg INTEGER NOT NULL,
  dh INTEGER NOT NULL
) STRICT;

-- SHA-256's compression function, FIPS 180-4, 6.2.2. SQLite has no exclusive or: of three words it is
-- x + y + z - 2 * (what at least two of them have). A word is turned right by shifting it right with its own low
-- bits above it. The constants are the K of 4.2.2, the first state is that of 5.3.3. The SELECTs inside one another
-- name what is used more than once; OFFSET keeps SQLite from writing them out again, which takes twice as long.
CREATE TRIGGER audit_log_chained AFTER INSERT ON audit_log BEGIN
  INSERT INTO audit_head (organization_id, chain_seq, ae, bf, cg, dh)
  VALUES (NEW.organization_id, 0, 1779033703 << 32 | 1359893119, 3144134277 << 32 | 2600822924,
    1013904242 << 32 | 528734635, 2773480762 << 32 | 1541459225)
  ON CONFLICT (organization_id) DO NOTHING;

  UPDATE audit_head SET (chain_seq, ae, bf, cg, dh) = (
    WITH RECURSIVE round (t, ae, bf, cg, dh,
      w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15) AS (
      SELECT 0, h.ae, h.bf, h.cg, h.dh,
        NEW.hash ->> 0, NEW.hash ->> 1, NEW.hash ->> 2, NEW.hash ->> 3,
        NEW.hash ->> 4, NEW.hash ->> 5, NEW.hash ->> 6, NEW.hash ->> 7, 0, 0, 0, 0, 0, 0, 0, 0
      FROM audit_head h WHERE h.organization_id = NEW.organization_id
      UNION ALL
      SELECT t + 1,
        (SELECT ((t1 + t2) & 4294967295) << 32 | ((d + t1) & 4294967295) FROM (
          SELECT d,
            h + e6 + e11 + e25 - 2 * ((e6 & e11) | (e25 & (e6 | e11))) + ((e & f) | (~e & g)) + w0
              + ('[1116352408, 1899447441, 3049323471, 3921009573, 961987163, 1508970993, 2453635748,
                2870763221, 3624381080, 310598401, 607225278, 1426881987, 1925078388, 2162078206,
                2614888103, 3248222580, 3835390401, 4022224774, 264347078, 604807628, 770255983,
                1249150122, 1555081692, 1996064986, 2554220882, 2821834349, 2952996808, 3210313671,
                3336571891, 3584528711, 113926993, 338241895, 666307205, 773529912, 1294757372,
                1396182291, 1695183700, 1986661051, 2177026350, 2456956037, 2730485921, 2820302411,
                3259730800, 3345764771, 3516065817, 3600352804, 4094571909, 275423344, 430227734,
                506948616, 659060556, 883997877, 958139571, 1322822218, 1537002063, 1747873779,
                1955562222, 2024104815, 2227730452, 2361852424, 2428436474, 2756734187, 3204031479,
                3329325298]' ->> t) AS t1,
            a2 + a13 + a22 - 2 * ((a2 & a13) | (a22 & (a2 | a13))) + ((a & b) | (c & (a | b))) AS t2
          FROM (
            SELECT a, b, c, d, e, f, g, h, ee >> 6 AS e6, ee >> 11 AS e11, ee >> 25 AS e25,
              aa >> 2 AS a2, aa >> 13 AS a13, aa >> 22 AS a22
            FROM (
              SELECT a, b, c, d, e, f, g, h, e | ((e & 33554431) << 32) AS ee, a | ((a & 4194303) << 32) AS aa
              FROM (
                SELECT (ae >> 32) & 4294967295 AS a, (bf >> 32) & 4294967295 AS b, (cg >> 32) & 4294967295 AS c,
                  (dh >> 32) & 4294967295 AS d, ae & 4294967295 AS e, bf & 4294967295 AS f, cg & 4294967295 AS g,
                  dh & 4294967295 AS h
              ) LIMIT 1 OFFSET 0) LIMIT 1 OFFSET 0) LIMIT 1 OFFSET 0)),
        ae, bf, cg, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
        (SELECT (w + u7 + u18 + u3 - 2 * ((u7 & u18) | (u3 & (u7 | u18)))
            + v17 + v19 + v10 - 2 * ((v17 & v19) | (v10 & (v17 | v19)))) & 4294967295 FROM (
          SELECT w, uu >> 7 AS u7, uu >> 18 AS u18, u >> 3 AS u3, vv >> 17 AS v17, vv >> 19 AS v19, v >> 10 AS v10
          FROM (
            SELECT w0 + w9 AS w, w1 AS u, w14 AS v, w1 | ((w1 & 262143) << 32) AS uu,
              w14 | ((w14 & 524287) << 32) AS vv)))
      FROM round WHERE t < 64)
    SELECT NEW.chain_seq,
      (((r.ae >> 32) + (h.ae >> 32)) & 4294967295) << 32 | (((r.ae & 4294967295) + (h.ae & 4294967295)) & 4294967295),
      (((r.bf >> 32) + (h.bf >> 32)) & 4294967295) << 32 | (((r.bf & 4294967295) + (h.bf & 4294967295)) & 4294967295),
      (((r.cg >> 32) + (h.cg >> 32)) & 4294967295) << 32 | (((r.cg & 4294967295) + (h.cg & 4294967295)) & 4294967295),
      (((r.dh >> 32) + (h.dh >> 32)) & 4294967295) << 32 | (((r.dh & 4294967295) + (h.dh & 4294967295)) & 4294967295)
    FROM round r JOIN audit_head h ON h.organization_id = NEW.organization_id WHERE r.t = 64)
  WHERE organization_id = NEW.organization_id;

  UPDATE audit_log SET hash = (
    SELECT printf('%08x%08x%08x%08x%08x%08x%08x%08x', (h.ae >> 32) & 4294967295, (h.bf >> 32) & 4294967295,
      (h.cg >> 32) & 4294967295, (h.dh >> 32) & 4294967295, h.ae & 4294967295, h.bf & 4294967295,
      h.cg & 4294967295, h.dh & 4294967295)
    FROM audit_head h WHERE h.organization_id = NEW.organization_id)
  WHERE organization_id = NEW.organization_id AND chain_seq = NEW.chain_seq;
END;

-- Against our own mistakes. Whoever means harm takes these away first.
CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log WHEN OLD.hash NOT LIKE '[%' BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
