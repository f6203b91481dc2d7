//! The secrets of a test's installation.

use headlesspro_edge::app::Secrets;
use headlesspro_edge::vault::Vault;
use headlesspro_shared::identity::HashParameters;

pub const MASTER_KEYS: &str = "m1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
pub const LOOKUP_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";
pub const ISSUER: &str = "https://shop.test";
/// Cheap: the tests log in often.
pub const PASSWORD_HASHING: &str = "$argon2id$v=19$m=1024,t=1,p=1";

pub fn secrets() -> Secrets {
    let vault = Vault::from_settings(MASTER_KEYS, LOOKUP_KEY).expect("keys");
    let password_hashing: HashParameters = PASSWORD_HASHING.parse().expect("parameters");
    Secrets { vault, issuer: ISSUER.to_owned(), password_hashing }
}
