//! A component that is a program: it is run once, with this process's standard streams.

use std::path::Path;

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::error::Context;
use wasmtime::{Engine, Result, Store, bail};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::compiled;

struct Program {
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for Program {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Runs the component in the file that is the first of `words`, which are its arguments.
pub async fn run(words: &[String]) -> Result<()> {
    let file = Path::new(words.first().context("--command wants a component")?);
    let engine = Engine::default();
    let component = compiled::load(&engine, file).context("cannot load the component")?;
    let mut linker: Linker<Program> = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let wasi = WasiCtx::builder().inherit_stdio().args(words).build();
    let mut store = Store::new(&engine, Program { table: ResourceTable::new(), wasi });
    let command = Command::instantiate_async(&mut store, &component, &linker).await?;
    match command.wasi_cli_run().call_run(&mut store).await? {
        Ok(()) => Ok(()),
        Err(()) => bail!("the component has failed"),
    }
}
