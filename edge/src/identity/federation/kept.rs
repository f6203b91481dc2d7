//! What issuers publish, kept in Redis for all isolates: a cold one needs not ask the issuer, and a day long none
//! misses one that is away. Without Redis each isolate has what it remembers itself.
//!
//! Keys begin with `idp:{organization}:provider:document`. A hash of that name: `u` the address the document came
//! from, `d` its text, `f` when it was fetched, `s` when that was last done for a key it lacked, in milliseconds; it
//! ends when it may not be used any more. With `:failed`, when fetching failed last. With `:asked`, that somebody is
//! fetching it.

use std::time::Duration;

use futures_util::future::{Either, select};
use headlesspro_shared::identity::federation::{Document, NEWER_MILLIS, RETRY_MILLIS, STALE_MILLIS};
use headlesspro_shared::kernel::id::{IdentityProviderId, OrganizationId};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::{App, Ctx, Spent};
use crate::identity::store::provider::Provider;
use crate::port::kv::{Command, KvError, Reply};

/// A longer text is not kept, in bytes. Sets of keys have a few thousand.
const LONGEST: usize = 64 * 1024;

/// The longest that Redis is waited for.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Who asks, for whose provider: tenants share nothing.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub app: &'a App,
    pub spent: &'a Spent,
    pub organization: OrganizationId,
    pub provider: IdentityProviderId,
}

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Metadata,
    Keys,
}

/// A document as it is kept.
pub struct Kept {
    pub known: Document,
    pub text: Option<String>,
}

impl<'a> Asking<'a> {
    pub fn of(ctx: &'a Ctx, provider: &Provider) -> Asking<'a> {
        let organization = ctx.tenant().organization;
        Asking { app: ctx.app(), spent: ctx.spent(), organization, provider: provider.id }
    }

    /// What is kept of the document at `url`.
    pub async fn recall(self, which: Which, url: &str) -> Kept {
        let (document, failed) = (self.key(which, ""), self.key(which, ":failed"));
        let commands = vec![Command::new(["HGETALL", &document]), Command::new(["GET", &failed])];
        let mut kept = Kept { known: Document::default(), text: None };
        let Some(replies) = self.redis(commands).await else { return kept };
        let [Reply::Array(fields), failed] = replies.as_slice() else { return kept };
        let field = |name: &str| {
            fields.chunks_exact(2).find_map(|pair| match pair {
                [Reply::Text(field), Reply::Text(value)] if field == name => Some(value.as_str()),
                _ => None,
            })
        };
        let moment = |text: Option<&str>| text.and_then(|text| text.parse().ok()).map(Timestamp::from_millis);
        if field("u") == Some(url) {
            kept.known.fetched_at = moment(field("f"));
            kept.known.searched_at = moment(field("s"));
            kept.text = field("d").map(str::to_owned);
        }
        if let Reply::Text(failed) = failed {
            kept.known.failed_at = moment(Some(failed));
        }
        kept
    }

    /// Keeps what was fetched.
    pub async fn keep(self, which: Which, url: &str, known: &Document, text: &str) {
        let (Some(fetched_at), true) = (known.fetched_at, text.len() <= LONGEST) else { return };
        let key = self.key(which, "");
        let fetched_at = fetched_at.millis().to_string();
        let mut set = vec!["HSET", &key, "u", url, "d", text, "f", &fetched_at];
        let searched_at = known.searched_at.map(|moment| moment.millis().to_string());
        if let Some(searched_at) = &searched_at {
            set.extend(["s", searched_at]);
        }
        let set = Command(set.into_iter().map(str::to_owned).collect());
        let expire = Command::new(["PEXPIRE", &key, &STALE_MILLIS.to_string()]);
        self.redis(vec![set, expire, Command::new(["DEL", &self.key(which, ":failed")])]).await;
    }

    /// Tells the others that fetching it has just failed.
    pub async fn failed(self, which: Which, now: Timestamp) {
        let (key, now, life) = (self.key(which, ":failed"), now.millis().to_string(), RETRY_MILLIS.to_string());
        self.redis(vec![Command::new(["SET", &key, &now, "PX", &life])]).await;
    }

    /// Whether the caller shall fetch it: nobody else has begun to within the last moments. Without Redis everybody
    /// shall.
    pub async fn claims(self, which: Which, lacks_key: bool) -> bool {
        let (name, life) = if lacks_key { (":asked-for-key", NEWER_MILLIS) } else { (":asked", RETRY_MILLIS) };
        let claim = Command::new(["SET", &self.key(which, name), "1", "NX", "PX", &life.to_string()]);
        let replies = self.redis(vec![claim]).await;
        !replies.is_some_and(|replies| replies.first() == Some(&Reply::Nil))
    }

    fn key(self, which: Which, part: &str) -> String {
        let document = match which {
            Which::Metadata => "metadata",
            Which::Keys => "keys",
        };
        format!("idp:{{{}}}:{}:{document}{part}", self.organization, self.provider)
    }

    /// One round trip, unless Redis is known to be away. `None`: no answer.
    async fn redis(self, commands: Vec<Command>) -> Option<Vec<Reply>> {
        if self.app.limiter().is_alone() {
            return None;
        }
        self.spent.add_issuer();
        let asking = self.app.kv.pipeline(commands);
        let answer = match select(asking, self.app.clock.sleep(ANSWER_WITHIN)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(KvError::Timeout),
        };
        match answer {
            Ok(replies) => match replies.iter().find(|reply| matches!(reply, Reply::Error(_))) {
                None => return Some(replies),
                Some(error) => log::error!("an issuer's documents are not kept: {error:?}"),
            },
            Err(error) => log::warn!("an issuer's documents are not kept: {error}"),
        }
        None
    }
}
