//! Where things are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

pub struct Paths {
    /// The checkout.
    pub root: PathBuf,
    /// Cargo's target folder, in the user's cache: every checkout on the machine shares it, so a
    /// clean one does not compile the dependencies again.
    pub target: PathBuf,
    /// Where this project installs command line tools, in the user's cache.
    pub tools: PathBuf,
}

impl Paths {
    pub fn find() -> Outcome<Paths> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().ok_or("xtask is not inside a checkout")?.to_path_buf();
        let cache = cache()?.join("headlesspro");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache.join("target"), |set| root.join(set));
        Ok(Paths { root, target, tools: cache.join("tools") })
    }

    /// Has cargo compile this checkout's own crates where another checkout was the last one to use the target folder.
    /// Cargo knows sources by their times, and those of a checkout that is older than the other's build seem built.
    pub fn claim_target(&self) -> Outcome {
        let failed = |error: std::io::Error| format!("{}: {error}", self.target.display());
        let (stamp, here) = (self.target.join("checkout"), self.root.to_string_lossy());
        if fs::read_to_string(&stamp).is_ok_and(|last| last == here) {
            return Ok(());
        }
        fs::create_dir_all(&self.target).map_err(failed)?;
        // `debug`, and `wasm32-wasip2/release`.
        let profiles = folders_in(&self.target);
        let of_targets: Vec<PathBuf> = profiles.iter().flat_map(|profile| folders_in(profile)).collect();
        for profile in profiles.into_iter().chain(of_targets) {
            let ours = |folder: &PathBuf| folder.file_name().is_some_and(is_ours);
            for built in folders_in(&profile.join(".fingerprint")).into_iter().filter(ours) {
                fs::remove_dir_all(&built).map_err(failed)?;
            }
        }
        fs::write(&stamp, here.as_bytes()).map_err(failed)
    }

    /// A tool that [`crate::install`] puts there.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.tools.join("bin").join(name)
    }

    /// A path inside the npm packages of the tests.
    pub fn npm(&self, path: &str) -> PathBuf {
        self.root.join("tests/node_modules").join(path)
    }

    /// The worker as it is deployed: the JavaScript around the module, and the module.
    pub fn worker(&self) -> [PathBuf; 2] {
        ["index.js", "index_bg.wasm"].map(|file| self.root.join("edge/build").join(file))
    }

    /// The component as it is deployed.
    pub fn component(&self) -> PathBuf {
        self.root.join("target/spin/headlesspro.wasm")
    }

    /// `path` as seen from the checkout, for messages.
    pub fn relative<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Whether a fingerprint is of a crate of this workspace.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with("headlesspro-")
}

/// The user's cache folder, by the XDG Base Directory Specification.
fn cache() -> Outcome<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".to_owned())
}
