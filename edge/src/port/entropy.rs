//! Unpredictable bytes, for ids and keys.

/// The host's cryptographic random source did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the host: {0}")]
pub struct NoEntropy(pub String);

pub trait Entropy: Send + Sync {
    /// Fills `bytes` from the host's cryptographic random source.
    ///
    /// # Errors
    /// [`NoEntropy`] when the host has none to give; the caller answers 503 and changes nothing.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The operating system's, browser's or runtime's own source, by `getrandom` on every target.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostEntropy;

impl Entropy for HostEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|error| NoEntropy(error.to_string()))
    }
}
