//! What the port carries: any text, at any size we use, one answer a command, and time.

use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::kv::{Command, KvError, Reply};

use super::notation::command;
use super::{adapters, run, run_all};

#[tokio::test(flavor = "multi_thread")]
async fn every_text_comes_back_as_it_went() {
    let mut every_character: String = ('\0'..='\u{ffff}').step_by(7).collect();
    every_character.push_str("😀\u{10ffff}");
    let texts = [
        String::new(),
        "OK".to_owned(),
        "null".to_owned(),
        "+1 -2 $3 *4 :5\r\n".to_owned(),
        "{\"result\":\"x\"}".to_owned(),
        "b2s=".to_owned(),
        "\u{0}\u{1f}\u{7f}\u{2028}\"\\/".to_owned(),
        every_character,
        "x".repeat(1024 * 1024),
    ];
    for adapter in adapters::all().await {
        for text in &texts {
            let shown: String = text.chars().take(20).collect();
            for words in [["SET", "text", text], ["SADD", text, text]] {
                let reply = adapter.kv.command(Command::new(words)).await.unwrap();
                assert!(!matches!(reply, Reply::Error(_)), "{}: {shown:?}: {reply:?}", adapter.name);
            }
            assert!(run(&*adapter.kv, "GET text").await == Reply::text(text), "{}: {shown:?}", adapter.name);
            let members = adapter.kv.command(Command::new(["SMEMBERS", text])).await.unwrap();
            assert!(members == Reply::Array(vec![Reply::text(text)]), "{}: {shown:?}", adapter.name);
            // A lone status and a value that reads the same are both text.
            let echoed = adapter.kv.pipeline(vec![Command::new(["ECHO", text]), command("PING")]).await.unwrap();
            assert!(echoed == [Reply::text(text), Reply::text("PONG")], "{}: {shown:?}", adapter.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn integers_come_back_whole() {
    for adapter in adapters::all().await {
        for number in [0, -1, i64::MAX, i64::MIN, (1 << 53) + 1] {
            run(&*adapter.kv, "DEL n").await;
            let reply = run(&*adapter.kv, &format!("INCRBY n {number}")).await;
            assert_eq!(reply, Reply::Integer(number), "{}", adapter.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_answers_each_command_in_order_whatever_fails() {
    for adapter in adapters::all().await {
        let replies = run_all(&*adapter.kv, &["SET k v", "HGET k f", "nosuch", "GET", "INCR n", "HGETALL none"]).await;
        let wrong = |text: &str| Reply::Error(text.to_owned());
        assert_eq!(
            replies,
            [
                Reply::ok(),
                wrong("WRONGTYPE Operation against a key holding the wrong kind of value"),
                wrong("ERR unknown command 'nosuch', with args beginning with: "),
                wrong("ERR wrong number of arguments for 'get' command"),
                Reply::Integer(1),
                Reply::Array(vec![]),
            ],
            "{}",
            adapter.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_none_or_many_commands_is_answered() {
    for adapter in adapters::all().await {
        assert_eq!(adapter.kv.pipeline(vec![]).await, Ok(vec![]), "{}", adapter.name);
        assert_eq!(adapter.kv.transaction(vec![]).await, Ok(vec![]), "{}", adapter.name);
        let many: Vec<Command> = (0..2_000).map(|_| command("INCR n")).collect();
        let counted: Vec<Reply> = (1..=2_000).map(Reply::Integer).collect();
        assert!(adapter.kv.pipeline(many).await.unwrap() == counted, "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_words_is_refused_before_anything_runs() {
    for adapter in adapters::all().await {
        let lines = || vec![command("SET k v"), Command(vec![])];
        let refused = KvError::Refused("ERR empty command".to_owned());
        assert_eq!(adapter.kv.pipeline(lines()).await, Err(refused.clone()), "{}", adapter.name);
        assert_eq!(adapter.kv.transaction(lines()).await, Err(refused.clone()), "{}", adapter.name);
        assert_eq!(adapter.kv.pipeline(vec![Command(vec![])]).await, Err(refused), "{}", adapter.name);
        assert_eq!(run(&*adapter.kv, "EXISTS k").await, Reply::Integer(0), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_runs_on_past_an_error_and_not_at_all_past_a_mistake() {
    for adapter in adapters::all().await {
        let group = |lines: &[&str]| adapter.kv.transaction(lines.iter().map(|line| command(line)).collect());
        let name = adapter.name;
        let replies = group(&["SET k v", "INCR k", "GET k", "HGETALL none", "GET none"]).await.unwrap();
        let not_a_number = Reply::Error("ERR value is not an integer or out of range".to_owned());
        let expected = [Reply::ok(), not_a_number, Reply::text("v"), Reply::Array(vec![]), Reply::Nil];
        assert_eq!(replies, expected, "{name}");
        assert_eq!(group(&["GET k"]).await.unwrap(), [Reply::text("v")], "{name}");

        for mistake in ["nosuch", "GET", "SET k", "SUBSCRIBE channel", "MULTI"] {
            let aborted = "EXECABORT Transaction discarded because of previous errors.".to_owned();
            assert_eq!(group(&["SET k other", mistake]).await, Err(KvError::Refused(aborted)), "{name}: {mistake}");
        }
        assert_eq!(run(&*adapter.kv, "GET k").await, Reply::text("v"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_take_the_connection_are_refused_and_harm_nobody() {
    for adapter in adapters::all().await {
        for line in ["SUBSCRIBE c", "multi", "BLPOP none 0", "MONITOR", "SELECT 1", "CLIENT REPLY OFF", "WATCH k"] {
            let reply = run(&*adapter.kv, line).await;
            assert!(matches!(reply, Reply::Error(_)), "{}: {line}: {reply:?}", adapter.name);
        }
        assert_eq!(
            run_all(&*adapter.kv, &["PING", "WATCH k", "PING"]).await[2],
            Reply::text("PONG"),
            "{}",
            adapter.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_end_with_their_time() {
    for adapter in adapters::all().await {
        let name = adapter.name;
        run_all(&*adapter.kv, &["SET short v PX 150", "SET long v PX 60000", "HSET h f v", "PEXPIRE h 150"]).await;
        assert_eq!(run(&*adapter.kv, "EXISTS short long h").await, Reply::Integer(3), "{name}");
        tokio::time::sleep(Duration::from_millis(250)).await;
        let replies = run_all(&*adapter.kv, &["GET short", "GET long", "HGETALL h", "TTL short", "DBSIZE"]).await;
        let expected = [Reply::Nil, Reply::text("v"), Reply::Array(vec![]), Reply::Integer(-2)];
        assert_eq!(replies[..4], expected, "{name}");
        assert_eq!(run(&*adapter.kv, "TYPE h").await, Reply::text("none"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_knows_the_time() {
    for adapter in adapters::all().await {
        let Reply::Array(time) = run(&*adapter.kv, "TIME").await else { panic!() };
        let [Reply::Text(seconds), Reply::Text(micros)] = time.as_slice() else { panic!("{time:?}") };
        let (seconds, micros): (i64, u32) = (seconds.parse().unwrap(), micros.parse().unwrap());
        let now = SystemClock.now().millis() / 1_000;
        assert!((now - 5..=now).contains(&seconds) && micros < 1_000_000, "{}: {seconds} {micros}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_over_all_keys_meets_each() {
    for adapter in adapters::all().await {
        let keys: Vec<String> = (0..300).map(|number| format!("walk:{number:03}")).collect();
        let set = keys.iter().map(|key| Command::new(["SET", key, "1"])).chain([command("SET other 1")]);
        adapter.kv.pipeline(set.collect()).await.unwrap();
        let (mut cursor, mut met) = ("0".to_owned(), std::collections::BTreeSet::new());
        loop {
            let reply = run(&*adapter.kv, &format!("SCAN {cursor} MATCH walk:* COUNT 20")).await;
            let Reply::Array(answer) = reply else { panic!("{reply:?}") };
            let [Reply::Text(next), Reply::Array(found)] = answer.as_slice() else { panic!("{answer:?}") };
            met.extend(found.iter().map(|key| match key {
                Reply::Text(key) => key.clone(),
                other => panic!("{other:?}"),
            }));
            cursor.clone_from(next);
            if cursor == "0" {
                break;
            }
        }
        assert!(met.into_iter().eq(keys), "{}", adapter.name);
    }
}
