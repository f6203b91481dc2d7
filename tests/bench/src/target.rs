//! What is measured: a host with its database and Redis, filled with the same catalog.

use std::net::SocketAddr;
use std::path::Path;

use crate::Outcome;
use crate::hosts::{self, Host};
use crate::people;
use crate::process::{HpDev, Programs, Server};
use crate::products::{self, Catalog};

/// The catalog both hosts are measured with.
pub const CATALOG: Catalog = Catalog { products: 1000, variants: 3 };

/// Where a host answers, and which processes work for it.
pub struct Target {
    pub name: &'static str,
    pub address: SocketAddr,
    pub publishable_key: String,
    pub secret_key: String,
    /// The process whose CPU time counts as the server's.
    pub server: u32,
    /// The processes it asks: database and Redis.
    pub beside: Vec<u32>,
}

/// Release `hp` over `data`, with libSQL and Redis in its process, and other settings in `words`. Ends with the second answer.
///
/// # Errors
/// What did not start.
pub fn native(programs: &Programs, data: &Path, words: &[&str]) -> Outcome<(Target, HpDev)> {
    let hp = programs.start_hp_dev_with(data, None, words)?;
    let target = Target {
        name: "native",
        address: hp.server.address,
        publishable_key: hp.publishable_key.clone(),
        secret_key: hp.secret_key.clone(),
        server: hp.server.pid(),
        beside: Vec::new(),
    };
    Ok((target, hp))
}

/// The secrets of an installation that lives for a run.
pub const MASTER_KEYS: &str = "m1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
pub const LOOKUP_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

/// What a worker needs around it: sqld with the catalog, and redis-server behind our Upstash endpoint.
pub struct Backends {
    sqld: Server,
    redis: Server,
    upstash: HpDev,
    publishable_key: String,
    secret_key: String,
}

impl Backends {
    /// # Errors
    /// What did not start, or what `hp` said.
    pub fn start(programs: &Programs) -> Outcome<Backends> {
        let (sqld, redis) = (programs.start_sqld()?, programs.start_redis()?);
        let upstash = programs.start_hp_dev(&programs.scratch.join("upstash"), Some(&redis))?;
        let database = sqld.url();
        programs.hp(&["migrate", "--database", &database])?;
        let said = programs.hp(&["store", "create", "--database", &database])?;
        let key = |name| {
            let key = said.lines().find_map(|line| line.strip_prefix(name)).map(|key| key.trim().to_owned());
            key.ok_or_else(|| format!("`hp store create` printed no {name}"))
        };
        let (publishable_key, secret_key) = (key("publishable key")?, key("secret key")?);
        programs.hp(&["import", &catalog_file(&programs.scratch, CATALOG)?, "--database", &database])?;
        people::create(programs, ["--database", &database])?;
        Ok(Backends { sqld, redis, upstash, publishable_key, secret_key })
    }

    /// A fresh workerd with the release worker. Ends with the second answer.
    ///
    /// # Errors
    /// What is missing or did not start.
    pub fn start_workerd(&self) -> Outcome<(Target, Host)> {
        let database = self.sqld.url();
        let settings = [
            ("DATABASE_URL", database.as_str()),
            ("DATABASE_STREAMS", "64"),
            ("MASTER_KEYS", MASTER_KEYS),
            ("LOOKUP_KEY", LOOKUP_KEY),
            ("REDIS_URL", &self.upstash.redis_url),
            ("REDIS_TOKEN", &self.upstash.token),
            ("RATE_LIMITS", hosts::UNLIMITED),
        ];
        let host = hosts::start_workerd(&settings)?;
        let address = host.url.trim_start_matches("http://").parse();
        let target = Target {
            name: "workerd",
            address: address.map_err(|error| format!("{}: {error}", host.url))?,
            publishable_key: self.publishable_key.clone(),
            secret_key: self.secret_key.clone(),
            server: host.pid(),
            beside: [&self.sqld, &self.redis, &self.upstash.server].map(Server::pid).to_vec(),
        };
        Ok((target, host))
    }
}

/// The catalog's file, written once.
///
/// # Errors
/// It cannot be written.
pub fn catalog_file(folder: &Path, catalog: Catalog) -> Outcome<String> {
    let file = folder.join(format!("products-{}x{}.csv", catalog.products, catalog.variants));
    if !file.exists() {
        products::write_csv(&file, catalog)?;
    }
    Ok(file.to_string_lossy().into_owned())
}
