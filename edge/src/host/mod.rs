//! The three hosts. The target triple selects one; everything above this module is host-free.

pub mod log;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
#[cfg(all(target_arch = "wasm32", feature = "ports-over-http"))]
mod ports;
#[cfg(target_arch = "wasm32")]
mod remote;
#[cfg(target_os = "wasi")]
pub mod spin;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub mod workers;
