//! `hp key`: API keys of a store, for whoever has the database at hand.

use clap::{Args, Subcommand};
use headlesspro_shared::identity::{KeyKind, KeyName, Scopes};
use headlesspro_shared::kernel::id::ApiKeyId;

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets;
use super::store::choose;
use crate::app::Tenant;
use crate::identity;

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a key, which is shown this once.
    Create(CreateArgs),
    /// List a store's keys, the newest first; their texts are not kept.
    List(ListArgs),
    /// Revoke a key: it is void everywhere within 30 seconds.
    Revoke(RevokeArgs),
}

#[derive(Args)]
pub struct StoreArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The store; needed where the database has several.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// publishable or secret.
    #[arg(long, default_value = "secret")]
    kind: String,
    /// What you call it.
    #[arg(long)]
    name: String,
    /// With blanks between; those of a new key of its kind unless given.
    #[arg(long)]
    scopes: Option<String>,
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The key's id (`key_...`), not its text.
    id: String,
}

pub async fn run(command: KeyCommand) -> Result<(), String> {
    let words = |error: crate::failure::Unavailable| error.to_string();
    match command {
        KeyCommand::Create(args) => {
            let kind = match args.kind.as_str() {
                "publishable" => KeyKind::Publishable,
                "secret" => KeyKind::Secret,
                _ => return Err("--kind: must be publishable or secret".to_owned()),
            };
            let name: KeyName = args.name.parse().map_err(|error| format!("--name: {error}"))?;
            let scopes = args.scopes.as_deref().map(str::parse::<Scopes>).transpose();
            let scopes = scopes.map_err(|error| format!("--scopes: {error}"))?;
            let (app, tenant) = open(&args.store).await?;
            let scopes = scopes.unwrap_or_else(|| Scopes::of_new_key(kind));
            let made = identity::create_key(&app, tenant, kind, &name, scopes).await.map_err(words)?;
            let (key, text) = made.map_err(|error| error.to_string())?;
            output::whole(&format!("id   {}\nkey  {text}\nThe key is not stored and cannot be shown again.\n", key.id))
                .map_err(|error| format!("{error}; revoke {} and make another", key.id))
        }
        KeyCommand::List(args) => {
            let (app, tenant) = open(&args.store).await?;
            let now = app.clock.now();
            for key in identity::list_keys(&app, tenant).await.map_err(words)? {
                let state = match (key.revoked_at, key.expires_at) {
                    (Some(_), _) => "revoked",
                    (None, Some(end)) if end <= now => "expired",
                    (None, _) => "active",
                };
                let (id, kind, hint) = (key.id, key.kind.name(), &key.hint);
                output::line(format_args!("{id}  {state:<7}  {kind:<11}  ...{hint}  {}  ({})", key.name, key.scopes));
            }
            Ok(())
        }
        KeyCommand::Revoke(args) => {
            let id: ApiKeyId = args.id.parse().map_err(|error| format!("{}: {error}", args.id))?;
            let (app, tenant) = open(&args.store).await?;
            if identity::revoke_key(&app, tenant, id).await.map_err(words)? {
                output::line(format_args!("{id} is revoked"));
                Ok(())
            } else {
                Err(format!("the store has no key {id}; `hp key list` shows them"))
            }
        }
    }
}

/// The database needs no secrets for keys: only hashes are stored.
async fn open(args: &StoreArgs) -> Result<(std::sync::Arc<crate::app::App>, Tenant), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let store = choose(&app, args.store.as_deref()).await?;
    Ok((app, Tenant { organization: store.organization, store: store.store }))
}
