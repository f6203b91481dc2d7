//! `hp reconcile FILE`: a provider's balance report against the ledger.

use std::path::PathBuf;

use clap::Args;
use headlesspro_shared::kernel::id::{OrganizationId, PaymentProviderId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::stripe_report;

use super::database::{self, DatabaseArgs};
use super::output;
use crate::payments::{self, StripeAccount};

#[derive(Args)]
pub struct ReconcileArgs {
    /// Stripe's report "Balance change from activity", itemized, as CSV.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Whose provider it is; needed where the database has several with Stripe.
    #[arg(long, value_name = "ID")]
    provider: Option<PaymentProviderId>,
    /// What was posted before is not looked for: the beginning of the report's interval, as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Nor what was posted from here on: the end of the interval.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Post the report's fees and payouts to the ledger, each once.
    #[arg(long)]
    post: bool,
}

pub async fn run(args: ReconcileArgs) -> Result<(), String> {
    let report = std::fs::read(&args.file).map_err(|error| format!("cannot read {}: {error}", args.file.display()))?;
    let movements = stripe_report::movements(&report).map_err(|error| format!("{}: {error}", args.file.display()))?;
    let app = database::app(database::open(&args.database)?, super::secrets::none()?);
    let mut accounts: Vec<(OrganizationId, StripeAccount)> = Vec::new();
    for organization in database::organizations(&app, None).await? {
        let known = payments::stripe_accounts(&**app.databases.of(organization), organization).await;
        let known = known.map_err(|error| error.to_string())?.into_iter();
        accounts.extend(known.map(|account| (organization, account)));
    }
    let (organization, account) = one_of(accounts, args.provider)?;
    let sql = app.databases.of(organization);
    let within = (args.from.unwrap_or(Timestamp::from_millis(0)), args.to.unwrap_or(Timestamp::from_millis(i64::MAX)));
    let reconciled = payments::reconcile(&**sql, organization, account.provider, &movements, within).await;
    let reconciled = reconciled.map_err(|error| error.to_string())?;
    let is_same = reconciled.report.is_unbroken();
    let verdict = if is_same { "the same on both sides" } else { "NOT THE SAME" };
    output::line(format_args!(
        "{} ({}): {} movements, {} payments and refunds matched, {verdict}",
        account.provider,
        account.name,
        movements.len(),
        reconciled.matched
    ));
    for (currency, sums) in &reconciled.sums {
        let money = |minor: i128| Money::new(i64::try_from(minor).unwrap_or(i64::MAX), *currency).amount_text();
        output::line(format_args!(
            "  {currency}: captured {}, refunded {}, fees {}, paid out {}, other {}; the balance moved by {}",
            money(sums.captured),
            money(sums.refunded),
            money(sums.fees),
            money(sums.paid_out),
            money(sums.other),
            money(sums.net)
        ));
    }
    output::faults(&reconciled.report);
    if args.post {
        if !reconciled.is_sound() {
            return Err("nothing was posted: the report contradicts itself".to_owned());
        }
        let new = payments::post(&**sql, organization, &account, &movements, app.clock.now()).await;
        let new = new.map_err(|error| error.to_string())?;
        output::line(format_args!("  {new} fees and payouts were posted that were not before"));
    }
    match reconciled.report.count() {
        0 => Ok(()),
        1 => Err("the report and the ledger differ, in one place".to_owned()),
        more => Err(format!("the report and the ledger differ, in {more} places")),
    }
}

fn one_of(
    accounts: Vec<(OrganizationId, StripeAccount)>,
    wanted: Option<PaymentProviderId>,
) -> Result<(OrganizationId, StripeAccount), String> {
    let mut fitting = accounts.into_iter().filter(|(_, account)| wanted.is_none_or(|id| id == account.provider));
    match (fitting.next(), fitting.next(), wanted) {
        (Some(one), None, _) => Ok(one),
        (Some((_, one)), Some((_, other)), _) => Err(format!(
            "there are several providers with Stripe, {} ({}) and {} ({}) among them; say which with --provider",
            one.provider, one.name, other.provider, other.name
        )),
        (None, _, Some(id)) => Err(format!("there is no provider {id} with Stripe")),
        (None, _, None) => Err("no store takes payments by Stripe".to_owned()),
    }
}
