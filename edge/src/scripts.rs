//! Every Redis script of the project, as the in-process store must know them.

use crate::cache::written::WRITTEN;
use crate::cart::script::CART;
use crate::fraud::script::ATTEMPTS;
use crate::identity::script::{LIMITS_AND_LOCKOUT, LOCKOUT};
use crate::limits::script::LIMITS;
use crate::organizations::script::{FOUNDINGS, LIMITS_AND_FOUNDINGS};
use crate::port::kv::Script;

pub const ALL: &[&Script] =
    &[&CART, &LIMITS, &LOCKOUT, &LIMITS_AND_LOCKOUT, &FOUNDINGS, &LIMITS_AND_FOUNDINGS, &WRITTEN, &ATTEMPTS];
