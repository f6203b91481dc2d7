//! `hp bulk`: products as JSON Lines, in and out.

use clap::Subcommand;

use super::export::{self, ToFile};
use crate::products::Form;

#[derive(Subcommand)]
pub enum BulkCommand {
    /// Export all products as JSON Lines. What was broken off goes on.
    Export(ToFile),
}

pub async fn run(command: BulkCommand) -> Result<(), String> {
    match command {
        BulkCommand::Export(to) => export::to_file(&to, Form::Lines).await,
    }
}
