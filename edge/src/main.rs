//! `hp`, HeadlessPro's command line.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    headlesspro_edge::cli::run()
}

/// The wasm hosts use the library; the binary is native.
#[cfg(target_arch = "wasm32")]
fn main() {}
