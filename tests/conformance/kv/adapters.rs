//! Every adapter of the port, ready to be tested.

use std::sync::Arc;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::host::native::redis_rest;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::kv::upstash::UpstashKv;
use headlesspro_edge::port::kv::{Kv, MAX_ANSWER};

use crate::redis_server::RedisServer;
use crate::serve::serve;
use crate::task::Task;

pub const TOKEN: &str = "token of the tests";

pub fn in_process() -> Arc<MemoryKv> {
    Arc::new(MemoryKv::new(Arc::new(SystemClock), headlesspro_edge::scripts::ALL))
}

/// Our REST endpoint over `kv`, on a port of its own.
pub struct RestEndpoint {
    pub url: String,
    _task: Task,
}

impl RestEndpoint {
    pub async fn start(kv: Arc<dyn Kv>) -> RestEndpoint {
        let (url, task) = serve(redis_rest::router(kv, TOKEN)).await;
        RestEndpoint { url, _task: task }
    }

    pub fn client(&self) -> UpstashKv {
        UpstashKv::new(Arc::new(NativeFetch::new().unwrap()), &self.url, TOKEN).unwrap()
    }
}

/// An adapter with what has to live as long as it.
pub struct Adapter {
    pub name: &'static str,
    pub kv: Arc<dyn Kv>,
    _keep: (Option<RedisServer>, Option<RestEndpoint>),
}

pub async fn all() -> Vec<Adapter> {
    let in_process = Adapter { name: "in process", kv: in_process(), _keep: (None, None) };
    std::iter::once(in_process).chain(on_a_wire(MAX_ANSWER).await).collect()
}

/// Those that ask a server, each taking at most `max_bytes` for an answer.
pub async fn on_a_wire(max_bytes: usize) -> Vec<Adapter> {
    let over_memory = RestEndpoint::start(in_process()).await;
    let (server, other_server) = (RedisServer::start(), RedisServer::start());
    let over_redis = RestEndpoint::start(Arc::new(RedisKv::new(&other_server.url()).unwrap())).await;
    vec![
        Adapter {
            name: "redis-server over TCP",
            kv: Arc::new(RedisKv::new(&server.url()).unwrap().with_max_bytes(max_bytes)),
            _keep: (Some(server), None),
        },
        Adapter {
            name: "REST over the in-process store",
            kv: Arc::new(over_memory.client().with_max_bytes(max_bytes)),
            _keep: (None, Some(over_memory)),
        },
        Adapter {
            name: "REST over redis-server",
            kv: Arc::new(over_redis.client().with_max_bytes(max_bytes)),
            _keep: (Some(other_server), Some(over_redis)),
        },
    ]
}
