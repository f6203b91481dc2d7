//! Keeping mails in the commits that cause them, and sending what is due.

use std::sync::Arc;

use futures_util::future::join_all;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{MailId, OrganizationId};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::{Message, next_attempt, render};

use super::store::{self, Attempted, Claimed, Queued};
use crate::app::{App, Ctx, Tenant};
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::port::entropy::NoEntropy;
use crate::port::mailer::{Mail, MailError, Mailer};
use crate::port::sql::{Commit, Committed, DatabaseNumber, Sql, Statement};
use crate::vault::{DataKey, Place};

/// Mails of an organization that lives in another database are looked at so often, in milliseconds: once a day.
const AWAY_MILLIS: i64 = 86_400_000;

/// Mails sent at the same time: a Worker has six connections.
const AT_ONCE: i64 = 5;

/// No further mails are taken after this: a Worker works on for 30 s, and one attempt may take 10.
const BUDGET_MILLIS: i64 = 15_000;

/// Organizations of a database that one run of the cron looks after; the rest is the next run's.
const ORGANIZATIONS: i64 = 100;

/// A mail to be sent once what causes it is committed.
pub struct NewMail<'a> {
    /// What the mail tells of: the same key is one mail, however often it is added.
    pub event_key: &'a str,
    pub to: &'a Email,
    pub locale: &'a Locale,
    pub message: &'a Message,
    /// Afterwards it is not sent any more: when its link ends.
    pub expires_at: Timestamp,
}

/// The statement that adds a mail to a commit. `key` is the organization's: neither the address nor what is told
/// stands in the database in the clear.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn enqueue(
    app: &App,
    tenant: Tenant,
    key: &DataKey,
    mail: &NewMail<'_>,
    now: Timestamp,
) -> Result<Statement, NoEntropy> {
    Ok(store::enqueue(tenant, queued(app, tenant, key, mail, now)?, now))
}

/// As [`enqueue`], where the statement before it in the commit has changed something; otherwise there is no mail.
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_after(
    app: &App,
    tenant: Tenant,
    key: &DataKey,
    mail: &NewMail<'_>,
    now: Timestamp,
) -> Result<Statement, NoEntropy> {
    Ok(store::enqueue_after(tenant, queued(app, tenant, key, mail, now)?, now))
}

fn queued<'a>(
    app: &App,
    tenant: Tenant,
    key: &DataKey,
    mail: &NewMail<'a>,
    now: Timestamp,
) -> Result<Queued<'a>, NoEntropy> {
    let mut random = [0; 10];
    app.entropy.fill(&mut random)?;
    let id = MailId::new(now, random);
    let row = id.to_string();
    let seal =
        |column, plain: &str| key.seal(place(tenant.organization, column, &row), plain.as_bytes(), &*app.entropy);
    let message = serde_json::to_string(mail.message).unwrap_or_default();
    Ok(Queued {
        id,
        event_key: mail.event_key,
        kind: mail.message.kind(),
        locale: mail.locale,
        recipient_sealed: seal("recipient", mail.to.as_str())?,
        message_sealed: seal("message", &message)?,
        expires_at: mail.expires_at,
    })
}

const fn place<'a>(organization: OrganizationId, column: &'static str, row: &'a str) -> Place<'a> {
    Place { organization, table: "mail", column, row }
}

/// What a run has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    pub sent: u32,
    /// To be tried again.
    pub postponed: u32,
    /// Given up.
    pub failed: u32,
    /// Round trips to the database.
    pub round_trips: u32,
}

impl Delivered {
    fn count(&mut self, outcome: &Attempted) {
        let count = match outcome {
            Attempted::Sent => &mut self.sent,
            Attempted::Postponed { .. } => &mut self.postponed,
            Attempted::Failed { .. } => &mut self.failed,
        };
        *count = count.saturating_add(1);
    }

    fn add(&mut self, other: Delivered) {
        self.sent = self.sent.saturating_add(other.sent);
        self.postponed = self.postponed.saturating_add(other.postponed);
        self.failed = self.failed.saturating_add(other.failed);
        self.round_trips = self.round_trips.saturating_add(other.round_trips);
    }
}

/// Sends the organization's due mails once the response has left. For the use case that has just committed one.
pub fn deliver_later(ctx: &Ctx) {
    let (app, organization) = (Arc::clone(ctx.app()), ctx.tenant().organization);
    ctx.later(async move {
        if let Err(error) = deliver(&app, organization).await {
            log::warn!("mail waits for the cron: {error}");
        }
    });
}

/// Sends the due mails of every organization, as far as the time allows. For the cron, which stands above tenants: all
/// databases at once, so that one that is slow or away keeps no mail of another's waiting.
///
/// # Errors
/// [`Unavailable`] when a database does not answer; what was sent is settled as far as it could be, and what is due in
/// the others is sent.
pub async fn deliver_all(app: &App) -> Result<Delivered, Unavailable> {
    let started = app.clock.now();
    let runs = app.databases.all().map(|(number, sql)| deliver_in(app, number, &**sql, started));
    let (mut all, mut failed) = (Delivered::default(), None);
    for run in join_all(runs).await {
        match run {
            Ok(delivered) => all.add(delivered),
            Err(error) => {
                if let Some(other) = failed.replace(error) {
                    log::error!("mail: {other}");
                }
            }
        }
    }
    failed.map_or(Ok(all), Err)
}

/// Those of the organizations in one database.
async fn deliver_in(
    app: &App,
    number: DatabaseNumber,
    sql: &dyn Sql,
    started: Timestamp,
) -> Result<Delivered, Unavailable> {
    let mut all = Delivered { round_trips: 1, ..Delivered::default() };
    let rows = sql.read(vec![store::due(started, ORGANIZATIONS)]).await?;
    for organization in rows.first().map(store::due_of).transpose()?.unwrap_or_default() {
        if is_over(&*app.clock, started, BUDGET_MILLIS) {
            break;
        }
        if app.databases.number_of(organization) == number {
            all.add(deliver_until(app, organization, started).await?);
            continue;
        }
        // What was left behind by a move is sent from where the organization lives now, or has been. It must not stand
        // before what is due here.
        let mut away = Commit::new();
        let until = started.checked_add_millis(AWAY_MILLIS).unwrap_or(started);
        away.push(store::put_off(organization, started, until));
        all.round_trips = all.round_trips.saturating_add(1);
        if let Committed::Refused { refusal, .. } = sql.commit(&away).await? {
            log::error!("mails of {organization}, which lives in another database, were not put off: {refusal:?}");
        }
    }
    Ok(all)
}

/// Sends the due mails of one organization, as far as the time allows. Several at once send each mail once.
///
/// # Errors
/// As [`deliver_all`].
pub async fn deliver(app: &App, organization: OrganizationId) -> Result<Delivered, Unavailable> {
    deliver_until(app, organization, app.clock.now()).await
}

async fn deliver_until(app: &App, organization: OrganizationId, started: Timestamp) -> Result<Delivered, Unavailable> {
    let mut delivered = Delivered::default();
    let sql = app.databases.of(organization);
    let Some(mailer) = app.mailer() else {
        log::warn!("mail stays queued: MAIL_URL and MAIL_FROM are not set");
        return Ok(delivered);
    };
    loop {
        let now = app.clock.now();
        delivered.round_trips = delivered.round_trips.saturating_add(1);
        let mut claim = Commit::new();
        claim.push(store::claim(organization, now, AT_ONCE));
        let rows = committed(&**sql, &claim).await?;
        let claimed = rows.first().map(store::claimed_of).transpose()?.unwrap_or_default();
        if claimed.is_empty() {
            return Ok(delivered);
        }
        let outcomes = join_all(claimed.iter().map(|mail| attempt(app, mailer, organization, mail))).await;
        let mut settle = Commit::new();
        for (mail, outcome) in claimed.iter().zip(&outcomes) {
            delivered.count(outcome);
            settle.push(store::settle(organization, mail, outcome, app.clock.now()));
        }
        delivered.round_trips = delivered.round_trips.saturating_add(1);
        committed(&**sql, &settle).await?;
        // A provider that is away is not asked for the rest of the queue.
        let is_away = outcomes.iter().all(|outcome| matches!(outcome, Attempted::Postponed { .. }));
        if is_away || is_over(&*app.clock, started, BUDGET_MILLIS) {
            return Ok(delivered);
        }
    }
}

async fn attempt(app: &App, mailer: &Arc<dyn Mailer>, organization: OrganizationId, claimed: &Claimed) -> Attempted {
    if claimed.expires_at <= app.clock.now() {
        return failed(claimed, "it would come too late");
    }
    let sent = match open(app, organization, claimed) {
        Ok(mail) => mailer.send(mail).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => Attempted::Sent,
        Err(error @ MailError::Refused(_)) => failed(claimed, &error.to_string()),
        Err(error @ MailError::Unavailable(_)) => {
            match next_attempt(claimed.attempts, app.clock.now(), claimed.expires_at) {
                Some(until) => {
                    log::warn!("mail {} is tried again later: {error}", claimed.id);
                    Attempted::Postponed { until, why: error.to_string() }
                }
                None => failed(claimed, &error.to_string()),
            }
        }
    }
}

fn failed(claimed: &Claimed, why: &str) -> Attempted {
    log::error!("mail {} is given up: {why}", claimed.id);
    Attempted::Failed { why: why.to_owned() }
}

/// Opens and writes a mail. A missing key is the operator's to mend, and the mail's to wait for.
fn open(app: &App, organization: OrganizationId, claimed: &Claimed) -> Result<Mail, MailError> {
    let waits = |why: &str| MailError::Unavailable(why.to_owned());
    let never = |why: &str| MailError::Refused(why.to_owned());
    let key = claimed.key.as_ref().ok_or_else(|| waits("the organization has no data key"))?;
    let key = app.vault.masters.data_key(organization, key).map_err(|_| waits("no master key opens the data key"))?;
    let open = |column, sealed: &str| {
        let opened = key.open_text(place(organization, column, &claimed.id), sealed);
        opened.map_err(|_| never("its seal does not open"))
    };
    let to = open("recipient", &claimed.recipient_sealed)?;
    let message = open("message", &claimed.message_sealed)?;
    let message: Message = serde_json::from_str(&message).map_err(|_| never("its values do not read back"))?;
    let locale: Locale = claimed.locale.parse().map_err(|_| never("its locale does not read back"))?;
    let rendered = render(&message, &claimed.shop, &locale);
    Ok(Mail {
        id: claimed.id.clone(),
        to: to.parse().map_err(|_| never("its address does not read back"))?,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
    })
}
