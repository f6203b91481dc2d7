//! The installation's secrets, as commands get them.

use std::path::Path;

use clap::Args;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::database::{DatabaseArgs, Place};
use super::write_privately;
use crate::app::Secrets;
use crate::port::entropy::{Entropy, HostEntropy};
use crate::vault::new_secrets;

#[derive(Args, Clone)]
pub struct SecretsArgs {
    /// The deployment's MASTER_KEYS. Unless given, those of the data folder; for another database, HP_MASTER_KEYS.
    // Read by hand, as HP_LOOKUP_KEY: what is set for a deployment must not seal the data of a folder.
    #[arg(long, value_name = "KEYS", allow_hyphen_values = true)]
    master_keys: Option<String>,
    /// The deployment's LOOKUP_KEY. Unless given, that of the data folder; for another database, HP_LOOKUP_KEY.
    // base64url: one key in 64 begins with a hyphen.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    lookup_key: Option<String>,
}

/// What `hp dev` keeps beside its data.
#[derive(Serialize, Deserialize)]
pub struct SecretsFile {
    pub master_keys: String,
    pub lookup_key: String,
}

impl SecretsFile {
    const NAME: &str = "secrets.json";

    /// The file of a data folder.
    ///
    /// # Errors
    /// In words, for the terminal.
    pub fn read(data: &Path) -> Result<SecretsFile, String> {
        let file = data.join(SecretsFile::NAME);
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{} is damaged: {error}", file.display()))
    }

    /// As [`read`](SecretsFile::read); made anew where there is none.
    ///
    /// # Errors
    /// In words, for the terminal.
    pub fn open(data: &Path, entropy: &dyn Entropy) -> Result<SecretsFile, String> {
        if data.join(SecretsFile::NAME).exists() {
            return SecretsFile::read(data);
        }
        let (master_keys, lookup_key) = new_secrets(entropy).map_err(|error| error.to_string())?;
        let secrets = SecretsFile { master_keys, lookup_key };
        let text = serde_json::to_string_pretty(&secrets).map_err(|error| error.to_string())?;
        write_privately(&data.join(SecretsFile::NAME), &text)?;
        Ok(secrets)
    }

    /// What signs for the folder of files.
    pub fn bucket_secret(&self) -> String {
        hex::encode(Sha256::digest(format!("bucket|{}", self.lookup_key)))
    }

    /// # Errors
    /// In words, for the terminal.
    pub fn secrets(&self, issuer: Option<String>) -> Result<Secrets, String> {
        let secrets = Secrets::from_settings(&self.master_keys, &self.lookup_key, issuer, None);
        secrets.map_err(|error| error.to_string())
    }
}

/// The secrets of the deployment whose database a command works on.
///
/// # Errors
/// In words: which setting is missing or malformed.
pub fn of(database: &DatabaseArgs, args: &SecretsArgs) -> Result<Secrets, String> {
    let given = match (&args.master_keys, &args.lookup_key, database.place()) {
        (Some(master_keys), Some(lookup_key), _) => {
            SecretsFile { master_keys: master_keys.clone(), lookup_key: lookup_key.clone() }
        }
        (None, None, Place::Folder(folder)) => SecretsFile::read(&folder)?,
        (master_keys, lookup_key, _) => {
            let both = "HP_MASTER_KEYS and HP_LOOKUP_KEY must be set as the deployment's secrets are";
            let missing = || format!("{both}; `hp keys new` makes them for a new one");
            let or_variable = |given: &Option<String>, name| given.clone().or_else(|| std::env::var(name).ok());
            SecretsFile {
                master_keys: or_variable(master_keys, "HP_MASTER_KEYS").ok_or_else(missing)?,
                lookup_key: or_variable(lookup_key, "HP_LOOKUP_KEY").ok_or_else(missing)?,
            }
        }
    };
    given.secrets(None)
}

/// Secrets for a command that seals nothing and issues nothing: keys that are forgotten with it.
///
/// # Errors
/// In words: the machine has no randomness.
pub fn none() -> Result<Secrets, String> {
    let (master_keys, lookup_key) = new_secrets(&HostEntropy).map_err(|error| error.to_string())?;
    SecretsFile { master_keys, lookup_key }.secrets(None)
}
