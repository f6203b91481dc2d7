//! What of a store's catalog was written lately, in Redis: for isolates that share answers there
//! ([`pages`](super::pages)) and have not heard of the writes.
//!
//! A line for each write, the newest first: its version, and the tags of what it touched behind a blank, with commas
//! between; without tags it may have touched anything. Writers tell it after their responses, in any order and some of
//! them twice. Two writes of one version, which there are where a database was put back, may have touched anything.
//!
//! Keys: the store's. Arguments: the version, for how many milliseconds all of it is known, and the tags, which may be
//! empty.
//!
//! Answers: the version.

use std::time::Duration;

use headlesspro_shared::kernel::id::StoreId;

use super::millis;
use crate::port::kv::{Kv, KvError, Reply, Script, ScriptStore, whole};

/// Longer than any answer is shown.
const WRITTEN_FOR: Duration = Duration::from_secs(120);

/// Writes that are remembered. Whoever asks for an answer is sent all of it.
const MOST_LINES: usize = 16;

/// Of one write. What touched more may have touched anything.
const MOST_TAG_BYTES: usize = 256;

/// What does not read back is left out: no answer passes beside it.
pub static WRITTEN: Script = Script {
    name: "written",
    lua: r#"
local function whole(text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
end

local version, life, tags = whole(ARGV[1]), whole(ARGV[2]), ARGV[3]
if not KEYS[1] or not version or not life or life == 0 or not tags or #tags > 256 or string.find(tags, '%s') then
  return redis.error_reply('ERR written script: version')
end
local told = ARGV[1]
if tags ~= '' then told = told .. ' ' .. tags end
local lines = {}
for line in string.gmatch(redis.call('GET', KEYS[1]) or '', '[^\n]+') do
  local known = whole(string.match(line, '^(%d+)$') or string.match(line, '^(%d+) %S+$'))
  if known then
    if told and known <= version then
      if known < version then lines[#lines + 1] = told elseif line ~= told then line = ARGV[1] end
      told = nil
    end
    lines[#lines + 1] = line
  end
end
if told then lines[#lines + 1] = told end
redis.call('SET', KEYS[1], table.concat(lines, '\n', 1, math.min(#lines, 16)), 'PX', ARGV[2])
return ARGV[1]
"#,
    native,
};

/// Where it is.
pub fn key(store: StoreId) -> String {
    format!("kept:{store}:written")
}

/// Tells isolates that have not heard of it that the catalog was written, and which answers that touched.
///
/// # Errors
/// [`KvError`]: they may not have been told.
pub async fn tell_written(kv: &dyn Kv, store: StoreId, version: i64, tags: &[String]) -> Result<(), KvError> {
    let tags = Some(tags.join(",")).filter(|tags| tags.len() <= MOST_TAG_BYTES).unwrap_or_default();
    let args = vec![version.to_string(), millis(WRITTEN_FOR).to_string(), tags];
    kv.script(&WRITTEN, vec![key(store)], args).await.map(drop)
}

/// Up to which version an answer holds that was read at `version` and has these tags, as far as was told in `log`.
/// `None`: it was touched since, or that cannot be told.
pub fn holds_until(log: &str, version: i64, tags: &[String]) -> Option<i64> {
    let mut newest = None;
    let mut missing = None;
    for line in log.lines() {
        let (known, touched) = line_of(line)?;
        if known <= version {
            break;
        }
        let is_next = missing.is_none_or(|missing| known == missing);
        let is_touched = touched.is_none_or(|touched| touched.split(',').any(|tag| tags.iter().any(|had| had == tag)));
        if !is_next || is_touched {
            return None;
        }
        newest = newest.or(Some(known));
        missing = known.checked_sub(1);
    }
    // All that was written after it was read is told of.
    missing.is_none_or(|missing| missing == version).then_some(newest.unwrap_or(version))
}

/// The version and the tags of one write.
fn line_of(line: &str) -> Option<(i64, Option<&str>)> {
    let (version, tags) = match line.split_once(' ') {
        None => (line, None),
        Some((version, tags)) => (version, Some(tags)),
    };
    let is_whole =
        tags.is_none_or(|tags| !tags.is_empty() && !tags.contains(|letter: char| letter.is_ascii_whitespace()));
    whole(version, 15).filter(|_| is_whole && !version.is_empty()).map(|version| (version, tags))
}

/// The Lua's twin.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    add(store, keys, args).unwrap_or_else(|error| error)
}

/// The `Err` is an error of Redis'.
fn add(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let wrong = || Reply::Error("ERR written script: version".to_owned());
    let (Some(key), [text, life, tags, ..]) = (keys.first(), args) else { return Err(wrong()) };
    whole(life, 15).filter(|life| 0 < *life).ok_or_else(wrong)?;
    let line = if tags.is_empty() { text.clone() } else { format!("{text} {tags}") };
    let (version, _) = line_of(&line).filter(|_| tags.len() <= MOST_TAG_BYTES).ok_or_else(wrong)?;
    let there = match store.tried(&["GET", key])? {
        Reply::Text(there) => there,
        _ => String::new(),
    };
    let mut lines: Vec<(i64, &str)> =
        there.split('\n').filter_map(|line| line_of(line).map(|(known, _)| (known, line))).collect();
    match lines.iter().position(|(known, _)| *known <= version) {
        None => lines.push((version, &line)),
        Some(at) => match lines.get_mut(at) {
            Some((known, there)) if *known == version => {
                if *there != line {
                    *there = text;
                }
            }
            _ => lines.insert(at, (version, &line)),
        },
    }
    let lines: Vec<&str> = lines.into_iter().take(MOST_LINES).map(|(_, line)| line).collect();
    store.tried(&["SET", key, &lines.join("\n"), "PX", life])?;
    Ok(Reply::text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_write_has_touched_holds_until_the_last() {
        let tags = ["prod_1".to_owned(), "products-s".to_owned()];
        let holds = |log: &str, version| holds_until(log, version, &tags);
        assert_eq!(holds("9 prod_2\n8 prod_3,prod_4", 7), Some(9));
        assert_eq!(holds("9 prod_2\n8 prod_1\n7 prod_3", 8), Some(9), "touched before it was read");
        assert_eq!(holds("9 prod_2\n8 prod_3,products-s", 7), None);
        assert_eq!(holds("9 prod_2\n8", 7), None, "anything may be touched");
        assert_eq!(holds("9 prod_2\n7 prod_3", 7), None, "8 was not told of");
        assert_eq!(holds("9 prod_2", 7), None);
        assert_eq!((holds("", 7), holds("7", 7), holds("6 prod_1", 7)), (Some(7), Some(7), Some(7)));
        for wrong in ["soon", "9 prod_2\n\n8 prod_3", "9  prod_2", "9 prod_2 prod_3", " 8", "-9 prod_2"] {
            assert_eq!(holds(wrong, 7), None, "{wrong}");
        }
    }
}
