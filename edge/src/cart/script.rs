//! The one script that changes a cart, so that parallel changes all land and none reads what another
//! is about to write.
//!
//! A cart is one Redis hash:
//!
//! | field | value |
//! |---|---|
//! | `meta` | the JSON the cart was created with; the script looks for a text in it, and no further |
//! | `version` | 1 when created, 1 more with each change |
//! | `next` | the number of the line added last |
//! | `q:<variant>` | units of the line |
//! | `n:<variant>` | number of the line, by which lines are ordered |
//! | `s:<variant>` | JSON snapshot of the variant; the script does not look into it |
//! | `codes` | JSON of the codes that were entered, if ever any were; the script does not look into it |
//!
//! The first three fields, `codes` and three a line are all there is; the script counts lines by that, with or without
//! `codes`.
//!
//! Keys: the cart, and, where the request has an idempotency key, the record of its first answer. One
//! key, or an empty second one, means there is none. On a Redis cluster both must hash to one slot: give
//! them a common `{tag}`.
//!
//! Arguments: operation, lifetime of the cart in seconds, fingerprint of the request, expected version
//! (empty: any), and then
//!
//! | operation | arguments |
//! |---|---|
//! | `create` | meta |
//! | `add` | variant, units, snapshot, most units of a line, most lines, a text that `meta` must have (empty: any) |
//! | `set` | variant, units (0 takes the line away), most units of a line; the snapshot stays as it is |
//! | `remove` | variant |
//! | `codes` | codes, in the place of those before |
//!
//! Answers: a status, then what belongs to it. Refusals change nothing and are not recorded.
//!
//! | status | then |
//! |---|---|
//! | `ok` | the fields and values of the cart after the change, in no order |
//! | `replayed` | those of the first answer to this idempotency key, exactly |
//! | `exists` | `create` of a cart that is there |
//! | `missing` | the cart is not there, or no longer |
//! | `no-line` | the cart has no line of the variant |
//! | `version` | the cart's version, which is not the expected one |
//! | `meta` | the cart's meta, which has not the text |
//! | `over-quantity` | the units the line would hold |
//! | `over-lines` | |
//! | `idempotency-mismatch` | the key was used for a request of another fingerprint |

use crate::port::kv::{self, Reply, Script, ScriptStore};

pub static CART: Script = Script { name: "cart", lua: LUA, native };

/// How long a first answer is kept for replays: a day, in seconds. The Lua says the same.
const RECORD_LIFETIME: &str = "86400";

/// Redis takes about 8,000 arguments from a script at once.
const LUA: &str = r#"
local cart, record = KEYS[1], KEYS[2] or ''
local operation, lifetime, fingerprint, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local variant = ARGV[5] or ''

local function whole(text)
  if text and #text <= 9 and string.match(text, '^%d+$') then return tonumber(text) end
end

local function wrong(what)
  return redis.error_reply('ERR cart script: ' .. what)
end

if not whole(lifetime) or whole(lifetime) == 0 then return wrong('lifetime') end
if record ~= '' then
  local first = redis.call('LRANGE', record, 0, -1)
  if #first > 0 then
    if first[1] ~= fingerprint then return {'idempotency-mismatch'} end
    first[1] = 'replayed'
    return first
  end
end

if operation == 'create' then
  if redis.call('EXISTS', cart) == 1 then return {'exists'} end
  redis.call('HSET', cart, 'meta', ARGV[5] or '', 'version', 1, 'next', 0)
else
  local version = redis.call('HGET', cart, 'version')
  if not version then return {'missing'} end
  if expected ~= '' and expected ~= version then return {'version', version} end
  local held = redis.call('HGET', cart, 'q:' .. variant)

  if operation == 'add' then
    local units, most, lines = whole(ARGV[6]), whole(ARGV[8]), whole(ARGV[9])
    if not units or units == 0 or not most or not lines then return wrong('units') end
    local meta = redis.call('HGET', cart, 'meta') or ''
    if not string.find(meta, ARGV[10] or '', 1, true) then return {'meta', meta} end
    local total = (held or 0) + units
    if total > most then return {'over-quantity', string.format('%d', total)} end
    if not held then
      if (redis.call('HLEN', cart) - 3) / 3 >= lines then return {'over-lines'} end
      redis.call('HSET', cart, 'n:' .. variant, redis.call('HINCRBY', cart, 'next', 1))
    end
    redis.call('HSET', cart, 'q:' .. variant, total, 's:' .. variant, ARGV[7])
  elseif operation == 'set' or operation == 'remove' then
    if not held then return {'no-line'} end
    local units, most = 0, 0
    if operation == 'set' then
      units, most = whole(ARGV[6]), whole(ARGV[7])
      if not units or not most then return wrong('units') end
    end
    if units > most then return {'over-quantity', string.format('%d', units)} end
    if units == 0 then
      redis.call('HDEL', cart, 'q:' .. variant, 'n:' .. variant, 's:' .. variant)
    else
      redis.call('HSET', cart, 'q:' .. variant, units)
    end
  elseif operation == 'codes' then
    redis.call('HSET', cart, 'codes', ARGV[5] or '')
  else
    return wrong('operation')
  end
  redis.call('HINCRBY', cart, 'version', 1)
end

redis.call('EXPIRE', cart, lifetime)
local answer = redis.call('HGETALL', cart)
if record ~= '' then
  redis.call('RPUSH', record, fingerprint)
  for from = 1, #answer, 1000 do
    redis.call('RPUSH', record, unpack(answer, from, math.min(from + 999, #answer)))
  end
  redis.call('EXPIRE', record, 86400)
end
table.insert(answer, 1, 'ok')
return answer
"#;

/// The Lua's twin, line by line.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    change(store, keys, args).unwrap_or_else(|answer| answer)
}

/// The `Err` is an early answer: a refusal, or an error of Redis'.
fn change(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let cart = word(keys, 0);
    let record = Some(word(keys, 1)).filter(|key| !key.is_empty());
    let (operation, lifetime, fingerprint, expected) = (word(args, 0), word(args, 1), word(args, 2), word(args, 3));
    if whole(lifetime).is_none_or(|seconds| seconds == 0) {
        return Err(wrong("lifetime"));
    }
    if let Some(record) = record {
        replay(store, record, fingerprint)?;
    }
    if operation == "create" {
        if store.tried(&["EXISTS", cart])? == Reply::Integer(1) {
            return Err(status("exists"));
        }
        store.tried(&["HSET", cart, "meta", word(args, 4), "version", "1", "next", "0"])?;
    } else {
        let Reply::Text(version) = store.tried(&["HGET", cart, "version"])? else { return Err(status("missing")) };
        if !expected.is_empty() && expected != version {
            return Err(statuses("version", version));
        }
        let line = Line::of(word(args, 4));
        let held = match store.tried(&["HGET", cart, &line.quantity])? {
            Reply::Text(held) => whole(&held),
            _ => None,
        };
        match operation {
            "add" => add(store, cart, &line, held, args)?,
            "set" => {
                held.ok_or_else(|| status("no-line"))?;
                let (units, most) = whole(word(args, 5)).zip(whole(word(args, 6))).ok_or_else(|| wrong("units"))?;
                set(store, cart, &line, units, most)?;
            }
            "remove" => {
                held.ok_or_else(|| status("no-line"))?;
                set(store, cart, &line, 0, 0)?;
            }
            "codes" => {
                store.tried(&["HSET", cart, "codes", word(args, 4)])?;
            }
            _ => return Err(wrong("operation")),
        }
        store.tried(&["HINCRBY", cart, "version", "1"])?;
    }
    store.tried(&["EXPIRE", cart, lifetime])?;
    let Reply::Array(mut answer) = store.tried(&["HGETALL", cart])? else { return Err(wrong("cart")) };
    if let Some(record) = record {
        let first = ["RPUSH", record, fingerprint];
        let words: Vec<&str> = first.into_iter().chain(answer.iter().filter_map(text)).collect();
        store.tried(&words)?;
        store.tried(&["EXPIRE", record, RECORD_LIFETIME])?;
    }
    answer.insert(0, Reply::text("ok"));
    Ok(Reply::Array(answer))
}

fn replay(store: &mut dyn ScriptStore, record: &str, fingerprint: &str) -> Result<(), Reply> {
    let Reply::Array(mut first) = store.tried(&["LRANGE", record, "0", "-1"])? else { return Err(wrong("record")) };
    let Some(recorded) = first.first_mut() else { return Ok(()) };
    if *recorded != Reply::text(fingerprint) {
        return Err(status("idempotency-mismatch"));
    }
    *recorded = Reply::text("replayed");
    Err(Reply::Array(first))
}

fn add(store: &mut dyn ScriptStore, cart: &str, line: &Line, held: Option<u64>, args: &[String]) -> Result<(), Reply> {
    let units = whole(word(args, 5)).filter(|units| 0 < *units);
    let (most, lines) = (whole(word(args, 7)), whole(word(args, 8)));
    let (Some(units), Some(most), Some(lines)) = (units, most, lines) else { return Err(wrong("units")) };
    let meta = match store.tried(&["HGET", cart, "meta"])? {
        Reply::Text(meta) => meta,
        _ => String::new(),
    };
    if !meta.contains(word(args, 9)) {
        return Err(statuses("meta", meta));
    }
    let total = held.unwrap_or(0).saturating_add(units);
    if most < total {
        return Err(statuses("over-quantity", total.to_string()));
    }
    if held.is_none() {
        let Reply::Integer(fields) = store.tried(&["HLEN", cart])? else { return Err(wrong("cart")) };
        if u64::try_from((fields - 3) / 3).unwrap_or(0) >= lines {
            return Err(status("over-lines"));
        }
        let Reply::Integer(number) = store.tried(&["HINCRBY", cart, "next", "1"])? else { return Err(wrong("cart")) };
        store.tried(&["HSET", cart, &line.number, &number.to_string()])?;
    }
    store.tried(&["HSET", cart, &line.quantity, &total.to_string(), &line.snapshot, word(args, 6)])?;
    Ok(())
}

fn set(store: &mut dyn ScriptStore, cart: &str, line: &Line, units: u64, most: u64) -> Result<(), Reply> {
    if most < units {
        return Err(statuses("over-quantity", units.to_string()));
    }
    if units == 0 {
        store.tried(&["HDEL", cart, &line.quantity, &line.number, &line.snapshot])?;
        return Ok(());
    }
    store.tried(&["HSET", cart, &line.quantity, &units.to_string()])?;
    Ok(())
}

/// The fields of one line.
struct Line {
    quantity: String,
    number: String,
    snapshot: String,
}

impl Line {
    fn of(variant: &str) -> Line {
        Line { quantity: format!("q:{variant}"), number: format!("n:{variant}"), snapshot: format!("s:{variant}") }
    }
}

/// Units: digits only, nine at most.
fn whole(text: &str) -> Option<u64> {
    kv::whole(text, 9).and_then(|units| units.try_into().ok())
}

fn word(words: &[String], index: usize) -> &str {
    words.get(index).map_or("", String::as_str)
}

fn text(reply: &Reply) -> Option<&str> {
    if let Reply::Text(text) = reply { Some(text) } else { None }
}

fn status(status: &str) -> Reply {
    Reply::Array(vec![Reply::text(status)])
}

fn statuses(status: &str, detail: String) -> Reply {
    Reply::Array(vec![Reply::text(status), Reply::Text(detail)])
}

fn wrong(what: &str) -> Reply {
    Reply::Error(format!("ERR cart script: {what}"))
}
