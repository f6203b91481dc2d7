//! Compiling a component takes seconds, and the test suites start one dozens of times: the machine code is
//! kept beside the component.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// The component in `file`, compiled now or by an earlier start of this very build of wasmtime.
pub fn load(engine: &Engine, file: &Path) -> Result<Component> {
    let bytes = std::fs::read(file)?;
    let mut hasher = DefaultHasher::new();
    (engine.precompile_compatibility_hash(), &bytes).hash(&mut hasher);
    let kept = file.with_extension(format!("{:016x}.cwasm", hasher.finish()));
    if kept.exists() {
        // Sound as far as nobody puts other files into the build folder: this is what `serialize` wrote,
        // and wasmtime itself checks that it comes from the same version and settings.
        return unsafe { Component::deserialize_file(engine, &kept) };
    }
    let component = Component::new(engine, &bytes)?;
    // Renamed into place, since several tests may start at the same time.
    let partial = file.with_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&partial, component.serialize()?)?;
    std::fs::rename(&partial, &kept)?;
    Ok(component)
}
