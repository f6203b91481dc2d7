//! `hp`, HeadlessPro's command line.

/// A request makes some 100 small allocations on two threads at once, which the C library's allocator
/// serves in a tenth of the request's time.
#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    headlesspro_edge::cli::run()
}

/// The wasm hosts use the library; the binary is native.
#[cfg(target_arch = "wasm32")]
fn main() {}
