//! The stories, told to a deployment that is there already. The environment says where, and what it has:
//!
//! - `HP_URL`, and `HP_OUR_PUBLISHABLE_KEY`, `HP_OUR_SECRET_KEY`, `HP_THEIR_PUBLISHABLE_KEY` and `HP_THEIR_SECRET_KEY` of
//!   two organizations, the first selling in EUR and the second in BHD. Without `HP_URL` all of it is ignored.
//! - `HP_HAS`, with commas between: `staff`, where both organizations have the accounts of [`STAFF`](crate::app::STAFF)
//!   with the password [`STAFF_PASSWORD`](crate::app::STAFF_PASSWORD) (`hp account create`); `files`, where there is a
//!   store of files; `sign-up`, where anybody may found an organization (`SIGN_UP`).
//! - `HP_MAILBOX`: the `/dev/mailbox` of the `hp dev` that gets the deployment's mail.
//!
//! A deployment on this machine is asked from as many addresses as are wanted. Any other is asked from one, hundreds of
//! times a second: deploy with `RATE_LIMITS` as [`UNLIMITED`](crate::hosts::UNLIMITED).
//!
//! What `hp dev` is without is made by `hp store create --currency BHD` and, for each shop and role,
//! `hp account create`; then nothing is ignored.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::port::mailer::memory::Mailbox;
use headlesspro_edge::port::mailer::{Mail, Mailer};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::app;
use crate::stories::{Need, Story};
use crate::world::World;

/// How often its mailbox is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// All of them; those that nobody can tell there are ignored, and their kind says what is missing.
pub fn stories() -> Vec<Trial> {
    let deployment = Deployment::of_environment().map(Arc::new);
    let trial = |(name, story): (String, Story)| {
        let missing: Vec<&str> = match &deployment {
            None => vec!["HP_URL"],
            Some(deployment) => deployment.missing(story).map(Need::name).collect(),
        };
        let deployment = deployment.clone();
        let trial = Trial::test(format!("remote::{name}"), move || {
            let deployment = deployment.as_ref().ok_or("HP_URL names no deployment")?;
            let runtime = tokio::runtime::Runtime::new().map_err(|error| Failed::from(error.to_string()))?;
            runtime.block_on(story.tell(deployment.world()));
            Ok(())
        });
        let kind = if missing.is_empty() { String::new() } else { format!("without {}", missing.join(", ")) };
        trial.with_ignored_flag(!missing.is_empty()).with_kind(kind)
    };
    crate::all_stories().map(trial).collect()
}

struct Deployment {
    url: String,
    ours: [String; 2],
    theirs: [String; 2],
    has: Vec<Need>,
    mailbox: Option<Arc<Mailbox>>,
}

impl Deployment {
    fn of_environment() -> Option<Deployment> {
        let setting = |name: &str| std::env::var(name).unwrap_or_default();
        let url = setting("HP_URL").trim_end_matches('/').to_owned();
        if url.is_empty() {
            return None;
        }
        let told = setting("HP_HAS");
        let told = told.split(',').map(str::trim).filter(|word| !word.is_empty());
        let mut has: Vec<Need> = told
            .map(|word| match Need::ALL.into_iter().find(|need| need.name() == word) {
                Some(need @ (Need::Staff | Need::Files | Need::SignUp)) => need,
                Some(Need::Mailbox | Need::Address) | None => panic!("HP_HAS: {word} is not staff, files or sign-up"),
            })
            .collect();
        let mailbox = Some(setting("HP_MAILBOX")).filter(|mailbox| !mailbox.is_empty()).map(read);
        has.extend(mailbox.is_some().then_some(Need::Mailbox));
        // Whoever is on this machine may come from any of its addresses.
        let is_here = url.starts_with("http://127.") || url.starts_with("http://localhost");
        has.extend(is_here.then_some(Need::Address));
        Some(Deployment {
            url,
            ours: [setting("HP_OUR_PUBLISHABLE_KEY"), setting("HP_OUR_SECRET_KEY")],
            theirs: [setting("HP_THEIR_PUBLISHABLE_KEY"), setting("HP_THEIR_SECRET_KEY")],
            has,
            mailbox,
        })
    }

    fn missing(&self, story: Story) -> impl Iterator<Item = Need> {
        story.needs.iter().copied().filter(|need| !self.has.contains(need))
    }

    fn world(&self) -> World {
        let [ours, theirs] = [&self.ours, &self.theirs].map(|keys| keys.each_ref().map(String::as_str));
        let world = app::world(&self.url, ours, theirs);
        let world = World { mailbox: self.mailbox.clone(), ..world };
        if self.has.contains(&Need::Address) { world.at_own_address() } else { world }
    }
}

/// A mailbox that gets what is in the one at `url`, and what comes into it.
fn read(url: String) -> Arc<Mailbox> {
    let mailbox = Arc::new(Mailbox::default());
    let here = Arc::clone(&mailbox);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut known = BTreeSet::new();
            loop {
                for mail in mails(&http, &url).await {
                    if known.insert(mail.id.clone()) {
                        here.send(mail).await.unwrap();
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    });
    mailbox
}

/// What is in the mailbox, the oldest first.
async fn mails(http: &reqwest::Client, url: &str) -> Vec<Mail> {
    let shown = http.get(url).header("accept", "application/json").send().await;
    let shown = shown.expect("HP_MAILBOX answers").bytes().await.unwrap();
    let shown: Value = serde_json::from_slice(&shown).expect("HP_MAILBOX is a mailbox");
    let text = |mail: &Value, name: &str| mail[name].as_str().unwrap().to_owned();
    let mails = shown["items"].as_array().unwrap().iter().rev();
    mails
        .map(|mail| Mail {
            id: text(mail, "id"),
            to: text(mail, "to").parse().unwrap(),
            subject: text(mail, "subject"),
            text: text(mail, "text"),
            html: text(mail, "html"),
        })
        .collect()
}
