//! `hp dev`: everything a developer needs, with nothing installed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::limits::Limits;
use headlesspro_shared::organizations::SignUp;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::secrets::SecretsFile;
use super::{database, import, output, write_privately};
use crate::app::App;
use crate::cache::KeepingTime;
use crate::host::native::bucket::{self, DevBucket};
use crate::host::native::clock::SystemClock;
use crate::host::native::fetch::NativeFetch;
use crate::host::native::hrana_server;
use crate::host::native::libsql::{Durability, EmbeddedSql};
use crate::host::native::mailbox::{self, ConsoleMailer};
use crate::host::native::redis::RedisKv;
use crate::host::native::redis_rest;
use crate::host::native::server::serve;
use crate::jobs;
use crate::migrate::migrate;
use crate::organizations::{self, StoreSummary};
use crate::port::blob::Bucket;
use crate::port::entropy::HostEntropy;
use crate::port::fetch::tenants::TenantFetch;
use crate::port::kv::Kv;
use crate::port::kv::memory::MemoryKv;
use crate::port::mailer::memory::Mailbox;
use crate::routes::router;
use crate::scripts;

/// A shop of our own making: tents, boots, lamps and blankets.
const SAMPLE_CATALOG: &str = include_str!("sample_catalog.csv");

#[derive(Args)]
pub struct DevArgs {
    /// The API's port on 127.0.0.1. The database and Redis endpoints get the next one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = database::DATA_DIR)]
    data: PathBuf,
    /// What a new data folder is filled with.
    #[arg(long, value_enum, default_value_t = Seed::Sample)]
    seed: Seed,
    /// Use this Redis server (redis://host:port) instead of the one in the process.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Origins that may be named as identity providers although they are private or plain http, with commas between:
    /// http://127.0.0.1:4000.
    #[arg(long, value_name = "ORIGINS", env = "HP_PRIVATE_ISSUERS", default_value = "")]
    private_issuers: String,
    /// The same for providers of taxes and shipping rates.
    #[arg(long, value_name = "ORIGINS", env = "HP_PRIVATE_PROVIDERS", default_value = "")]
    private_providers: String,
    /// Where Stripe's API is, for tests; at a public address by https, or among the private providers.
    #[arg(long, value_name = "URL", env = "HP_STRIPE_URL", default_value = App::STRIPE_URL)]
    stripe_url: String,
    /// What differs from the default rate limits: class.subject=units/period:burst, with commas between, such as
    /// read=600/60s:120,write.key=50/1s:100. Classes: read, write, auth, import; subjects: address, key, account,
    /// organization.
    #[arg(long, value_name = "LIMITS", env = "HP_RATE_LIMITS", default_value = "")]
    rate_limits: Limits,
    /// For how many seconds an answer of the catalog is shown at most, 0 to 60, where a write does not take it back.
    #[arg(long, value_name = "SECONDS", env = "HP_CATALOG_CACHE_SECONDS", default_value = "10")]
    catalog_cache_seconds: KeepingTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Seed {
    /// The sample catalog.
    Sample,
    /// An empty store.
    None,
}

/// What only the developer's machine may know, beside the data: API keys are hashed in the database.
#[derive(Serialize, Deserialize)]
struct DevKeys {
    store: StoreId,
    publishable_key: String,
    secret_key: String,
    /// Whether the data folder holds all it shall be filled with.
    seeded: bool,
    /// For the database and Redis endpoints.
    token: String,
}

pub async fn run(args: DevArgs) -> Result<(), String> {
    let services_port = args.port.checked_add(1).ok_or("--port must be below 65535")?;
    let api = bind(args.port).await?;
    let services = bind(services_port).await?;
    std::fs::create_dir_all(&args.data).map_err(|error| format!("cannot make {}: {error}", args.data.display()))?;

    let sql = EmbeddedSql::open(database::file_in(&args.data), Durability::Power).map_err(|error| error.to_string())?;
    let clock = Arc::new(SystemClock);
    let kv: Arc<dyn Kv> = match &args.redis {
        Some(url) => Arc::new(RedisKv::new(url).map_err(|error| error.to_string())?),
        None => Arc::new(MemoryKv::new(clock.clone(), scripts::ALL)),
    };
    let secrets = SecretsFile::open(&args.data, &HostEntropy)?;
    let held = secrets.secrets(Some(format!("http://127.0.0.1:{}", args.port)))?;
    let app = App::new(Arc::new(sql.clone()), Arc::clone(&kv), clock, Arc::new(HostEntropy), held);
    let mailbox = Arc::new(Mailbox::default());
    let console = Arc::new(ConsoleMailer(Arc::clone(&mailbox)));
    let fetch = Arc::new(NativeFetch::new().map_err(|error| error.to_string())?);
    let private = |origins: &str| TenantFetch::new(Arc::clone(&fetch) as _, origins);
    let app = app.with_tenant_fetch(private(&args.private_issuers));
    let mut app = app.with_provider_fetch(private(&args.private_providers));
    args.stripe_url.trim_end_matches('/').clone_into(&mut app.stripe_url);
    // A secret of its own, which is there before there are keys.
    let dev_bucket = DevBucket::at(&format!("http://127.0.0.1:{services_port}"), &secrets.bucket_secret());
    let bucket = Bucket::new(&dev_bucket.settings(), fetch).map_err(|error| error.to_string())?;
    let app = app.with_media(bucket);
    // Its Redis is that of `spin up` beside it too.
    let app = app.with_sign_up(SignUp::Open).keeping_answers_for(args.catalog_cache_seconds.0).telling_of_writes();
    let app = Arc::new(app.with_limits(args.rate_limits.clone()).with_mailer(Arc::clone(&console) as _));
    let applied = migrate(&**app.databases.first()).await.map_err(|error| error.to_string())?;
    if !applied.applied.is_empty() {
        output::line(format_args!("migrated: {} steps", applied.applied.len()));
    }
    let (keys, store) = shop(&app, &args).await?;

    let endpoints = hrana_server::router(sql, &keys.token)
        .merge(mailbox::provider(console, &keys.token))
        .merge(bucket::router(args.data.join(bucket::NAME), &dev_bucket.secret))
        .fallback_service(redis_rest::router(kv, &keys.token));
    let api_router = mailbox::beside(router(Arc::clone(&app)), mailbox);
    let (stop, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        // An error means the sender is gone, which is an end too.
        let _ended = stopped.wait_for(|stop| *stop).await;
    };
    let serving = tokio::spawn(async move {
        tokio::join!(serve(api, api_router, wait(stopped.clone())), serve(services, endpoints, wait(stopped.clone())));
    });
    let ticking = tokio::spawn(tick(app));
    if let Err(message) = link_hosts(services_port, &keys, &secrets, &dev_bucket) {
        output::note(format_args!("hp: {message}; wrangler dev and spin up will not find the data"));
    }
    // Before anybody is told how to end it.
    let mut interruption = Interruption::expected()?;
    greet(&args, services_port, &keys, &store);
    interruption.come().await;
    output::line(format_args!("\nstopping; your data stays in {}", args.data.display()));
    // The receivers live until both servers have ended.
    let _told = stop.send(true);
    ticking.abort();
    serving.await.map_err(|error| error.to_string())
}

/// Does what no request has done: that of a wasm host beside this process, and of a time before it.
async fn tick(app: Arc<App>) {
    let mut interval = tokio::time::interval(Duration::from_secs(15));
    loop {
        interval.tick().await;
        jobs::run_due(&app).await;
    }
}

async fn bind(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1:{port}: {error}; choose another with --port"))
}

/// The store of the data folder with its keys, made and filled the first time.
async fn shop(app: &Arc<App>, args: &DevArgs) -> Result<(DevKeys, StoreSummary), String> {
    let file = args.data.join("keys.json");
    if let Ok(text) = std::fs::read_to_string(&file) {
        let mut keys: DevKeys =
            serde_json::from_str(&text).map_err(|error| format!("{} is damaged: {error}", file.display()))?;
        let stores = organizations::all(app).await.map_err(|error| error.to_string())?;
        let store = stores.into_iter().find(|store| store.store == keys.store);
        let store = store
            .ok_or_else(|| format!("{} names a store that is gone; delete the folder to start anew", file.display()))?;
        fill(app, &store, &file, &mut keys).await?;
        return Ok((keys, store));
    }
    let currency: Currency = "EUR".parse().map_err(|_| "EUR is not a currency")?;
    let opened = organizations::open_store(app, "Sample organization", "Sample store", currency)
        .await
        .map_err(|error| error.to_string())?;
    let store = StoreSummary {
        organization: opened.tenant.organization,
        store: opened.tenant.store,
        name: "Sample store".to_owned(),
        currency,
    };
    let mut token = [0; 24];
    app.entropy.fill(&mut token).map_err(|error| error.to_string())?;
    let token = hex::encode(token);
    let mut keys = DevKeys {
        store: store.store,
        publishable_key: opened.publishable_key,
        secret_key: opened.secret_key,
        seeded: args.seed == Seed::None,
        token,
    };
    // Before the catalog, so that a start that breaks off while filling goes on with the same store.
    keep(&file, &keys)?;
    fill(app, &store, &file, &mut keys).await?;
    Ok((keys, store))
}

/// Imports the sample catalog unless that is done. Again is harmless: an import repeats nothing.
async fn fill(app: &Arc<App>, store: &StoreSummary, file: &Path, keys: &mut DevKeys) -> Result<(), String> {
    if keys.seeded {
        return Ok(());
    }
    let report = import::import(app, store, SAMPLE_CATALOG.as_bytes(), false, |_| {}).await?;
    output::line(format_args!(
        "sample catalog: {} products, {} variants",
        report.products.created, report.variants_written
    ));
    keys.seeded = true;
    keep(file, keys)
}

fn keep(file: &Path, keys: &DevKeys) -> Result<(), String> {
    write_privately(file, &serde_json::to_string_pretty(keys).map_err(|error| error.to_string())?)
}

/// The first line of files that are ours to write again.
const WRITTEN: &str = "# Written by `hp dev`: the local database and Redis. Remove this line to keep your own.";

/// Tells `wrangler dev` and `spin up` of this project where the data is and how to get in. A file that
/// somebody else wrote is left alone.
fn link_hosts(services_port: u16, keys: &DevKeys, secrets: &SecretsFile, bucket: &DevBucket) -> Result<(), String> {
    let url = format!("http://127.0.0.1:{services_port}");
    let media = bucket.settings();
    for (manifest, file, prefix) in [("wrangler.toml", ".dev.vars", ""), ("spin.toml", ".env", "SPIN_VARIABLE_")] {
        let file = Path::new(file);
        let is_ours = match std::fs::read_to_string(file) {
            Ok(text) => text.starts_with(WRITTEN),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        if !Path::new(manifest).exists() || !is_ours {
            continue;
        }
        let mut text = format!("{WRITTEN}\n");
        for (name, value) in [
            ("DATABASE_URL", url.as_str()),
            ("DATABASE_TOKEN", &keys.token),
            ("REDIS_URL", &url),
            ("REDIS_TOKEN", &keys.token),
            ("MAIL_URL", &format!("{url}{}", mailbox::PROVIDER_PATH)),
            ("MAIL_TOKEN", &keys.token),
            ("MAIL_FROM", "shop@hp.localhost.test"),
            ("MEDIA_ENDPOINT", media.endpoint),
            ("MEDIA_REGION", media.region),
            ("MEDIA_BUCKET", media.bucket),
            ("MEDIA_ACCESS_KEY_ID", media.access_key_id),
            ("MEDIA_SECRET_ACCESS_KEY", media.secret_access_key),
            ("MEDIA_URL", media.public_url),
            ("MASTER_KEYS", &secrets.master_keys),
            ("LOOKUP_KEY", &secrets.lookup_key),
            ("SIGN_UP", &SignUp::Open.to_string()),
        ] {
            text.push_str(&format!("{prefix}{name}={value}\n"));
        }
        write_privately(file, &text)?;
    }
    Ok(())
}

fn greet(args: &DevArgs, services_port: u16, keys: &DevKeys, store: &StoreSummary) {
    let api = format!("http://127.0.0.1:{}", args.port);
    let services = format!("http://127.0.0.1:{services_port}");
    let (publishable, secret) = (&keys.publishable_key, &keys.secret_key);
    output::line(format_args!(
        "
HeadlessPro is running: {name} ({currency}), data in {data}

  API              {api}          description: {api}/openapi.json
  database         {services}   Hrana, for wrangler dev and spin up
  Redis            {services}   Upstash REST
  mailbox          {api}{mailbox}   all mail, with the links in it
  files            {data}/{files}, served at {services}{parent}/{files}
  token for both   {token}
  publishable key  {publishable}
  secret key       {secret}

Try:

curl '{api}/api/v1/products?limit=3' -H 'Authorization: Bearer {publishable}'

curl -X POST '{api}/api/v1/cart' -H 'Authorization: Bearer {publishable}'

curl -X POST '{api}/api/v1/imports?dryRun=true' -H 'Authorization: Bearer {secret}' -H 'Content-Type: text/csv' --data-binary \"$(printf 'Handle,Title,Variant Price\\nmug,Enamel mug,12.50\\n')\"

Ctrl-C ends it.",
        name = store.name,
        currency = store.currency,
        data = args.data.display(),
        token = keys.token,
        mailbox = mailbox::PATH,
        files = bucket::NAME,
        parent = bucket::PARENT,
    ));
}

/// Ctrl-C, and the signal by which service managers end a process. From its making on neither ends the process by
/// itself.
struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    fn expected() -> Result<Interruption, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot wait for signals: {error}"));
        Ok(Interruption { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
