//! Laws 1 and 7: who may depend on whom, read from the manifests.

use std::collections::BTreeMap;

use super::Found;
use super::tree::Tree;

/// What one manifest asks for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    line: usize,
    pub(super) name: &'a str,
    /// Only for its tests.
    for_tests: bool,
}

pub(super) fn check(tree: &Tree, found: &mut Found) {
    let manifests: Vec<(&str, &str)> = tree.ending("/Cargo.toml").collect();
    let homes: BTreeMap<&str, &str> = manifests
        .iter()
        .filter_map(|(path, text)| Some((package_name(text)?, path.strip_suffix("/Cargo.toml")?)))
        .collect();
    for (path, text) in &manifests {
        let Some(home) = path.strip_suffix("/Cargo.toml") else { continue };
        for wanted in wanted(text) {
            if let Some(other) = homes.get(wanted.name) {
                leaning(path, home, &wanted, other, found);
            }
        }
    }
}

fn leaning(path: &str, home: &str, wanted: &Wanted<'_>, other: &str, found: &mut Found) {
    if other == "crates/testkit" && !wanted.for_tests {
        found.add(7, path, wanted.line, "testkit is for tests: move it to [dev-dependencies]");
        return;
    }
    if let Some(why) = refused(home, other, wanted.for_tests) {
        found.add(1, path, wanted.line, format!("{home} may not depend on {other}: {why}"));
    }
}

/// Why one member of the workspace may not depend on another.
fn refused(home: &str, other: &str, for_tests: bool) -> Option<&'static str> {
    let service = |path: &str| path.starts_with("services/");
    match home {
        "crates/kernel" if !for_tests => Some("kernel leans on nothing of ours"),
        "crates/backing" => Some("backing is built before everything else, and leans on nothing of ours"),
        "crates/rule" | "crates/proto" if !for_tests && other != "crates/kernel" => Some("it leans on kernel only"),
        "services/rapport" | "tests" => None,
        "xtask" if other != "crates/backing" => Some("xtask is built first, and leans on backing only"),
        _ if home.starts_with("crates/") && service(other) => Some("crates know no services"),
        _ if service(home) && service(other) => Some("services know each other by gRPC and events only"),
        _ => None,
    }
}

fn package_name(text: &str) -> Option<&str> {
    let (_, package) = text.split_once("[package]")?;
    let line = package.lines().find(|line| line.trim_start().starts_with("name"))?;
    line.split('"').nth(1)
}

/// The dependencies a manifest names, in any of the forms TOML allows for them.
pub(super) fn wanted(text: &str) -> Vec<Wanted<'_>> {
    let mut wanted = Vec::new();
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            if let Some((kind, name)) = name.rsplit_once("dependencies.") {
                wanted.push(Wanted { line: index + 1, name, for_tests: kind.ends_with("dev-") });
            }
            continue;
        }
        let listed = section.ends_with("dependencies") && !section.starts_with("workspace");
        if listed && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or(line).trim_matches('"');
            wanted.push(Wanted { line: index + 1, name, for_tests: section.ends_with("dev-dependencies") });
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    fn tree(home: &str, dependencies: &str) -> Vec<String> {
        let manifest = |name: &str, more: &str| format!("[package]\nname = \"{name}\"\n\n{more}\n");
        let members = [
            "crates/kernel",
            "crates/store",
            "crates/proto",
            "crates/testkit",
            "services/loyalty",
            "services/activity",
        ];
        let others = members
            .iter()
            .filter(|other| **other != home)
            .map(|other| (format!("{other}/Cargo.toml"), manifest(other.rsplit('/').next().unwrap(), "")));
        let name = home.rsplit('/').next().unwrap();
        let all: Vec<(String, String)> =
            others.chain([(format!("{home}/Cargo.toml"), manifest(name, dependencies))]).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        found_by(check, &all)
    }

    #[test]
    fn law_1_services_do_not_know_each_other() {
        let found =
            tree("services/loyalty", "[dependencies]\nkernel.workspace = true\nactivity = { workspace = true }");
        assert_eq!(
            found,
            [
                "services/loyalty/Cargo.toml:6: law 1: services/loyalty may not depend on services/activity: services know \
              each other by gRPC and events only"
            ]
        );
        assert_eq!(tree("services/loyalty", "[dev-dependencies.activity]\nworkspace = true").len(), 1);
        assert_eq!(tree("services/rapport", "[dependencies]\nactivity.workspace = true").len(), 0);
    }

    #[test]
    fn law_1_crates_lean_on_kernel_and_not_on_services() {
        assert_eq!(tree("crates/store", "[dependencies]\nkernel.workspace = true").len(), 0);
        assert_eq!(tree("crates/store", "[dependencies]\nloyalty.workspace = true").len(), 1);
        assert_eq!(tree("crates/kernel", "[dependencies]\nstore.workspace = true").len(), 1);
        assert_eq!(tree("crates/proto", "[build-dependencies]\nstore.workspace = true").len(), 1);
        assert_eq!(tree("xtask", "[dependencies]\nkernel.workspace = true").len(), 1);
    }

    #[test]
    fn law_7_testkit_is_for_tests() {
        assert_eq!(tree("services/loyalty", "[dev-dependencies]\ntestkit.workspace = true").len(), 0);
        let found = tree("services/loyalty", "[dependencies]\ntestkit.workspace = true");
        assert_eq!(
            found,
            ["services/loyalty/Cargo.toml:5: law 7: testkit is for tests: move it to [dev-dependencies]"]
        );
        assert_eq!(tree("crates/store", "[target.'cfg(unix)'.dependencies]\ntestkit.workspace = true").len(), 1);
    }
}
