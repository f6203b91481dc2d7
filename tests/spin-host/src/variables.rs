//! `spin:variables@3.0.0`, from the WIT file that ships in the spin-sdk crate.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::{ComponentType, Linker, Lower};

use crate::instance::Guest;

/// `variant error` of the interface. This host only ever says `undefined`.
#[derive(ComponentType, Lower)]
#[component(variant)]
#[expect(dead_code, reason = "the WIT type has all four cases")]
enum Error {
    #[component(name = "invalid-name")]
    InvalidName(String),
    #[component(name = "undefined")]
    Undefined(String),
    #[component(name = "provider")]
    Provider(String),
    #[component(name = "other")]
    Other(String),
}

/// `get: async func(name: string) -> result<string, error>`
pub fn add_to_linker(linker: &mut Linker<Guest>, variables: Arc<HashMap<String, String>>) -> Result<()> {
    linker.instance("spin:variables/variables@3.0.0")?.func_wrap_concurrent("get", move |_, (name,): (String,)| {
        let value = variables.get(&name).cloned().ok_or(Error::Undefined(name));
        Box::pin(async move { Ok((value,)) })
    })
}
