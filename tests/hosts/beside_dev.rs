//! `wrangler dev` and `spin up` beside `hp dev`: the project's own manifests, unchanged, and the settings that it
//! writes for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::hosts::{self, Host};
use crate::program::{Dev, first_counted, units_of};

/// `hp dev` beside copies of both manifests.
struct Project {
    folder: tempfile::TempDir,
    dev: Dev,
}

impl Project {
    fn start() -> Project {
        let folder = tempfile::tempdir().unwrap();
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for manifest in ["wrangler.toml", "spin.toml"] {
            fs::copy(checkout.join(manifest), folder.path().join(manifest)).unwrap();
        }
        let dev = Dev::start(&folder.path().join("data"), &[]);
        Project { folder, dev }
    }

    /// What `hp dev` has written into a file: values by name.
    fn written(&self, file: &str) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.folder.path().join(file)).unwrap();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("# Written by `hp dev`"), "{file}");
        lines
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn manifest(&self, file: &str) -> toml::Table {
        fs::read_to_string(self.folder.path().join(file)).unwrap().parse().unwrap()
    }

    /// Buys something of the sample shop at the host; `hp dev` shows the order, and what is left.
    async fn sells_at(&self, host: &Host) {
        let (there, here) = (self.dev.shop_at(&host.url), self.dev.shop());
        let counted = first_counted(&there).await;
        let checkout = there.opened(&[(&counted.variant, 1)]).await;
        let order = there.complete(&checkout, "bought there").await.expect(201);
        let seen = here.merchant.get(order.the("location")).send().await.expect(200);
        assert_eq!(seen.json(), order.json());
        assert_eq!(units_of(&here, &counted).await, Some(counted.units - 1));
        // One Redis as well: a cart that is filled here is there.
        let cart = here.filled_cart(&[(&counted.variant, 1)]).await;
        assert_eq!(there.cart(&cart).await["itemCount"], 1);
    }
}

#[tokio::test]
async fn wrangler_dev_runs_beside_hp_dev() {
    let project = Project::start();
    let written = project.written(".dev.vars");
    for (name, value) in project.manifest("wrangler.toml")["vars"].as_table().unwrap() {
        // Where nothing was written, the manifest's own value is meant for `hp dev` on its usual port.
        let is_elsewhere = value.as_str().is_some_and(|value| value.contains("127.0.0.1"));
        assert!(!is_elsewhere || written.contains_key(name), "{name} leads to another port than this one's");
    }
    let wrangler = hosts::start_wrangler_dev(project.folder.path()).unwrap();
    project.sells_at(&wrangler).await;
}

#[tokio::test]
async fn spin_runs_beside_hp_dev() {
    let project = Project::start();
    let manifest = project.manifest("spin.toml");
    let mut written = project.written(".env");
    let mut variables = BTreeMap::new();
    for (name, declared) in manifest["variables"].as_table().unwrap() {
        let given = written.remove(&format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()));
        let default = || declared.get("default").and_then(|default| default.as_str()).map(str::to_owned);
        let value = given.or_else(default);
        variables.insert(name.as_str(), value.unwrap_or_else(|| panic!("{name} is required and not written")));
    }
    assert!(written.is_empty(), "no variables of the application: {:?}", written.keys());
    // What the component sees: `database_url = "{{ database_url }}"`.
    let seen = manifest["component"]["api"]["variables"].as_table().unwrap();
    let settings: Vec<(String, &str)> = seen
        .iter()
        .map(|(name, template)| {
            let of = template.as_str().unwrap().trim_start_matches("{{ ").trim_end_matches(" }}");
            (name.to_ascii_uppercase(), variables[of].as_str())
        })
        .collect();
    let settings: Vec<hosts::Setting> = settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let spin = hosts::start_spin(&settings).unwrap();
    project.sells_at(&spin).await;
}
