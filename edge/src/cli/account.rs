//! `hp account`: the first owner of an organization, who can invite the others; and accounts whose owners have lost
//! their second factor.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};
use headlesspro_shared::identity::{Password, Role};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::locale::Locale;

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets::{self, SecretsArgs};
use super::store::choose;
use crate::app::Tenant;
use crate::identity;

#[derive(Subcommand)]
pub enum AccountCommand {
    /// Make an account with a verified address. The password is read from the standard input.
    Create(CreateArgs),
    /// Remove the second factor and the recovery codes of an account whose owner has lost both. Its sessions end, and
    /// a mail tells the owner. Make sure first of who asks: whoever knows the password gets in afterwards.
    ResetSecondFactor(ResetSecondFactorArgs),
}

#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// A store of the organization; needed where the database has several.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    #[arg(long)]
    email: String,
    /// owner, admin, member, viewer or customer.
    #[arg(long, default_value = "owner")]
    role: String,
    /// The language of mails to the account.
    #[arg(long, default_value = "en")]
    locale: String,
    /// The deployment's PASSWORD_HASHING, where it has one: its hosts have the time for no other at the first login.
    #[arg(long, value_name = "PARAMETERS", env = "HP_PASSWORD_HASHING", default_value = "", hide_default_value = true)]
    password_hashing: String,
}

#[derive(Args)]
pub struct ResetSecondFactorArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// A store of the organization; needed where the database has several.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    #[arg(long)]
    email: String,
}

pub async fn run(command: AccountCommand) -> Result<(), String> {
    match command {
        AccountCommand::Create(args) => create(args).await,
        AccountCommand::ResetSecondFactor(args) => reset_second_factor(args).await,
    }
}

async fn reset_second_factor(args: ResetSecondFactorArgs) -> Result<(), String> {
    let email: Email = args.email.parse().map_err(|error| format!("--email: {error}"))?;
    let app = database::app(database::open(&args.database)?, secrets::of(&args.database, &args.secrets)?);
    let store = choose(&app, args.store.as_deref()).await?;
    let tenant = Tenant { organization: store.organization, store: store.store };
    let reset = identity::reset_second_factor(&app, tenant, &email).await;
    let id = reset.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    output::line(format_args!("account  {id}  has no second factor any more"));
    output::note("Its sessions have ended, and their access tokens are void within a minute.");
    Ok(())
}

async fn create(args: CreateArgs) -> Result<(), String> {
    let email: Email = args.email.parse().map_err(|error| format!("--email: {error}"))?;
    let role: Role = args.role.parse().map_err(|error| format!("--role: {error}"))?;
    if !matches!(role, Role::Owner | Role::Admin | Role::Member | Role::Viewer | Role::Customer) {
        return Err("--role: must be owner, admin, member, viewer or customer".to_owned());
    }
    let locale: Locale = args.locale.parse().map_err(|error| format!("--locale: {error}"))?;
    let secrets = secrets::of(&args.database, &args.secrets)?.hashing_passwords_by(&args.password_hashing);
    let secrets = secrets.map_err(|error| format!("--password-hashing: {error}"))?;
    let app = database::app(database::open(&args.database)?, secrets);
    let store = choose(&app, args.store.as_deref()).await?;
    let password = Password::chosen(&read_password()?, &email).map_err(|error| error.to_string())?;
    let tenant = Tenant { organization: store.organization, store: store.store };
    let made = identity::create_account(&app, tenant, &email, &password, role, &locale).await;
    let id = made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    output::line(format_args!("account  {id}  {role}"));
    Ok(())
}

fn read_password() -> Result<String, String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        output::note("The password, in one line (it is shown as you type; a pipe keeps it to itself):");
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).map_err(|error| format!("cannot read the password: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
