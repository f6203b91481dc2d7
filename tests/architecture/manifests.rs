//! The manifests of the wasm hosts: they and the README name every setting that the code reads, Spin takes the hosts
//! that its manifest allows, and wrangler takes its own.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use toml::{Table, Value};

use crate::dependencies::manifest;
use crate::source::{root, sources};

/// Read on Spin alone, which does not tell the client's address by itself.
const SPINS_OWN: &str = "client_address_header";

/// Read on Workers alone: what it asks for is always so on Spin.
const WORKERS_OWN: &str = "TELL_SPIN";

/// The settings of the wasm hosts, as the code lists them.
fn settings() -> BTreeSet<String> {
    let remote = sources("edge/src/host").into_iter().find(|source| source.path == "edge/src/host/remote.rs");
    let remote = remote.expect("edge/src/host/remote.rs");
    let list = remote.syntax.items.iter().find_map(|item| match item {
        syn::Item::Const(item) if item.ident == "SETTINGS" => Some(item.expr.as_ref()),
        _ => None,
    });
    let Some(syn::Expr::Array(list)) = list else { panic!("host/remote.rs has no array SETTINGS") };
    let name = |item: &syn::Expr| match item {
        // Each constant is called as its setting is.
        syn::Expr::Path(path) => path.path.segments.last().expect("a name").ident.to_string(),
        _ => panic!("SETTINGS lists something else than constants"),
    };
    list.elems.iter().map(name).collect()
}

/// Those that may stand in no file.
fn secrets() -> BTreeSet<String> {
    let spin = manifest("spin.toml");
    let is_secret = |(_, variable): &(&String, &Value)| variable.get("secret").and_then(Value::as_bool) == Some(true);
    table(&spin, &["variables"]).iter().filter(is_secret).map(|(name, _)| name.to_ascii_uppercase()).collect()
}

#[test]
fn spin_toml_names_every_setting_and_hands_it_on() {
    let spin = manifest("spin.toml");
    let wanted: BTreeSet<String> =
        settings().iter().map(|name| name.to_ascii_lowercase()).chain([SPINS_OWN.to_owned()]).collect();
    let handed_on = table(&spin, &["component", "api", "variables"]);
    assert_eq!(table(&spin, &["variables"]).keys().cloned().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(handed_on.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    for (name, value) in &handed_on {
        assert_eq!(value.as_str(), Some(format!("{{{{ {name} }}}}").as_str()), "[component.api.variables] {name}");
    }
}

#[test]
fn spin_takes_the_hosts_that_may_be_called() {
    let spin = manifest("spin.toml");
    let variables = table(&spin, &["variables"]);
    let default = |name: &str| variables.get(name).and_then(|variable| variable.get("default")).and_then(Value::as_str);
    let hosts = table(&spin, &["component", "api"]).get("allowed_outbound_hosts").and_then(Value::as_array).cloned();
    let hosts: Vec<String> = hosts
        .expect("allowed_outbound_hosts")
        .iter()
        .map(|host| {
            let host = host.as_str().expect("a text");
            let Some(name) = host.strip_prefix("{{ ").and_then(|host| host.strip_suffix(" }}")) else {
                return host.to_owned();
            };
            default(name).unwrap_or_else(|| panic!("{host}: the variable has no default")).to_owned()
        })
        .collect();
    for host in &hosts {
        assert!(is_host(host), "allowed_outbound_hosts: Spin refuses {host:?}");
    }
    // Beside `hp dev` everything works: what the defaults name may be called.
    for (name, url) in variables.keys().filter_map(|name| Some((name, default(name)?))) {
        let is_allowed = url.starts_with("https://") || hosts.iter().any(|host| Some(host.as_str()) == origin(url));
        assert!(!name.ends_with("_url") || url.is_empty() || is_allowed, "{name}: {url} may not be called");
    }
    for bad in ["http://127.0.0.1:8788/dev/mail", "https://mail.example/", "127.0.0.1:8788", "https://", "libsql://a"] {
        assert!(!is_host(bad), "{bad}");
    }
}

/// `scheme://host[:port]`, of a scheme that Spin knows.
fn is_host(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '{', ' ']))
}

/// The URL without its path.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    url.get(..scheme.len() + "://".len() + host.len())
}

/// `[vars]` with what stands there as a comment: every var there is.
fn wrangler_with_all_vars() -> String {
    let text = fs::read_to_string(root().join("wrangler.toml")).expect("wrangler.toml");
    let (before, vars) = text.split_once("[vars]").expect("[vars]");
    let is_var = |line: &str| {
        line.split_once(" = \"").is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
    };
    let line = |line: &str| line.strip_prefix("# ").filter(|var| is_var(var)).unwrap_or(line).to_owned() + "\n";
    format!("{before}[vars]{}", vars.lines().map(line).collect::<String>())
}

#[test]
fn wrangler_toml_names_every_setting() {
    let (settings, secrets) = (settings(), secrets());
    assert!(secrets.is_subset(&settings), "{secrets:?}");
    let all = wrangler_with_all_vars();
    let vars = table(&all.parse().expect("TOML"), &["vars"]).keys().cloned().collect::<BTreeSet<_>>();
    let wanted = settings.difference(&secrets).cloned().chain([WORKERS_OWN.to_owned()]).collect();
    assert_eq!(vars, wanted, "left: [vars] of wrangler.toml, with comments");
    let (_, list) = all.split_once("`wrangler secret put NAME`, for\n").expect("the list of secrets");
    let list = list.lines().next().unwrap_or_default().trim_start_matches('#');
    assert_eq!(list.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>(), secrets);
}

#[test]
fn the_readme_tells_every_setting_for_both_hosts() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let secrets = secrets();
    for name in settings() {
        let kind = if secrets.contains(&name) { "secret" } else { "var" };
        let told = format!("| {kind} `{name}` |");
        assert!(readme.contains(&told), "README.md: the table of settings lacks {told}");
        let spins = format!("`{}`", name.to_ascii_lowercase());
        assert!(readme.contains(&spins), "README.md: the table of settings lacks {spins}");
    }
    for name in secrets {
        assert!(readme.contains(&format!("wrangler secret put {name}")), "README.md: {name} is never put");
    }
}

/// In a folder of its own, with a module that does nothing: what is asked is whether the manifest is understood.
#[test]
fn wrangler_deploys_with_every_var() {
    let wrangler = root().join("tests/node_modules/wrangler/bin/wrangler.js");
    assert!(wrangler.exists(), "{} is missing: run `npm ci --ignore-scripts` in tests/", wrangler.display());
    let folder = tempfile::tempdir().expect("a folder");
    let mut config: Table = wrangler_with_all_vars().parse().expect("TOML");
    config.remove("build");
    fs::write(folder.path().join("wrangler.toml"), config.to_string()).expect("written");
    let module = folder.path().join("edge/build/index.js");
    fs::create_dir_all(module.parent().expect("a folder")).expect("a folder");
    fs::write(module, "export default { fetch() { return new Response() }, scheduled() {} }").expect("written");
    let dry_run = Command::new("node")
        .arg(wrangler)
        .args(["deploy", "--dry-run", "--outdir", "out"])
        .envs([("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false"), ("CI", "1")])
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .expect("node runs");
    let told = String::from_utf8_lossy(&dry_run.stdout) + String::from_utf8_lossy(&dry_run.stderr);
    assert!(dry_run.status.success(), "{told}");
    assert!(!told.contains("WARNING"), "{told}");
    let secrets = secrets();
    for name in settings().difference(&secrets) {
        assert!(told.contains(&format!("env.{name} ")), "{name} would not be deployed: {told}");
    }
}

/// A table within tables.
fn table(manifest: &Table, path: &[&str]) -> Table {
    let found = path.iter().try_fold(manifest, |table, name| table.get(*name).and_then(Value::as_table));
    found.unwrap_or_else(|| panic!("there is no [{}]", path.join("."))).clone()
}
