//! `hp organization`: which organizations there are, whether they do business, and what their plans allow.

use clap::{Args, Subcommand};
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::organizations::StatusAction;
use serde_json::{Value as Json, json};

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets;
use crate::organizations::{self, Act, Organization, OrganizationSummary, OwnerState, PlanChange};

#[derive(Subcommand)]
pub enum OrganizationCommand {
    /// List the organizations of a database, the oldest first, and those whose owner never confirmed an address.
    List(ListArgs),
    /// Show one, with what its plan allows and what there is.
    Show(OneArgs),
    /// Let nobody of it in, everywhere within 30 seconds. All stays as it is.
    Suspend(OneArgs),
    /// End a suspension.
    Resume(OneArgs),
    /// Let nobody in any more. It cannot be undone.
    Close(OneArgs),
    /// Change what the plan allows. What is there already stays.
    Limits(LimitsArgs),
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct OneArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The organization's id (`org_...`).
    id: OrganizationId,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct LimitsArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How many stores; a number, or `unlimited`, as the next two.
    #[arg(long, value_name = "MOST", value_parser = most)]
    stores: Option<Most>,
    /// How many members of the staff.
    #[arg(long, value_name = "MOST", value_parser = most)]
    members: Option<Most>,
    /// How many API keys that are good.
    #[arg(long, value_name = "MOST", value_parser = most)]
    api_keys: Option<Most>,
}

/// `None`: as many as they like.
#[derive(Debug, Clone, Copy)]
struct Most(Option<i64>);

fn most(text: &str) -> Result<Most, &'static str> {
    if text == "unlimited" {
        return Ok(Most(None));
    }
    let number: u32 = text.parse().map_err(|_| "expected a number or `unlimited`")?;
    Ok(Most(Some(i64::from(number))))
}

pub async fn run(command: OrganizationCommand) -> Result<(), String> {
    match command {
        OrganizationCommand::List(args) => list(&args).await,
        OrganizationCommand::Show(args) => act(&args, None).await,
        OrganizationCommand::Suspend(args) => act(&args, Some(Act::Status(StatusAction::Suspend))).await,
        OrganizationCommand::Resume(args) => act(&args, Some(Act::Status(StatusAction::Resume))).await,
        OrganizationCommand::Close(args) => act(&args, Some(Act::Status(StatusAction::Close))).await,
        OrganizationCommand::Limits(LimitsArgs { one, stores, members, api_keys }) => {
            let limit = |most: Option<Most>| most.map(|Most(most)| most);
            let change = PlanChange { stores: limit(stores), members: limit(members), api_keys: limit(api_keys) };
            if change == PlanChange::default() {
                return Err("name a limit: --stores, --members or --api-keys".to_owned());
            }
            act(&one, Some(Act::Plan(change))).await
        }
    }
}

async fn list(args: &ListArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let found = organizations::organizations(&app).await.map_err(|error| error.to_string())?;
    if args.json {
        let of = |one: &OrganizationSummary| {
            json!({
                "id": one.id,
                "name": one.name,
                "status": one.status,
                "owner": one.owner.name(),
                "createdAt": one.created_at.to_string(),
            })
        };
        return print(&json!({ "items": found.iter().map(of).collect::<Vec<_>>() }));
    }
    for one in found {
        let unconfirmed = match one.owner {
            OwnerState::Unconfirmed => format!("  (owner unconfirmed, since {})", one.created_at),
            OwnerState::None | OwnerState::Confirmed => String::new(),
        };
        output::line(format_args!("{}  {:<9}  {}{unconfirmed}", one.id, one.status, one.name));
    }
    Ok(())
}

/// Does it, if anything, and shows the organization.
async fn act(args: &OneArgs, act: Option<Act>) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let shown = match act {
        None => organizations::organization(&app, args.id).await,
        Some(act) => organizations::act(&app, args.id, act).await,
    };
    let shown = shown.map_err(|error| error.to_string())?;
    if args.json {
        return print(&in_json(&shown));
    }
    output::line(format_args!("organization  {}  {}  {}", shown.id, shown.status, shown.name));
    for (name, used, most) in limits(&shown) {
        let most = most.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
        output::line(format_args!("{name:<12}  {used} of {most}"));
    }
    Ok(())
}

fn limits(shown: &Organization) -> [(&'static str, i64, Option<i64>); 3] {
    [
        ("stores", shown.stores, shown.plan.stores),
        ("members", shown.members, shown.plan.members),
        ("apiKeys", shown.api_keys, shown.plan.api_keys),
    ]
}

fn in_json(shown: &Organization) -> Json {
    let plan = limits(shown).map(|(name, used, most)| (name.to_owned(), json!({ "used": used, "most": most })));
    json!({
        "id": shown.id,
        "name": shown.name,
        "status": shown.status,
        "plan": Json::Object(plan.into_iter().collect()),
        "version": shown.version,
        "createdAt": shown.created_at.to_string(),
    })
}

fn print(json: &Json) -> Result<(), String> {
    output::line(serde_json::to_string_pretty(json).map_err(|error| error.to_string())?);
    Ok(())
}
