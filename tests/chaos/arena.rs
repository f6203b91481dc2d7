//! A deployment whose parts can be killed one by one.

use std::fmt;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::app::App;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::host::native::redis_rest;
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::Kv;
use headlesspro_edge::port::sql::Sql;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::turns::TakingTurns;
use headlesspro_shared::identity::ApiKeyClaim;
use serde_json::Value;

use crate::client::Client;
use crate::eventually::eventually;
use crate::hosts::{self, Host, UNLIMITED};
use crate::redis_server::RedisServer;
use crate::secrets::{ISSUER, LOOKUP_KEY, MASTER_KEYS, PASSWORD_HASHING, secrets};
use crate::serve::serve;
use crate::sqld::Sqld;
use crate::task::Task;
use crate::world::{Shop, World};

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Of the Upstash endpoint.
const TOKEN: &str = "token of the tests";

/// What can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Api,
    Sqld,
    Redis,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Api => "the API",
            Part::Sqld => "sqld",
            Part::Redis => "redis-server",
        })
    }
}

/// A running deployment with a shop in euros. All of it ends when dropped.
pub struct Arena {
    pub name: &'static str,
    pub world: World,
    /// How `hp` is told of the database.
    pub named: [String; 2],
    api: Api,
    sqld: Option<Sqld>,
    redis: RedisServer,
    /// The endpoint through which a worker reaches Redis.
    _endpoint: Option<Task>,
    _folder: tempfile::TempDir,
}

enum Api {
    Native { data: PathBuf, port: u16, redis: String, child: Child },
    Worker { port: u16, settings: Vec<(&'static str, String)>, host: Option<Host> },
}

impl Arena {
    /// `hp dev` with its database in a file, which survives a loss of power, and a redis-server.
    pub fn native() -> Arena {
        let folder = tempfile::tempdir().unwrap();
        let (data, redis, port) = (folder.path().join("data"), RedisServer::start(), hosts::two_free_ports().unwrap());
        let child = spawn_dev(&data, port, &redis.url());
        wait_for(port);
        let keys = (0..1_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            serde_json::from_str::<Value>(&std::fs::read_to_string(data.join("keys.json")).ok()?).ok()
        });
        let keys = keys.expect("`hp dev` writes its keys");
        let key = |name: &str| keys[name].as_str().unwrap().to_owned();
        let named = ["--data".to_owned(), data.to_str().unwrap().to_owned()];
        Arena {
            name: "native",
            world: world(port, &key("publishable_key"), &key("secret_key")),
            named,
            api: Api::Native { data, port, redis: redis.url(), child },
            sqld: None,
            redis,
            _endpoint: None,
            _folder: folder,
        }
    }

    /// The worker on workerd, a sqld and a redis-server.
    pub fn worker() -> Arena {
        let (sqld, redis) = (Sqld::start(), RedisServer::start());
        let clock = Arc::new(SystemClock);
        let sql = HranaSql::new(&sqld.url(), None, Arc::new(NativeFetch::new().unwrap())).unwrap();
        let sql: Arc<dyn Sql> = Arc::new(TakingTurns::new(Arc::new(sql), clock.clone()));
        let kv: Arc<dyn Kv> = Arc::new(RedisKv::new(&redis.url()).unwrap());
        let app = App::new(Arc::clone(&sql), Arc::clone(&kv), clock, Arc::new(HostEntropy), secrets());
        let (keys, endpoint) = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                migrate(&*sql).await.unwrap();
                let opened = open_store(&app, "Chaos", "Chaos", "EUR".parse().unwrap()).await.unwrap();
                (opened, serve(redis_rest::router(kv, TOKEN)).await)
            })
        });
        let (endpoint, serving) = endpoint;
        let (port, database) = (hosts::free_port().unwrap(), sqld.url());
        let settings = [
            ("DATABASE_URL", database.as_str()),
            ("DATABASE_TOKEN", ""),
            ("DATABASE_STREAMS", "4"),
            ("REDIS_URL", &endpoint),
            ("REDIS_TOKEN", TOKEN),
            ("RATE_LIMITS", UNLIMITED),
            ("MASTER_KEYS", MASTER_KEYS),
            ("LOOKUP_KEY", LOOKUP_KEY),
            ("PASSWORD_HASHING", PASSWORD_HASHING),
            ("ISSUER", ISSUER),
        ];
        let settings: Vec<_> = settings.map(|(name, value)| (name, value.to_owned())).into_iter().collect();
        let host = Some(start_worker(port, &settings));
        Arena {
            name: "worker",
            world: world(port, &keys.publishable_key, &keys.secret_key),
            named: ["--database".to_owned(), database],
            api: Api::Worker { port, settings, host },
            sqld: Some(sqld),
            redis,
            _endpoint: Some(serving),
            _folder: tempfile::tempdir().unwrap(),
        }
    }

    /// What there is to be killed.
    pub fn parts(&self) -> Vec<Part> {
        [Some(Part::Api), self.sqld.as_ref().map(|_| Part::Sqld), Some(Part::Redis)].into_iter().flatten().collect()
    }

    /// Kills a part at once, as `kill -9` does.
    pub fn kill(&mut self, part: Part) {
        match (part, &mut self.api) {
            (Part::Api, Api::Native { child, .. }) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            (Part::Api, Api::Worker { host, .. }) => host.take().into_iter().for_each(Host::kill),
            (Part::Sqld, _) => self.sqld.as_mut().unwrap().kill(),
            (Part::Redis, _) => self.redis.kill(),
        }
    }

    /// Starts a part again that was killed, and waits until it answers.
    pub async fn start(&mut self, part: Part) {
        match (part, &mut self.api) {
            (Part::Api, Api::Native { data, port, redis, child }) => {
                *child = spawn_dev(data, *port, redis);
                wait_for(*port);
            }
            (Part::Api, Api::Worker { port, settings, host }) => *host = Some(start_worker(*port, settings)),
            (Part::Sqld, _) => self.sqld.as_mut().unwrap().restart(),
            (Part::Redis, _) => self.redis.restart(),
        }
        let alive =
            async || self.world.nobody.get("/healthz").try_send().await.ok().filter(|answer| answer.status == 200);
        eventually("sign of life", STARTS_WITHIN, alive).await;
    }

    /// The database beside the API.
    pub fn sql(&self) -> Arc<dyn Sql> {
        match (&self.api, &self.sqld) {
            (Api::Native { data, .. }, _) => {
                Arc::new(EmbeddedSql::open(data.join("headlesspro.db"), Durability::Process).unwrap())
            }
            (_, Some(sqld)) => {
                Arc::new(HranaSql::new(&sqld.url(), None, Arc::new(NativeFetch::new().unwrap())).unwrap())
            }
            (_, None) => panic!("a worker has a sqld"),
        }
    }

    /// An application beside a worker, which has no cron in a test; `hp dev` has its own.
    pub fn sweeper(&self) -> Option<App> {
        self.sqld.as_ref()?;
        let clock = Arc::new(SystemClock);
        let kv: Arc<dyn Kv> = Arc::new(RedisKv::new(&self.redis.url()).unwrap());
        Some(App::new(self.sql(), kv, clock, Arc::new(HostEntropy), secrets()))
    }

    /// Whose shop it is.
    pub fn organization(&self) -> String {
        let claim: ApiKeyClaim = self.world.ours.merchant.key().unwrap().parse().unwrap();
        claim.organization.to_string()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let Api::Native { child, .. } = &mut self.api {
            let _may_be_gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn spawn_dev(data: &Path, port: u16, redis: &str) -> Child {
    let mut hp = Command::new(env!("CARGO_BIN_EXE_hp"));
    hp.args(["dev", "--seed", "none", "--port", &port.to_string(), "--redis", redis, "--rate-limits", UNLIMITED]);
    hp.arg("--data").arg(data).current_dir(data.parent().unwrap());
    hp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn start_worker(port: u16, settings: &[(&'static str, String)]) -> Host {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    hosts::start_workerd_at(port, &settings).unwrap()
}

/// Until somebody listens.
fn wait_for(port: u16) {
    let listens = (0..6_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert!(listens, "nobody listens on {port}");
}

fn world(port: u16, publishable: &str, secret: &str) -> World {
    let nobody = Client::new(&format!("http://127.0.0.1:{port}"));
    let shop = Shop { shopper: nobody.with_key(publishable), merchant: nobody.with_key(secret) };
    World { ours: shop.clone(), theirs: shop, nobody, mark: "chaos".to_owned(), mailbox: None }
}
