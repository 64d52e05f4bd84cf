//! The image holds the program and little else, runs as nobody, and says truly where it answers.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Environment, PROGRAM, deploy, doors, program, read, scratch, succeeded, texts, understood};

/// What an image may hold beside the program.
const BESIDE_THE_PROGRAM: u64 = 64 * 1024 * 1024;

/// The words that the Containerfile has behind an instruction.
fn instructed(instruction: &str) -> Vec<String> {
    let text = read(&deploy().join("Containerfile"));
    let lines = text.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
    lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn variable(said: &str) -> (String, String) {
    let (name, value) = said.split_once('=').unwrap_or_else(|| panic!("{said}: a name and what it says"));
    (name.to_owned(), value.to_owned())
}

/// What a process finds in its environment before anything is added to it.
pub(super) fn environment() -> Environment {
    instructed("ENV").iter().map(|said| variable(said)).collect()
}

/// Whom the process runs as, and in which group.
pub(super) fn user() -> String {
    instructed("USER").pop().expect("it says so")
}

fn bytes_in(path: &Path) -> u64 {
    let about = std::fs::symlink_metadata(path).expect("it is there");
    if !about.is_dir() {
        return about.len();
    }
    let inside = std::fs::read_dir(path).expect("a folder");
    inside.map(|entry| bytes_in(&entry.expect("it can be read").path())).sum()
}

fn is_configured(config: &Value) {
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["User"], *user(), "the manifests are compared with the Containerfile");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/rapport"]));
    let mut found: Environment = texts(&config["Env"]).into_iter().map(variable).collect();
    found.remove("PATH");
    assert_eq!(found, environment(), "the manifests are compared with the Containerfile");
    understood(&texts(&config["Cmd"]), &found);
    let exposed = config["ExposedPorts"].as_object().expect("a map").keys().cloned();
    let answering = doors(&found).map(|port| format!("{port}/tcp"));
    assert_eq!(exposed.collect::<BTreeSet<_>>(), BTreeSet::from(answering));
}

#[test]
fn the_image_is_small_and_runs_as_nobody() {
    let store = scratch("image");
    let place = |name: &str| store.join(name).display().to_string();
    let (root, run) = (place("root"), place("run"));
    let storage = ["--storage-driver", "vfs", "--root", &root, "--runroot", &run];
    let tag = "localhost/rapport:test";
    succeeded(Command::new(deploy().join("build-image.sh")).args([PROGRAM, tag]).args(storage));

    let buildah = |words: &[&str]| succeeded(program("RAPPORT_TEST_BUILDAH").args(storage).args(words));
    let image: Value = serde_json::from_str(&buildah(&["inspect", "--type", "image", tag])).expect("it speaks JSON");
    is_configured(&image["OCIv1"]["config"]);
    let container = buildah(&["from", tag]);
    // Under load buildah now and then loses what a program says that ends at once: it is asked again.
    let asked = || buildah(&["run", "--isolation", "chroot", container.trim(), "/rapport", "--version"]);
    let version = (0..5).map(|_| asked()).find(|said| !said.is_empty()).unwrap_or_default();
    assert_eq!(version.trim(), concat!("rapport ", env!("CARGO_PKG_VERSION")));
    // Each layer is a folder of everything up to it.
    let layers = std::fs::read_dir(store.join("root/vfs/dir")).expect("the layers lie there");
    let layers = layers.map(|layer| layer.expect("it can be read").path());
    let all = layers.max_by_key(|layer| bytes_in(layer)).expect("there is one");
    let program = bytes_in(&all.join("rapport"));
    let beside = bytes_in(&all) - program;
    assert!(beside <= BESIDE_THE_PROGRAM, "{beside} bytes beside the program");
    let built = bytes_in(Path::new(PROGRAM));
    assert!(program < built, "the program is stripped: {program} bytes of {built}");
    buildah(&["rm", "--all"]);
    std::fs::remove_dir_all(&store).expect("removed");
}
