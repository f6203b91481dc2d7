//! Upstash's JSON, read straight into replies.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::port::kv::{KvError, Reply};

/// One `{"result": ...}` or `{"error": "..."}`.
pub(super) fn reply(body: &[u8]) -> Result<Reply, KvError> {
    serde_json::from_slice(body).map(|Answer(reply)| reply).map_err(|error| garbage(&error))
}

/// A list of them.
pub(super) fn replies(body: &[u8]) -> Result<Vec<Reply>, KvError> {
    let answers: Vec<Answer> = serde_json::from_slice(body).map_err(|error| garbage(&error))?;
    Ok(answers.into_iter().map(|Answer(reply)| reply).collect())
}

fn garbage(error: &serde_json::Error) -> KvError {
    KvError::Garbage(error.to_string())
}

struct Answer(Reply);

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Answer, D::Error> {
        struct Envelope;

        impl<'de> Visitor<'de> for Envelope {
            type Value = Answer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `result` or `error`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
                let mut reply = None;
                while let Some(name) = map.next_key::<&str>()? {
                    match name {
                        "result" => reply = Some(map.next_value::<Value>()?.0),
                        "error" => reply = map.next_value::<Option<String>>()?.map(Reply::Error).or(reply),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                reply.map(Answer).ok_or_else(|| A::Error::custom("neither `result` nor `error`"))
            }
        }

        deserializer.deserialize_map(Envelope)
    }
}

struct Value(Reply);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null, a number, a string or an array")
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value(Reply::Nil))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
                Ok(Value(Reply::Integer(number)))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
                Ok(Value(i64::try_from(number).map_or_else(|_| Reply::Text(number.to_string()), Reply::Integer)))
            }

            // Redis' own protocol has no float: where Upstash gives one, Redis gives its text.
            fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
                Ok(Value(Reply::Text(number.to_string())))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value(Reply::text(text)))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
                Ok(Value(Reply::Text(text)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut replies = Vec::new();
                while let Some(Value(reply)) = items.next_element()? {
                    replies.push(reply);
                }
                Ok(Value(Reply::Array(replies)))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_is_read() {
        let body = br#"[{"result":"OK"},{"result":null},{"result":-7},{"result":["a",null,[1,"\u00fc\n"]]},
            {"error":"ERR x"},{"extra":{"a":[1]},"result":9223372036854775808}]"#;
        let array =
            Reply::Array(vec![Reply::text("a"), Reply::Nil, Reply::Array(vec![Reply::Integer(1), Reply::text("ü\n")])]);
        assert_eq!(
            replies(body).unwrap(),
            [
                Reply::ok(),
                Reply::Nil,
                Reply::Integer(-7),
                array,
                Reply::Error("ERR x".to_owned()),
                Reply::text("9223372036854775808"),
            ]
        );
    }

    #[test]
    fn what_is_not_an_answer_is_garbage() {
        let deep = format!("{{\"result\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for body in ["", "{", "{}", "null", "\"OK\"", "[]", "{\"result\":{}}", "{\"result\":1}x", &deep] {
            assert!(matches!(reply(body.as_bytes()), Err(KvError::Garbage(_))), "{body:.40}");
        }
        assert!(matches!(reply(b"{\"result\":\"\xff\"}"), Err(KvError::Garbage(_))));
    }
}
