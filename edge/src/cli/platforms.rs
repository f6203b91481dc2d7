//! `hp platforms`: what a store can be a connection to.

use headlesspro_shared::organizations::PLATFORMS;

use super::output;

pub fn run() -> Result<(), String> {
    for platform in PLATFORMS {
        let abilities: Vec<&str> = platform.abilities.iter().map(|ability| ability.name()).collect();
        let (id, abilities, asks) = (platform.id, abilities.join(" "), platform.credentials.join(" "));
        output::line(format_args!("{id:<17} {:<19} {abilities:<43} needs {asks}", platform.name));
    }
    Ok(())
}
