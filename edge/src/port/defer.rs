//! Work after the response.

use super::BoxFuture;

pub trait Defer: Send + Sync {
    /// Runs `work` after the response has left, as far as the host lets it live (Workers: 30 s).
    /// Nothing may depend on it for correctness: a cron does what is left.
    fn defer(&self, work: BoxFuture<'static, ()>);
}
