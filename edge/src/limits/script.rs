//! The one script that decides on a request: it takes units from several buckets or from none, and tells what else
//! Redis is asked for, so that all of it costs one round trip: which of the caller's credentials are revoked, and the
//! answer that isolates share.
//!
//! Keys: buckets, then values, the last of which is the [`Epoch`]'s. A bucket is a string, the moment it is full
//! again in microseconds of UTC ([`Bucket`](headlesspro_shared::limits::Bucket)); it ends when it is full. A value is a
//! string that the script does not look into: first come the revocations of the caller's credentials, each the moment
//! before which one is void; then, where isolates share answers, the place of an answer and the version of the catalog
//! that was written last ([`Address::keys`](crate::cache::pages::Address::keys)). The epoch is the moment of the first
//! call that found none; it has no end.
//! The keys belong to different tenants and people, so they hash to any slot: not for a Redis cluster.
//!
//! Arguments: the moment in milliseconds of UTC, the number of buckets, and for each bucket four:
//! microseconds in which a unit comes back, the most units at once, units needed, units wanted.
//!
//! Answers: `taken` or `refused`; for each bucket the units taken and the microseconds until it is full
//! again; each value, or nil. A bucket gives what is wanted up to half of what it has,
//! and what is needed in any case. Where one lacks what is needed, `refused`, and no bucket is touched.
//!
//! The time is the caller's, whose leases run by the same clock. One that is ahead can empty a bucket and no
//! more than that: whatever a bucket says, it counts as full again after the time that an empty one needs.

use headlesspro_shared::identity::Epoch;
use headlesspro_shared::kernel::gcra::{self, Limit};
use headlesspro_shared::kernel::time::Timestamp;

use crate::port::kv::{self, Reply, Script, ScriptStore};

/// Numbers stay below 2^53, so Lua's floats hold them exactly; they are written with `%.0f`, since Lua's own
/// way loses digits.
macro_rules! limits_lua {
    () => {
        r#"
local function whole(text, most)
  if text and #text <= 13 and string.match(text, '^%d+$') then
    local number = tonumber(text)
    if number <= most then return number end
  end
end

local function wrong(what)
  return redis.error_reply('ERR limits script: ' .. what)
end

local millis = whole(ARGV[1], 4500000000000)
local count = whole(ARGV[2], 100)
if not millis then return wrong('moment') end
if not count or count > #KEYS or #ARGV ~= 2 + 4 * count then return wrong('buckets') end
local now = millis * 1000

local values = {}
for at = count + 1, #KEYS do
  values[at - count] = redis.call('GET', KEYS[at])
end
local answer, changes, taken = {'taken'}, {}, true
for at = 1, count do
  local base = 4 * at - 1
  local interval, burst = whole(ARGV[base], 86400000000), whole(ARGV[base + 1], 1000000)
  local needed, wanted = whole(ARGV[base + 2], 1000000), whole(ARGV[base + 3], 1000000)
  if not interval or interval == 0 or not burst or burst == 0 or interval * burst > 86400000000 then
    return wrong('limit')
  end
  if not needed or not wanted then return wrong('units') end
  local full = redis.call('GET', KEYS[at]) or '0'
  if #full > 16 or not string.match(full, '^%d+$') then return wrong('bucket') end

  local capacity = interval * burst
  local owed = math.min(math.max(tonumber(full) - now, 0), capacity)
  local available = math.floor((capacity - owed) / interval)
  local units = math.max(needed, math.min(wanted, math.floor(available / 2)))
  if available < needed then taken = false end
  answer[2 * at], answer[2 * at + 1] = units, owed + units * interval
  changes[at] = {units, owed, owed + units * interval}
end

for at = 1, count do
  local units, before, after = changes[at][1], changes[at][2], changes[at][3]
  if not taken then
    answer[2 * at], answer[2 * at + 1] = 0, before
  elseif units > 0 then
    redis.call('SET', KEYS[at], string.format('%.0f', now + after), 'PX', string.format('%.0f', math.ceil(after / 1000)))
  end
end
if not taken then answer[1] = 'refused' end
if #values > 0 then
  local epoch = whole(values[#values], 9999999999999)
  if not epoch or epoch > millis + 60000 then
    values[#values] = ARGV[1]
    redis.call('SET', KEYS[#KEYS], ARGV[1])
  end
end
for at = 1, #values do
  answer[1 + 2 * count + at] = values[at]
end
return answer
"#
    };
}
pub(crate) use limits_lua;

/// The key of the epoch. Like a revocation's, and no tenant's.
pub const EPOCH: &str = "rev:epoch";

pub static LIMITS: Script = Script { name: "limits", lua: limits_lua!(), native };

/// One bucket in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub key: String,
    pub limit: Limit,
    pub needed: u32,
    pub wanted: u32,
}

/// The script's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether all buckets had what was needed.
    pub is_taken: bool,
    /// For each bucket, the units taken and the microseconds until it is full again.
    pub buckets: Vec<(u32, i64)>,
    /// What is at each key that was asked for beside the buckets: the revocations, then what isolates share.
    pub values: Vec<Option<String>>,
    /// What was issued before may have been revoked, and nobody knows.
    pub void_before: Timestamp,
}

/// Keys and arguments of one call, which tells what is at the keys of `values`.
pub fn call(now: Timestamp, asks: &[Ask], values: &[String]) -> (Vec<String>, Vec<String>) {
    let mut keys: Vec<String> = asks.iter().map(|ask| &ask.key).chain(values).cloned().collect();
    keys.push(EPOCH.to_owned());
    let mut args = vec![now.millis().to_string(), asks.len().to_string()];
    for ask in asks {
        let (interval, burst) = (ask.limit.interval_micros().to_string(), ask.limit.burst().to_string());
        args.extend([interval, burst, ask.needed.to_string(), ask.wanted.to_string()]);
    }
    (keys, args)
}

/// Reads the answer to a call of `now` with so many buckets and values. `None`: it is none.
pub fn answer(reply: &Reply, asks: usize, values: usize, now: Timestamp) -> Option<Answer> {
    let Reply::Array(items) = reply else { return None };
    let (status, rest) = items.split_first()?;
    let is_taken = match status {
        Reply::Text(status) if status == "taken" => true,
        Reply::Text(status) if status == "refused" => false,
        _ => return None,
    };
    let (buckets, rest) = rest.split_at_checked(asks.checked_mul(2)?)?;
    let buckets = buckets.chunks_exact(2).map(|pair| match pair {
        [Reply::Integer(units), Reply::Integer(owed)] => Some((u32::try_from(*units).ok()?, *owed)),
        _ => None,
    });
    let (epoch, rest) = rest.split_last()?;
    let Reply::Text(epoch) = epoch else { return None };
    let void_before = Epoch::read(epoch, now)?.void_before();
    let found = rest.iter().map(|value| match value {
        Reply::Nil => Some(None),
        Reply::Text(value) => Some(Some(value.clone())),
        _ => None,
    });
    let (buckets, found) = (buckets.collect::<Option<_>>()?, found.collect::<Option<_>>()?);
    let answer = Answer { is_taken, buckets, values: found, void_before };
    (answer.values.len() == values).then_some(answer)
}

/// The Lua's twin.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    decide(store, keys, args).unwrap_or_else(|error| error)
}

/// A bucket as it was asked for and found: microseconds, and units.
struct Found<'a> {
    key: &'a str,
    interval: i64,
    /// Until an empty one is full.
    capacity: i64,
    full: i64,
    available: i64,
    needed: i64,
    wanted: i64,
}

/// The `Err` is an error of Redis'.
fn decide(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let millis = args.first().and_then(|text| whole(text, 4_500_000_000_000)).ok_or_else(|| wrong("moment"))?;
    let moment = Timestamp::from_millis(millis);
    let now = gcra::micros(moment);
    let count = args.get(1).and_then(|text| whole(text, 100)).and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or_else(|| wrong("buckets"))?;
    let (buckets, values) = keys.split_at_checked(count).ok_or_else(|| wrong("buckets"))?;
    let limits = args.get(2..).unwrap_or_default();
    if limits.len() != count * 4 {
        return Err(wrong("buckets"));
    }
    let mut told = Vec::with_capacity(values.len());
    for key in values {
        told.push(store.tried(&["GET", key])?);
    }
    let mut found = Vec::with_capacity(count);
    for (key, limit) in buckets.iter().zip(limits.chunks_exact(4)) {
        found.push(find(store, key, limit, now)?);
    }
    let is_taken = found.iter().all(|one| one.needed <= one.available);
    let mut answer = vec![Reply::text(if is_taken { "taken" } else { "refused" })];
    for one in &found {
        let units = if is_taken { one.needed.max(one.wanted.min(one.available / 2)) } else { 0 };
        let full = gcra::arrive(one.full, now, one.interval, one.capacity, units).tat;
        if 0 < units {
            let life = u64::try_from(full - now).unwrap_or(0).div_ceil(1_000).to_string();
            store.tried(&["SET", one.key, &full.to_string(), "PX", &life])?;
        }
        answer.extend([Reply::Integer(units), Reply::Integer(full - now)]);
    }
    if let Some((key, kept)) = values.last().zip(told.last_mut()) {
        let begun = args.first().map_or("", String::as_str);
        if !matches!(kept, Reply::Text(text) if Epoch::read(text, moment).is_some()) {
            *kept = Reply::text(begun);
            store.tried(&["SET", key, begun])?;
        }
    }
    answer.extend(told);
    Ok(Reply::Array(answer))
}

fn find<'a>(store: &mut dyn ScriptStore, key: &'a str, args: &[String], now: i64) -> Result<Found<'a>, Reply> {
    let [interval, burst, needed, wanted] = args else { return Err(wrong("limit")) };
    let limit = whole(interval, 86_400_000_000).zip(whole(burst, 1_000_000));
    let limit = limit.filter(|(interval, burst)| (1..=86_400_000_000).contains(&(interval * burst)));
    let (interval, burst) = limit.ok_or_else(|| wrong("limit"))?;
    let units = whole(needed, 1_000_000).zip(whole(wanted, 1_000_000));
    let (needed, wanted) = units.ok_or_else(|| wrong("units"))?;
    let full = match store.tried(&["GET", key])? {
        Reply::Text(full) if full.len() <= 16 && is_digits(&full) => full.parse().map_err(|_| wrong("bucket"))?,
        Reply::Text(_) => return Err(wrong("bucket")),
        _ => 0,
    };
    let capacity = interval * burst;
    let owed = gcra::arrive(full, now, interval, capacity, 0).tat - now;
    let available = (capacity - owed) / interval;
    Ok(Found { key, interval, capacity, full, available, needed, wanted })
}

fn whole(text: &str, most: i64) -> Option<i64> {
    kv::whole(text, 13).filter(|number| *number <= most)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn wrong(what: &str) -> Reply {
    Reply::Error(format!("ERR limits script: {what}"))
}
