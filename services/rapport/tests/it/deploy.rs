//! What is deployed fits the program: every argument, variable, port and probe in the manifests exists in it, Kubernetes
//! would take them, and the image runs as nobody.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use rapport::cli::Cli;
use rapport::suite::Service;
use serde_json::Value;
use server::Peers;

/// A program that `cargo xtask test` has found or installed.
fn program(variable: &str) -> Command {
    let path = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`"));
    Command::new(path)
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn succeeded(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).expect("it speaks UTF-8")
}

/// A program's answer to a text.
fn told(command: &mut Command, text: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it can be run");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("it speaks UTF-8")
}

fn documents(yaml: &str) -> Vec<Value> {
    let script = "import sys, json, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let json = told(program("RAPPORT_TEST_PYTHON").args(["-c", script]), yaml);
    serde_json::from_str(&json).expect("a list of documents")
}

fn rendered() -> String {
    succeeded(program("RAPPORT_TEST_KUBECTL").arg("kustomize").arg(deploy().join("kubernetes/base")))
}

/// Every variable that a serving or migrating process reads.
fn variables() -> BTreeSet<String> {
    let cli = Cli::command();
    let flags = ["serve", "migrate"].into_iter().flat_map(|name| {
        let command = cli.find_subcommand(name).expect("it is a command");
        command
            .get_arguments()
            .filter_map(|flag| Some(flag.get_env()?.to_string_lossy().into_owned()))
            .collect::<Vec<_>>()
    });
    flags.chain(Service::ALL.iter().map(|service| Peers::variable(service.name()))).collect()
}

fn understood(arguments: &Value) {
    let words: Vec<&str> =
        arguments.as_array().expect("a list").iter().map(|word| word.as_str().expect("text")).collect();
    let line = [&["rapport"], &words[..]].concat();
    Cli::command().try_get_matches_from(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
}

fn port_of(address: &Value) -> u64 {
    let address: std::net::SocketAddr = address.as_str().expect("text").parse().expect("an address");
    assert!(!address.ip().is_loopback(), "{address} cannot be reached from outside the container");
    u64::from(address.port())
}

fn of_kind<'a>(all: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    all.iter().filter(move |one| one["kind"] == kind)
}

#[test]
fn kubernetes_would_take_the_manifests() {
    let file = std::env::temp_dir().join(format!("rapport-manifests-{}.yaml", std::process::id()));
    std::fs::write(&file, rendered()).expect("written");
    let told = succeeded(program("RAPPORT_TEST_PYTHON").args(["-m", "kubernetes_validate", "--strict"]).arg(&file));
    std::fs::remove_file(&file).expect("removed");
    assert!(!told.contains("WARN"), "{told}");
}

#[test]
fn everything_the_manifests_say_exists_in_the_program() {
    let all = documents(&rendered());
    let settings = of_kind(&all, "ConfigMap").next().expect("the settings")["data"].as_object().expect("a map");
    let known = variables();
    for name in settings.keys() {
        assert!(known.contains(name), "{name} is no setting of the program");
    }
    let (grpc, admin) = (port_of(&settings["RAPPORT_LISTEN"]), port_of(&settings["RAPPORT_ADMIN"]));

    let mut served = BTreeSet::new();
    for deployment in of_kind(&all, "Deployment") {
        let pod = &deployment["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        understood(&container["args"]);
        served.insert(container["args"][1].as_str().expect("a service").to_owned());
        let ports: Vec<&Value> = container["ports"].as_array().expect("ports").iter().collect();
        let numbers: Vec<u64> = ports.iter().filter_map(|port| port["containerPort"].as_u64()).collect();
        assert_eq!(numbers, [grpc, admin]);
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let asked = &container[probe]["grpc"];
            assert_eq!(asked["port"].as_u64(), Some(grpc), "{probe}");
            assert!(server::PROBES.contains(&asked["service"].as_str().expect("a name")), "{probe}: {asked}");
        }
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        files_are_mounted(settings, pod);
    }
    let services: BTreeSet<String> = Service::ALL.iter().map(|service| service.name().to_owned()).collect();
    assert_eq!(served, services, "one Deployment for each service");

    let reachable: BTreeSet<&str> =
        of_kind(&all, "Service").filter_map(|service| service["metadata"]["name"].as_str()).collect();
    for service in Service::ALL {
        let url = settings[&Peers::variable(service.name())].as_str().expect("text");
        assert_eq!(url, format!("http://{}:{grpc}", service.name()));
        assert!(reachable.contains(service.name()), "{service} has a Service of its name");
    }
    let migrate = of_kind(&all, "Job").next().expect("the migrations");
    understood(&migrate["spec"]["template"]["spec"]["containers"][0]["args"]);
}

/// Every file a setting names lies where something is mounted.
fn files_are_mounted(settings: &serde_json::Map<String, Value>, pod: &Value) {
    let mounts = pod["containers"][0]["volumeMounts"].as_array().expect("mounts");
    let volumes: BTreeSet<&str> =
        pod["volumes"].as_array().expect("volumes").iter().filter_map(|volume| volume["name"].as_str()).collect();
    for (name, value) in settings.iter().filter(|(name, _)| name.ends_with("_FILE")) {
        let path = value.as_str().expect("text");
        let mount = mounts.iter().find(|mount| path.starts_with(mount["mountPath"].as_str().unwrap_or("?")));
        let mount = mount.unwrap_or_else(|| panic!("{name}: nothing is mounted at {path}"));
        assert!(volumes.contains(mount["name"].as_str().expect("a name")));
    }
}

#[test]
fn everything_the_compose_file_says_exists_in_the_program() {
    let compose = std::fs::read_to_string(deploy().join("compose.yaml")).expect("it is there");
    let documents = documents(&compose);
    let services = documents[0]["services"].as_object().expect("services");
    let known = variables();
    let ours =
        services.iter().filter(|(_, service)| service["image"].as_str().is_some_and(|image| image.contains("rapport")));
    let mut seen = 0;
    for (name, service) in ours {
        seen += 1;
        understood(&service["command"]);
        for variable in service["environment"].as_object().expect("a map").keys() {
            assert!(known.contains(variable), "{name}: {variable} is no setting of the program");
        }
    }
    assert_eq!(seen, 2, "the migrations and the suite");
}

/// What an image may hold beside the program.
const BESIDE_THE_PROGRAM: u64 = 64 * 1024 * 1024;

fn bytes_in(path: &Path) -> u64 {
    let about = std::fs::symlink_metadata(path).expect("it is there");
    if !about.is_dir() {
        return about.len();
    }
    let inside = std::fs::read_dir(path).expect("a folder");
    inside.map(|entry| bytes_in(&entry.expect("it can be read").path())).sum()
}

#[test]
fn the_image_is_small_and_runs_as_nobody() {
    let store = std::env::temp_dir().join(format!("rapport-image-{}", std::process::id()));
    let place = |name: &str| store.join(name).display().to_string();
    let (root, run) = (place("root"), place("run"));
    let storage = ["--storage-driver", "vfs", "--root", &root, "--runroot", &run];
    let tag = "localhost/rapport:test";
    succeeded(Command::new(deploy().join("build-image.sh")).args([env!("CARGO_BIN_EXE_rapport"), tag]).args(storage));

    let buildah = |words: &[&str]| succeeded(program("RAPPORT_TEST_BUILDAH").args(storage).args(words));
    let image: Value = serde_json::from_str(&buildah(&["inspect", "--type", "image", tag])).expect("it speaks JSON");
    let config = &image["OCIv1"]["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/rapport"]));
    understood(&config["Cmd"]);
    let known = variables();
    for variable in config["Env"].as_array().expect("a list").iter().filter_map(Value::as_str) {
        let name = variable.split('=').next().unwrap_or_default();
        assert!(name == "PATH" || known.contains(name), "{name} is no setting of the program");
    }
    let container = buildah(&["from", tag]);
    let version = buildah(&["run", "--isolation", "chroot", container.trim(), "/rapport", "--version"]);
    assert_eq!(version.trim(), concat!("rapport ", env!("CARGO_PKG_VERSION")));
    // Each layer is a folder of everything up to it.
    let layers = std::fs::read_dir(store.join("root/vfs/dir")).expect("the layers lie there");
    let largest = layers.map(|layer| bytes_in(&layer.expect("it can be read").path())).max().expect("there is one");
    let program = bytes_in(Path::new(env!("CARGO_BIN_EXE_rapport")));
    assert!(largest < program + BESIDE_THE_PROGRAM, "{} bytes beside the program", largest - program);
    buildah(&["rm", "--all"]);
    std::fs::remove_dir_all(&store).expect("removed");
}
