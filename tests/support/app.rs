//! The API running on one of its hosts, with everything behind it. All of it ends when dropped.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use headlesspro_edge::app::{App, Secrets};
use headlesspro_edge::host::native::bucket::{self, DevBucket};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::host::native::mailbox::{PROVIDER_PATH, provider};
use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::host::native::{redis_rest, server};
use headlesspro_edge::identity::create_account;
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::blob::Bucket;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::fetch::Fetch;
use headlesspro_edge::port::fetch::tenants::TenantFetch;
use headlesspro_edge::port::kv::Kv;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::mailer::Mailer;
use headlesspro_edge::port::mailer::http::HttpMailer;
use headlesspro_edge::port::mailer::memory::Mailbox;
use headlesspro_edge::port::purger::Cdn;
use headlesspro_edge::port::sql::Sql;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::turns::TakingTurns;
use headlesspro_edge::{routes, scripts};
use headlesspro_shared::identity::{Password, Role};
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::limits::Limits;
use headlesspro_shared::organizations::SignUp;
use tokio::net::TcpListener;

use crate::client::Client;
use crate::hosts::{self, Host};
use crate::redis_server::RedisServer;
use crate::secrets::{ISSUER, LOOKUP_KEY, MASTER_KEYS, PASSWORD_HASHING, secrets};
use crate::sqld::Sqld;
use crate::world::{Shop, World};

/// What the API runs on, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// In this process: embedded libSQL, in-process Redis.
    Native,
    /// In this process: embedded libSQL, redis-server.
    NativeWithRedis,
    /// On workerd: sqld, and redis-server behind our Upstash endpoint.
    Workers,
    /// As a Spin component: sqld, and redis-server behind our Upstash endpoint.
    Spin,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Native => "native",
            Kind::NativeWithRedis => "native_with_redis",
            Kind::Workers => "workers",
            Kind::Spin => "spin",
        })
    }
}

/// The accounts that each shop begins with.
pub const STAFF: [(Role, &str); 5] = [
    (Role::Owner, "owner@example.com"),
    (Role::Admin, "admin@example.com"),
    (Role::Member, "member@example.com"),
    (Role::Viewer, "viewer@example.com"),
    (Role::Customer, "customer@example.com"),
];
pub const STAFF_PASSWORD: &str = "correct horse battery";

/// The token of the Upstash endpoint and of the mail provider.
pub const TOKEN: &str = "token of the tests";

/// The embedded engine's file.
const DATABASE: &str = "hp.db";

/// Signs for the folder of files.
const TOKEN_OF_BUCKET: &str = "secret-of-the-bucket";

const MAIL_FROM: &str = "Shop <shop@example.com>";

pub struct Stage {
    url: String,
    ours: Keys,
    theirs: Keys,
    /// The same database as the API's, beside it.
    sql: Arc<dyn Sql>,
    /// The API's application, or one like it beside a wasm host's.
    app: Arc<App>,
    /// Where tenants may have an identity provider on this machine.
    provider_port: u16,
    /// What the API has sent.
    mailbox: Arc<Mailbox>,
    /// Another application like the API's, which remembers nothing.
    fresh: Fresh,
    // From here on in the order in which they must end.
    host: Option<Host>,
    runtime: Option<tokio::runtime::Runtime>,
    redis: Option<Mutex<RedisServer>>,
    sqld: Option<Mutex<Sqld>>,
    folder: tempfile::TempDir,
}

/// How another isolate is started.
enum Fresh {
    Native(Box<dyn Fn() -> App + Send + Sync>),
    Hosted(Kind, Vec<(&'static str, String)>),
}

/// Another isolate over what stands behind the API. Ends when dropped.
pub struct Isolate {
    url: String,
    host: Option<Host>,
}

impl Drop for Isolate {
    fn drop(&mut self) {
        if let Some(host) = &self.host {
            crate::log::heard(&std::fs::read_to_string(&host.log).unwrap_or_default());
        }
    }
}

/// The keys of one shop, and its organization's id.
struct Keys {
    organization: String,
    publishable: String,
    secret: String,
}

impl Stage {
    /// Starts everything, with two shops that are empty and these rate limits.
    ///
    /// # Errors
    /// What is missing or did not start.
    pub fn start(kind: Kind, limits: &str) -> Result<Stage, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let is_native = matches!(kind, Kind::Native | Kind::NativeWithRedis);
        let sqld = (!is_native).then(Sqld::start);
        let redis = (kind != Kind::Native).then(RedisServer::start);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sql: Arc<dyn Sql> = match &sqld {
            None => {
                let path = folder.path().join(DATABASE);
                Arc::new(EmbeddedSql::open(path, Durability::Process).map_err(|error| error.to_string())?)
            }
            Some(sqld) => {
                let fetch = NativeFetch::new().map_err(|error| error.to_string())?;
                let sql = HranaSql::new(&sqld.url(), None, Arc::new(fetch)).map_err(|error| error.to_string())?;
                Arc::new(TakingTurns::new(Arc::new(sql), Arc::clone(&clock)))
            }
        };
        let kv: Arc<dyn Kv> = match &redis {
            None => Arc::new(MemoryKv::new(Arc::clone(&clock), scripts::ALL)),
            Some(redis) => Arc::new(RedisKv::new(&redis.url()).map_err(|error| error.to_string())?),
        };
        let provider_port = hosts::free_port()?;
        let private_origins = format!("http://127.0.0.1:{provider_port}");
        let limits_of_app = limits.parse::<Limits>().map_err(|error| error.to_string())?;
        let mailbox = Arc::new(Mailbox::default());
        let mail_url = runtime.block_on(serve(provider(Arc::clone(&mailbox) as _, TOKEN)))? + PROVIDER_PATH;
        let fetch: Arc<dyn Fetch> = Arc::new(NativeFetch::new().map_err(|error| error.to_string())?);
        let mailer = HttpMailer::new(&mail_url, TOKEN, MAIL_FROM, Arc::clone(&fetch));
        let mailer: Arc<dyn Mailer> = Arc::new(mailer.map_err(|error| error.to_string())?);
        let bucket = bucket::router(folder.path().join(bucket::NAME), TOKEN_OF_BUCKET);
        let bucket = DevBucket::at(&runtime.block_on(serve(bucket))?, TOKEN_OF_BUCKET);
        let media = bucket.settings();
        let hosted_media = [
            ("MEDIA_ENDPOINT", media.endpoint),
            ("MEDIA_REGION", media.region),
            ("MEDIA_BUCKET", media.bucket),
            ("MEDIA_ACCESS_KEY_ID", media.access_key_id),
            ("MEDIA_SECRET_ACCESS_KEY", media.secret_access_key),
            ("MEDIA_URL", media.public_url),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let (sql_of_app, kv_of_app, issuers) = (Arc::clone(&sql), Arc::clone(&kv), private_origins.clone());
        let make = move || {
            let (sql, kv, clock) = (Arc::clone(&sql_of_app), Arc::clone(&kv_of_app), Arc::clone(&clock));
            let media = Bucket::new(&bucket.settings(), Arc::clone(&fetch)).unwrap();
            let mut app = App::new(sql, kv, clock, Arc::new(HostEntropy), secrets())
                .with_media(media)
                .with_limits(limits_of_app.clone())
                .with_tenant_fetch(TenantFetch::new(Arc::clone(&fetch), &issuers))
                .with_provider_fetch(TenantFetch::new(Arc::clone(&fetch), &issuers))
                .with_mailer(Arc::clone(&mailer))
                .with_sign_up(SignUp::Open);
            app.stripe_url.clone_from(&issuers);
            app
        };
        let app = Arc::new(make());
        let (ours, theirs) = runtime.block_on(async {
            migrate(&**app.databases.first()).await.map_err(|error| error.to_string())?;
            Ok::<_, String>((keys(&app, "Ours", "EUR").await?, keys(&app, "Theirs", "BHD").await?))
        })?;
        let (url, host, fresh) = if is_native {
            let url = runtime.block_on(serve(routes::router(Arc::clone(&app))))?;
            (url, None, Fresh::Native(Box::new(make)))
        } else {
            let endpoint = runtime.block_on(serve(redis_rest::router(kv, TOKEN)))?;
            let database = sqld.as_ref().map(Sqld::url).unwrap_or_default();
            let settings = [
                ("DATABASE_URL", database.as_str()),
                ("DATABASE_TOKEN", ""),
                ("DATABASE_STREAMS", if kind == Kind::Workers { "4" } else { "0" }),
                ("REDIS_URL", endpoint.as_str()),
                ("REDIS_TOKEN", TOKEN),
                ("MAIL_URL", mail_url.as_str()),
                ("MAIL_TOKEN", TOKEN),
                ("MAIL_FROM", MAIL_FROM),
                ("RATE_LIMITS", limits),
                ("MASTER_KEYS", MASTER_KEYS),
                ("LOOKUP_KEY", LOOKUP_KEY),
                ("PASSWORD_HASHING", PASSWORD_HASHING),
                ("ISSUER", ISSUER),
                ("PRIVATE_ISSUERS", &private_origins),
                ("PRIVATE_PROVIDERS", &private_origins),
                ("STRIPE_URL", &private_origins),
                ("SIGN_UP", "open"),
            ];
            let settings = settings.map(|(name, value)| (name, value.to_owned())).into_iter().chain(hosted_media);
            let settings: Vec<(&str, String)> = settings.collect();
            let host = start(kind, &settings)?;
            (host.url.clone(), Some(host), Fresh::Hosted(kind, settings))
        };
        let (redis, sqld) = (redis.map(Mutex::new), sqld.map(Mutex::new));
        Ok(Stage {
            url,
            ours,
            theirs,
            sql,
            app,
            provider_port,
            mailbox,
            fresh,
            host,
            runtime: Some(runtime),
            redis,
            sqld,
            folder,
        })
    }

    /// Runs `work` to its end.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }

    /// What a story is told with.
    pub fn world(&self) -> World {
        self.world_at(&self.url)
    }

    fn world_at(&self, url: &str) -> World {
        let (ours, theirs) = (&self.ours, &self.theirs);
        let world = world(url, [&ours.publishable, &ours.secret], [&theirs.publishable, &theirs.secret]);
        World { mailbox: Some(Arc::clone(&self.mailbox)), ..world }
    }

    /// Another isolate of the same API, which remembers nothing yet.
    pub async fn isolate(&self) -> Isolate {
        match &self.fresh {
            Fresh::Native(make) => {
                let url = serve(routes::router(Arc::new(make()))).await.unwrap();
                Isolate { url, host: None }
            }
            Fresh::Hosted(kind, settings) => {
                let host = start(*kind, settings).unwrap();
                Isolate { url: host.url.clone(), host: Some(host) }
            }
        }
    }

    /// The same API in this process, over the same database, by another clock. Limits nobody and sends no mail.
    pub async fn isolate_at(&self, clock: Arc<dyn Clock>) -> Isolate {
        self.isolate_of(clock, secrets()).await
    }

    /// As [`Stage::isolate_at`], by the right clock, with another setting `PASSWORD_HASHING`.
    pub async fn isolate_hashing(&self, parameters: &str) -> Isolate {
        self.isolate_of(Arc::clone(&self.app.clock), secrets().hashing_passwords_by(parameters).unwrap()).await
    }

    async fn isolate_of(&self, clock: Arc<dyn Clock>, secrets: Secrets) -> Isolate {
        let kv = Arc::new(MemoryKv::new(Arc::clone(&clock), scripts::ALL));
        let sql = Arc::clone(self.app.databases.first());
        let app = App::new(sql, kv, clock, Arc::new(HostEntropy), secrets);
        let app = app.with_limits(hosts::UNLIMITED.parse().unwrap());
        Isolate { url: serve(routes::router(Arc::new(app))).await.unwrap(), host: None }
    }

    /// Another isolate, whose directory says that `organization` lives in the database at `url`.
    pub async fn isolate_with(&self, organization: OrganizationId, url: &str) -> Isolate {
        match &self.fresh {
            Fresh::Native(make) => {
                let fetch = Arc::new(NativeFetch::new().unwrap());
                let sql = Arc::new(HranaSql::new(url, None, fetch).unwrap());
                let mut app = make();
                app.databases = app.databases.with(sql, [organization]);
                let url = serve(routes::router(Arc::new(app))).await.unwrap();
                Isolate { url, host: None }
            }
            Fresh::Hosted(kind, settings) => {
                let directory = ("DATABASE_DIRECTORY", format!("{organization} {url}"));
                let settings: Vec<_> = settings.iter().cloned().chain([directory]).collect();
                let host = start(*kind, &settings).unwrap();
                Isolate { url: host.url.clone(), host: Some(host) }
            }
        }
    }

    /// Another isolate, behind the CDN that this setting names.
    pub async fn isolate_behind(&self, cdn: &str) -> Isolate {
        match &self.fresh {
            Fresh::Native(make) => {
                let cdn: Cdn = cdn.parse().unwrap();
                let purger = cdn.purger(TOKEN, Arc::new(NativeFetch::new().unwrap())).unwrap();
                let url = serve(routes::router(Arc::new(make().with_cdn(purger)))).await.unwrap();
                Isolate { url, host: None }
            }
            Fresh::Hosted(kind, settings) => {
                let more = [("CDN", cdn.to_owned()), ("CDN_TOKEN", TOKEN.to_owned())];
                let settings: Vec<_> = settings.iter().cloned().chain(more).collect();
                let host = start(*kind, &settings).unwrap();
                Isolate { url: host.url.clone(), host: Some(host) }
            }
        }
    }

    /// A copy of the embedded engine's database as it is now, in a folder that ends with it.
    pub fn copy_of_database(&self) -> (EmbeddedSql, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
            std::fs::copy(self.folder.path().join(&name), folder.path().join(&name)).unwrap();
        }
        (EmbeddedSql::open(folder.path().join(DATABASE), Durability::Process).unwrap(), folder)
    }

    /// Another isolate of the same API in this process, over `sql`.
    pub async fn isolate_over(&self, sql: Arc<dyn Sql>) -> Isolate {
        let Fresh::Native(make) = &self.fresh else { panic!("this stage is in another process") };
        let mut app = make();
        app.databases = sql.into();
        Isolate { url: serve(routes::router(Arc::new(app))).await.unwrap(), host: None }
    }

    /// What a story is told with, in another isolate.
    pub fn world_of(&self, isolate: &Isolate) -> World {
        self.world_at(&isolate.url)
    }

    /// The id of our shop's organization.
    pub fn our_organization(&self) -> &str {
        &self.ours.organization
    }

    /// An application over the same database and with the same secrets as the API's.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The port on which [`hosts::start_identity_provider`] may be called from the API.
    pub fn provider_port(&self) -> u16 {
        self.provider_port
    }

    /// What the API has sent to whom.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub fn sql(&self) -> &dyn Sql {
        &*self.sql
    }

    /// As [`Stage::sql`], to be kept.
    pub fn shared_sql(&self) -> Arc<dyn Sql> {
        Arc::clone(&self.sql)
    }

    /// The Redis server behind the API, to be killed and started again.
    pub fn with_redis<T>(&self, act: impl FnOnce(&mut RedisServer) -> T) -> T {
        act(&mut self.redis.as_ref().expect("this stage has a redis-server").lock().unwrap())
    }

    /// The database server behind the API, to be killed and started again.
    pub fn with_sqld<T>(&self, act: impl FnOnce(&mut Sqld) -> T) -> T {
        act(&mut self.sqld.as_ref().expect("this stage has a sqld").lock().unwrap())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(host) = &self.host {
            crate::log::heard(&std::fs::read_to_string(&host.log).unwrap_or_default());
        }
        // Does not wait for connections that clients keep open.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The API at `url` with the publishable and the secret keys of two shops, and a new mark.
pub fn world(url: &str, ours: [&str; 2], theirs: [&str; 2]) -> World {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let nobody = Client::new(url);
    let shop = |[publishable, secret]: [&str; 2]| Shop {
        shopper: nobody.with_key(publishable),
        merchant: nobody.with_key(secret),
    };
    // Differs from story to story, and from run to run where the database stays.
    let moment = u64::try_from(SystemClock.now().millis()).unwrap() * 1_000;
    let mark = format!("t{}", base36(moment + NUMBER.fetch_add(1, Ordering::Relaxed)));
    World { ours: shop(ours), theirs: shop(theirs), nobody, mark, mailbox: None }
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while 0 < number {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap(), 36).unwrap());
        number /= 36;
    }
    digits.into_iter().rev().collect()
}

async fn keys(app: &App, name: &str, currency: &str) -> Result<Keys, String> {
    let opened = open_store(app, name, name, currency.parse().unwrap()).await.map_err(|error| error.to_string())?;
    for (role, email) in STAFF {
        let email = email.parse().unwrap();
        let password = Password::chosen(STAFF_PASSWORD, &email).unwrap();
        let made = create_account(app, opened.tenant, &email, &password, role, &"en".parse().unwrap()).await;
        made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    }
    Ok(Keys {
        organization: opened.tenant.organization.to_string(),
        publishable: opened.publishable_key,
        secret: opened.secret_key,
    })
}

/// The API on a wasm host.
fn start(kind: Kind, settings: &[(&'static str, String)]) -> Result<Host, String> {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match kind {
        Kind::Workers => hosts::start_worker(&settings),
        Kind::Native | Kind::NativeWithRedis | Kind::Spin => hosts::start_spin(&settings),
    }
}

/// Serves on a free port for as long as the runtime lives.
pub async fn serve(router: axum::Router) -> Result<String, String> {
    serve_at(0, router).await
}

/// The same on a port.
pub async fn serve_at(port: u16, router: axum::Router) -> Result<String, String> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tokio::spawn(server::serve(listener, router, std::future::pending()));
    Ok(format!("http://{address}"))
}
