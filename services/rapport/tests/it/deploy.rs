//! What is deployed fits the program: every argument, variable, port and probe in the manifests exists in it, whatever
//! they name is there, Kubernetes would take them, and the image runs as nobody.

mod cluster;
mod compose;
mod image;
mod pods;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use rapport::cli::Cli;
use rapport::suite::Service;
use serde_json::Value;
use server::Peers;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rapport");
/// What `cargo xtask image` makes unless it is told another name.
const IMAGE: &str = "localhost/rapport:dev";

/// What a process finds in its environment.
type Environment = BTreeMap<String, String>;

/// A program that `cargo xtask test` has found or installed.
fn program(variable: &str) -> Command {
    let path = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`"));
    Command::new(path)
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A folder of a test's own, which is not there yet.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("rapport-{name}-{}", std::process::id()))
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

/// The items of a list; none where nothing is said.
fn items(list: &Value) -> &[Value] {
    if list.is_null() { &[] } else { list.as_array().expect("a list") }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn texts(list: &Value) -> Vec<&str> {
    items(list).iter().map(text).collect()
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

/// The program knows each variable, and takes these words and what the variables say.
fn understood(words: &[&str], environment: &Environment) {
    let known = variables();
    for name in environment.keys() {
        assert!(known.contains(name), "{name} is no setting of the program");
    }
    succeeded(Command::new(PROGRAM).env_clear().envs(environment).args(words).arg("--print-config"));
}

/// The ports on which a process answers gRPC and its operator; both can be reached from outside its container.
fn doors(environment: &Environment) -> [u64; 2] {
    ["RAPPORT_LISTEN", "RAPPORT_ADMIN"].map(|name| {
        let address: SocketAddr = environment[name].parse().expect("an address");
        assert!(!address.ip().is_loopback(), "{name}: {address} cannot be reached from outside the container");
        u64::from(address.port())
    })
}

/// What `rapport token keys` puts into a folder.
fn keys_made_in(folder: &Path) -> BTreeSet<String> {
    succeeded(Command::new(PROGRAM).args(["token", "keys"]).arg(folder));
    let made = std::fs::read_dir(folder).expect("a folder");
    made.map(|entry| entry.expect("it can be read").file_name().into_string().expect("UTF-8")).collect()
}
