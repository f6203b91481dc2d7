//! Instances of the component, and how long each is used. The figures are Spin 4's defaults.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{Engine, Result, Store, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Requests an instance serves before it is thrown away.
const REUSE: usize = 128;
/// Requests an instance serves at a time.
const CONCURRENT: usize = 16;
const IDLE: Duration = Duration::from_secs(1);
/// The longest a request, or the work after it, may take.
const LONGEST: Duration = Duration::from_secs(30);

/// What the host keeps for one instance.
pub struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: Default::default() }
    }
}

/// Makes instances of one component.
pub struct Instances {
    engine: Engine,
    service: ServicePre<Guest>,
}

impl Instances {
    pub fn new(engine: Engine, service: ServicePre<Guest>) -> Instances {
        Instances { engine, service }
    }
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Deadline;
    type WorkerState = Reuse;

    async fn instantiate(&self) -> Result<Instance<Guest, Deadline, Reuse>> {
        // The host's stdout carries its address and nothing else.
        let wasi = WasiCtx::builder().stdout(wasmtime_wasi::cli::stderr()).inherit_stderr().build();
        let guest = Guest { table: ResourceTable::new(), wasi, http: WasiHttpCtx::new() };
        let mut store = Store::new(&self.engine, guest);
        let proxy = Proxy::P3(self.service.instantiate_async(&mut store).await?);
        Ok(Instance { store, proxy, view: Guest::http, expiration: Deadline::default(), state: Reuse })
    }
}

/// How often one instance is used again.
pub struct Reuse;

impl WorkerState for Reuse {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if REUSE <= total {
            ShouldAccept::Never
        } else if CONCURRENT <= concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, Guest>,
        (): (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(tokio::time::sleep(LONGEST))
    }

    fn drop(&self, _store: Store<Guest>, result: Result<()>) {
        if let Err(error) = result {
            eprintln!("spin-host: the instance failed: {error:?}");
        }
    }
}

/// When an instance is dropped: a second after its last request, or when a request takes too long.
#[derive(Default)]
pub struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl WorkerExpiration for Deadline {
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle => IDLE,
            WorkerStatus::Requests | WorkerStatus::PostReturn => LONGEST,
        };
        let deadline = tokio::time::Instant::from_std(start + limit);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}
