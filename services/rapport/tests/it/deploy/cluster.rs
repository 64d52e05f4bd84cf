//! What a folder of manifests puts into a cluster: the base, and the example with what an operator brings along.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{Environment, deploy, documents, image, items, keys_made_in, program, read, scratch, succeeded, text};

/// What the base leaves to the operator, and the keys in it that are read.
const BROUGHT_ALONG: [(&str, &str, &[&str]); 2] = [
    ("ConfigMap", "rapport-issuer", &["jwks.json"]),
    ("Secret", "rapport", &["database-url", "internal-key", "redis-url", "secret"]),
];
/// Pods come from no other kind than these tests look at.
const KINDS: [&str; 7] = ["ConfigMap", "Deployment", "Job", "Namespace", "Secret", "Service", "ServiceAccount"];

/// The keys of ConfigMaps and Secrets, by kind and name.
pub(super) type Keys = BTreeMap<(String, String), BTreeSet<String>>;

/// What one folder renders to.
pub(super) struct Rendering {
    pub(super) folder: &'static str,
    yaml: String,
    documents: Vec<Value>,
}

/// What runs in pods.
pub(super) struct Workload<'a> {
    /// Where it stands and what it is called, for whoever reads of it.
    pub(super) said: String,
    pub(super) name: &'a str,
    pub(super) document: &'a Value,
    pub(super) pod: &'a Value,
    pub(super) container: &'a Value,
    /// What its process finds in its environment.
    pub(super) environment: Environment,
}

/// Both renderings. The name is that of the test, since tests run side by side.
pub(super) fn renderings(test: &str) -> [Rendering; 2] {
    [base(), example(test)]
}

fn base() -> Rendering {
    Rendering::of("base", &deploy().join("kubernetes/base"))
}

/// The example is rendered from a copy, beside which nobody's own secrets lie, with files made as the README says.
fn example(test: &str) -> Rendering {
    let root = scratch(test);
    let folder = root.join("example");
    for part in ["base", "example"] {
        copy_manifests(&deploy().join("kubernetes").join(part), &root.join(part));
    }
    std::fs::write(folder.join("database-url"), "postgres://rapport@db.example.com/rapport").expect("written");
    std::fs::write(folder.join("redis-url"), "redis://redis.example.com:6379").expect("written");
    let there = keys_made_in(&folder);
    let ignored = read(&deploy().join("kubernetes/example/.gitignore"));
    for file in there.iter().filter(|file| *file != "kustomization.yaml") {
        assert!(ignored.lines().any(|line| line == file), "example: {file} could get into version control");
    }
    let rendering = Rendering::of("example", &folder);
    std::fs::remove_dir_all(&root).expect("removed");
    rendering
}

fn copy_manifests(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            std::fs::copy(&path, to.join(path.file_name().expect("a file"))).expect("copied");
        }
    }
}

pub(super) fn brought_along() -> Keys {
    let each = BROUGHT_ALONG.into_iter();
    each.map(|(kind, name, keys)| {
        ((kind.to_owned(), name.to_owned()), keys.iter().map(|&key| key.to_owned()).collect())
    })
    .collect()
}

impl Rendering {
    fn of(folder: &'static str, path: &Path) -> Self {
        let yaml = succeeded(program("RAPPORT_TEST_KUBECTL").arg("kustomize").arg(path));
        let documents = documents(&yaml);
        Self { folder, yaml, documents }
    }

    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.documents.iter().filter(move |one| one["kind"] == kind)
    }

    pub(super) fn workloads(&self) -> Vec<Workload<'_>> {
        let all = self.of_kind("Deployment").chain(self.of_kind("Job"));
        all.map(|document| {
            let name = text(&document["metadata"]["name"]);
            let pod = &document["spec"]["template"]["spec"];
            let said = format!("{}: {} {name}", self.folder, text(&document["kind"]));
            let containers = [items(&pod["initContainers"]), items(&pod["containers"])].concat();
            assert_eq!(containers.len(), 1, "{said}: a second container would not be looked at");
            let container = &pod["containers"][0];
            let environment = self.environment(container);
            Workload { said, name, document, pod, container, environment }
        })
        .collect()
    }

    /// What a process finds in its environment: the image's, then the ConfigMaps', then its own. Secrets come as files.
    fn environment(&self, container: &Value) -> Environment {
        let mut found = image::environment();
        for source in items(&container["envFrom"]) {
            let name = text(&source["configMapRef"]["name"]);
            let map = self.of_kind("ConfigMap").find(|map| map["metadata"]["name"] == name);
            let map = map.unwrap_or_else(|| panic!("{}: there is no ConfigMap {name}", self.folder));
            let said = map["data"].as_object().expect("a map").iter();
            found.extend(said.map(|(name, value)| (name.clone(), text(value).to_owned())));
        }
        let own = items(&container["env"]).iter();
        found.extend(own.map(|one| (text(&one["name"]).to_owned(), text(&one["value"]).to_owned())));
        found
    }

    /// The keys of every ConfigMap and Secret that is rendered.
    pub(super) fn keys(&self) -> Keys {
        let all = ["ConfigMap", "Secret"].into_iter().flat_map(|kind| self.of_kind(kind));
        all.map(|one| {
            let name = (text(&one["kind"]).to_owned(), text(&one["metadata"]["name"]).to_owned());
            (name, one["data"].as_object().expect("a map").keys().cloned().collect())
        })
        .collect()
    }
}

#[test]
fn kubernetes_would_take_the_manifests() {
    for rendering in renderings("would-take") {
        let file = scratch(&format!("manifests-{}", rendering.folder));
        std::fs::write(&file, &rendering.yaml).expect("written");
        let told = succeeded(program("RAPPORT_TEST_PYTHON").args(["-m", "kubernetes_validate", "--strict"]).arg(&file));
        std::fs::remove_file(&file).expect("removed");
        assert!(!told.contains("WARN"), "{told}");
    }
}

#[test]
fn everything_lies_in_one_namespace_that_restricts_it() {
    for rendering in renderings("namespace") {
        let namespace = rendering.of_kind("Namespace").next().expect("it has one of its own");
        assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
        for one in rendering.documents.iter().filter(|one| one["kind"] != "Namespace") {
            assert!(KINDS.contains(&text(&one["kind"])), "{}: {} is not looked at", rendering.folder, one["kind"]);
            // Peers are called by bare names, which are looked up where the caller is.
            assert_eq!(one["metadata"]["namespace"], namespace["metadata"]["name"], "{one}");
        }
    }
}

#[test]
fn the_base_says_what_to_bring_along_and_the_example_brings_it() {
    let settings = read(&deploy().join("kubernetes/base/settings.yaml"));
    let head: Vec<&str> = settings.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let head = head.join(" ");
    for (kind, name, keys) in BROUGHT_ALONG {
        let about = head.split_once(&format!("{kind} `{name}`")).unwrap_or_else(|| panic!("{kind} {name}: {head}")).1;
        let about = about.split_once(". ").map_or(about, |(sentence, _)| sentence);
        let said: BTreeSet<&str> = about.split([' ', ',', ':']).collect();
        assert!(keys.iter().all(|key| said.contains(key)), "{kind} {name} has {keys:?}: {about}");
    }
    let [base, example] = renderings("brought-along").map(|rendering| rendering.keys());
    for (name, keys) in brought_along() {
        assert!(!base.contains_key(&name), "{name:?} is the operator's, and applying the base would overwrite it");
        assert_eq!(example.get(&name), Some(&keys), "{name:?}");
    }
}
