//! The suite on a laptop: the compose file says what the program knows, opens its ports on this machine only, and
//! whatever it names is there.

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory as _;
use rapport::cli::Cli;
use serde_json::{Map, Value};

use super::{
    Environment, IMAGE, deploy, documents, doors, image, items, keys_made_in, read, scratch, text, texts, understood,
};

/// What is made from our image.
const OURS: [&str; 2] = ["migrate", "rapport"];

fn compose() -> Value {
    documents(&read(&deploy().join("compose.yaml"))).remove(0)
}

fn services(compose: &Value) -> &Map<String, Value> {
    compose["services"].as_object().expect("services")
}

fn environment(service: &Value) -> Environment {
    let own = service["environment"].as_object().expect("a map").iter();
    let own = own.map(|(name, value)| (name.clone(), text(value).to_owned()));
    image::environment().into_iter().chain(own).collect()
}

/// A volume's folder or name, and where it is seen.
fn volumes(service: &Value) -> Vec<(&str, &str)> {
    let volumes = texts(&service["volumes"]).into_iter().map(|volume| {
        let (from, seen) = volume.split_once(':').expect("a source and a place");
        (from, seen.split(':').next().unwrap_or(seen))
    });
    volumes.collect()
}

/// Where `rapport` commands look for a suite unless they are told.
fn looked_for() -> String {
    let cli = Cli::command();
    let mut flags = cli.find_subcommand("doctor").expect("it is a command").get_arguments();
    let address = flags.find(|flag| flag.get_env().is_some_and(|name| name == "RAPPORT_ADDRESS")).expect("it asks");
    address.get_default_values()[0].to_string_lossy().into_owned()
}

#[test]
fn everything_the_compose_file_says_exists_in_the_program() {
    let compose = compose();
    let mut seen = Vec::new();
    let ours = |service: &Value| text(&service["image"]).contains("rapport");
    for (name, service) in services(&compose).iter().filter(|(_, service)| ours(service)) {
        seen.push(name.as_str());
        assert_eq!(service["image"], IMAGE, "{name}");
        understood(&texts(&service["command"]), &environment(service));
    }
    assert_eq!(seen, OURS);
}

#[test]
fn the_compose_file_opens_its_ports_on_this_machine_only() {
    let compose = compose();
    for (name, service) in services(&compose) {
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port} is open to others");
        }
    }
    let suite = &services(&compose)["rapport"];
    let open: BTreeSet<&str> = texts(&suite["ports"]).into_iter().collect();
    let inside = open.iter().map(|port| port.rsplit(':').next().unwrap_or(port).parse().expect("a number"));
    let [grpc, admin] = doors(&environment(suite));
    assert_eq!(inside.collect::<BTreeSet<u64>>(), BTreeSet::from([grpc, admin]));
    let expected = format!("{}:{grpc}", looked_for());
    assert!(open.contains(expected.as_str()), "{open:?}: commands would not find the suite at {expected}");
}

/// What a server of the compose file is asked for as, with the user, the password and the database it is made with.
fn url(name: &str, service: &Value) -> Option<String> {
    let made = |variable: &str| text(&service["environment"][variable]);
    let image = text(&service["image"]);
    if image.contains("/postgres:") {
        let (user, password, database) = (made("POSTGRES_USER"), made("POSTGRES_PASSWORD"), made("POSTGRES_DB"));
        return Some(format!("postgres://{user}:{password}@{name}/{database}"));
    }
    image.contains("/redis:").then(|| format!("redis://{name}:6379"))
}

#[test]
fn the_suite_finds_its_servers_and_waits_for_them() {
    let compose = compose();
    let services = services(&compose);
    let servers: BTreeSet<String> = services.iter().filter_map(|(name, service)| url(name, service)).collect();
    for name in OURS {
        let asked: Environment = environment(&services[name]);
        let urls: Vec<_> = asked.iter().filter(|(variable, _)| variable.ends_with("_URL")).collect();
        assert!(!urls.is_empty(), "{name} has no database");
        for (variable, url) in urls {
            assert!(servers.contains(url), "{name}: nothing in the file answers at {variable}={url}: {servers:?}");
        }
        for (awaited, how) in services[name]["depends_on"].as_object().expect("a map") {
            let awaited = services.get(awaited).unwrap_or_else(|| panic!("{name}: there is no {awaited}"));
            let healthy = how["condition"] == "service_healthy";
            assert!(!healthy || awaited["healthcheck"].is_object(), "{name} waits for what never says it is healthy");
        }
    }
}

#[test]
fn whatever_the_suite_reads_or_writes_is_mounted() {
    let compose = compose();
    for (name, service) in services(&compose) {
        for (from, _) in volumes(service).into_iter().filter(|(from, _)| !from.starts_with('.')) {
            assert!(compose["volumes"].get(from).is_some(), "{name}: there is no volume {from}");
        }
    }
    let suite = &services(&compose)["rapport"];
    let environment = environment(suite);
    assert_eq!(suite["read_only"], true);
    let kept = Path::new(&environment["RAPPORT_STATE_DIR"]);
    assert!(texts(&suite["tmpfs"]).into_iter().any(|place| kept.starts_with(place)), "nothing is kept in {kept:?}");

    let folder = scratch("compose-keys");
    let made = keys_made_in(&folder);
    std::fs::remove_dir_all(&folder).expect("removed");
    let head = read(&deploy().join("compose.yaml"));
    for (variable, path) in environment.iter().filter(|(variable, _)| variable.ends_with("_FILE")) {
        let mut mounted = volumes(suite).into_iter();
        let found = mounted.find_map(|(from, seen)| Some((from, Path::new(path).strip_prefix(seen).ok()?)));
        let (from, file) = found.unwrap_or_else(|| panic!("{variable}: nothing is mounted at {path}"));
        assert!(made.contains(file.to_str().expect("UTF-8")), "{variable}: `rapport token keys` makes no {file:?}");
        let advice = format!("rapport token keys deploy/{}", from.trim_start_matches("./"));
        assert!(head.contains(&advice), "its head does not say `{advice}`");
    }
    assert!(items(&suite["volumes"]).iter().all(|volume| text(volume).ends_with(":ro")), "it only reads them");
}
