//! What runs in a cluster: every pod says what the program knows, may do its work and nothing else, finds whatever it
//! reads, and is found by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rapport::suite::Service;
use serde_json::{Value, json};
use server::Peers;
use server::auth::OWN_ISSUER;
use tonic::transport::Uri;

use super::cluster::{Keys, Rendering, Workload, brought_along, renderings};
use super::{IMAGE, deploy, doors, image, items, read, text, texts, understood};

/// Where the guide pushes the image to.
const PUSHED: &str = "registry.example.com/rapport:0.1.0";

#[test]
fn everything_the_manifests_say_exists_in_the_program() {
    for rendering in renderings("says") {
        let mut commands = BTreeSet::new();
        for workload in rendering.workloads() {
            let words = texts(&workload.container["args"]);
            understood(&words, &workload.environment);
            commands.insert((workload.name.to_owned(), words.join(" ")));
            if workload.document["kind"] == "Deployment" {
                answers_where_it_is_asked(&workload);
            }
        }
        let deployments = Service::ALL.map(|service| (service.name().to_owned(), format!("serve {}", service.name())));
        let migrate = ("migrate".to_owned(), "migrate".to_owned());
        let expected: BTreeSet<_> = deployments.into_iter().chain([migrate]).collect();
        assert_eq!(commands, expected, "a Deployment for each service, and the Job that migrates");
    }
}

fn answers_where_it_is_asked(workload: &Workload<'_>) {
    let Workload { said, container, .. } = workload;
    let [grpc, admin] = doors(&workload.environment);
    let open: Vec<u64> = ports(container).into_values().collect();
    assert_eq!(BTreeSet::from_iter(open), BTreeSet::from([grpc, admin]), "{said}");
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let asked = &container[probe]["grpc"];
        assert_eq!(asked["port"], grpc, "{said}: {probe}");
        assert!(server::PROBES.contains(&text(&asked["service"])), "{said}: {probe}: {asked}");
    }
    let told = &workload.document["spec"]["template"]["metadata"]["annotations"];
    let scraped = ["scrape", "port", "path"].map(|word| text(&told[format!("prometheus.io/{word}")]));
    assert_eq!(scraped, ["true", &admin.to_string(), "/metrics"], "{said}");
}

/// The ports of a container, by name.
fn ports(container: &Value) -> BTreeMap<&str, u64> {
    let each = items(&container["ports"]).iter();
    each.map(|port| (text(&port["name"]), port["containerPort"].as_u64().expect("a number"))).collect()
}

#[test]
fn every_pod_may_do_its_work_and_nothing_else() {
    for rendering in renderings("may-do") {
        let accounts: BTreeSet<&str> =
            rendering.of_kind("ServiceAccount").map(|account| text(&account["metadata"]["name"])).collect();
        for account in rendering.of_kind("ServiceAccount") {
            assert_eq!(account["automountServiceAccountToken"], false, "{account}");
        }
        for Workload { said, pod, container, .. } in rendering.workloads() {
            assert!(accounts.contains(text(&pod["serviceAccountName"])), "{said}");
            assert_eq!(pod["automountServiceAccountToken"], false, "{said}");
            let user = &pod["securityContext"];
            assert_eq!(user["runAsNonRoot"], true, "{said}");
            assert_eq!(format!("{}:{}", user["runAsUser"], user["runAsGroup"]), image::user(), "{said}");
            assert_eq!(user["seccompProfile"]["type"], "RuntimeDefault", "{said}");
            let rights = &container["securityContext"];
            assert_eq!(rights["readOnlyRootFilesystem"], true, "{said}");
            assert_eq!(rights["allowPrivilegeEscalation"], false, "{said}");
            assert_eq!(rights["capabilities"], json!({ "drop": ["ALL"] }), "{said}");
            // There is no limit on the processor: what nobody else wants of it may be used.
            for (bound, of) in [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")] {
                assert!(container["resources"][bound][of].is_string(), "{said}: it has no {bound} of {of}");
            }
        }
    }
}

#[test]
fn the_example_believes_the_keys_it_is_told_to_make() {
    let [_, example] = renderings("issuer");
    for workload in example.workloads() {
        if let Some(issuer) = workload.environment.get("RAPPORT_ISSUER") {
            assert_eq!(issuer, OWN_ISSUER, "{}", workload.said);
        }
    }
}

#[test]
fn every_pod_runs_the_image_that_one_line_names() {
    let guide = read(&deploy().join("README.md"));
    for (rendering, image) in renderings("runs").iter().zip([IMAGE, PUSHED]) {
        for Workload { said, container, .. } in rendering.workloads() {
            assert_eq!(container["image"], image, "{said}");
        }
    }
    assert!(
        guide.contains(&format!("cargo xtask image --tag {PUSHED} ")),
        "the guide makes the image the example runs"
    );
    // Only what is called so is renamed by `images` in kustomization.yaml.
    for manifest in std::fs::read_dir(deploy().join("kubernetes/base")).expect("a folder") {
        let path = manifest.expect("it can be read").path();
        let manifest = read(&path);
        for line in manifest.lines().filter(|line| line.trim_start().starts_with("image:")) {
            assert_eq!(line.trim(), "image: rapport", "{}", path.display());
        }
    }
}

/// The ConfigMap or Secret that a volume shows, by kind and name; none where it begins empty.
fn shown(volume: &Value) -> Option<(String, String)> {
    let named = |kind: &str, name: &Value| Some((kind.to_owned(), name.as_str()?.to_owned()));
    let secret = named("Secret", &volume["secret"]["secretName"]);
    // The pod's group reads it, and nobody else.
    assert!(secret.is_none() || volume["secret"]["defaultMode"] == 0o440, "{volume}");
    let shown = secret.or_else(|| named("ConfigMap", &volume["configMap"]["name"]));
    assert!(shown.is_some() || volume["emptyDir"].is_object(), "{volume}: what is shown here is not looked at");
    shown
}

/// The mount a path lies under, its volume, and the rest of the path.
fn mounted<'a>(workload: &'a Workload<'_>, variable: &str) -> (&'a Value, &'a Value, String) {
    let Workload { said, pod, container, .. } = workload;
    let path = Path::new(&workload.environment[variable]);
    let mut mounts = items(&container["volumeMounts"]).iter();
    let found = mounts.find_map(|mount| Some((mount, path.strip_prefix(text(&mount["mountPath"])).ok()?)));
    let (mount, rest) = found.unwrap_or_else(|| panic!("{said}: {variable}: nothing is mounted at {}", path.display()));
    let volume = items(&pod["volumes"]).iter().find(|volume| volume["name"] == mount["name"]);
    (mount, volume.unwrap_or_else(|| panic!("{said}: there is no volume for {mount}")), rest.display().to_string())
}

#[test]
fn every_pod_finds_what_it_reads_and_keeps_what_it_writes() {
    for rendering in renderings("finds") {
        let mut there = rendering.keys();
        if rendering.folder == "base" {
            there.extend(brought_along());
        }
        for workload in rendering.workloads() {
            let said = &workload.said;
            for shown in items(&workload.pod["volumes"]).iter().filter_map(shown) {
                assert!(there.contains_key(&shown), "{said}: there is no {shown:?}");
            }
            let user = &workload.pod["securityContext"];
            assert_eq!(user["fsGroup"], user["runAsGroup"], "{said}: its group could not read the secrets");
            let mut read = Keys::new();
            for variable in workload.environment.keys().filter(|name| name.ends_with("_FILE")) {
                let (_, volume, key) = mounted(&workload, variable);
                let shown = shown(volume).unwrap_or_else(|| panic!("{said}: {variable} lies where nothing is put"));
                assert!(there[&shown].contains(&key), "{said}: {variable}: {shown:?} has no {key}");
                read.entry(shown).or_default().insert(key);
            }
            assert_eq!(read, brought_along(), "{said} reads all that is brought along, and nothing else");
            let (mount, volume, _) = mounted(&workload, "RAPPORT_STATE_DIR");
            assert!(mount["readOnly"] != true && shown(volume).is_none(), "{said}: {mount} cannot be written to");
        }
    }
}

/// Whose pods have these labels.
fn selected<'a>(workloads: &'a [Workload<'_>], labels: &Value) -> Vec<&'a str> {
    let labels = labels.as_object().expect("labels");
    let has = |one: &Workload<'_>| {
        let own = &one.document["spec"]["template"]["metadata"]["labels"];
        labels.iter().all(|(name, value)| own[name] == *value)
    };
    workloads.iter().filter(|one| has(one)).map(|one| one.name).collect()
}

#[test]
fn every_service_is_found_by_its_name() {
    for rendering in renderings("found") {
        let workloads = rendering.workloads();
        let deployments = || workloads.iter().filter(|one| one.document["kind"] == "Deployment");
        for one in deployments() {
            let own = selected(&workloads, &one.document["spec"]["selector"]["matchLabels"]);
            assert_eq!(own, [one.name], "{}: it would take the pods of others for its own", one.said);
        }
        let each_once = "a Service for each service, and no other";
        assert_eq!(rendering.of_kind("Service").count(), Service::ALL.len(), "{}: {each_once}", rendering.folder);
        for service in Service::ALL {
            let mut named = deployments().filter(|one| one.name == service.name());
            let answering = named.next().unwrap_or_else(|| panic!("{}: no {service}", rendering.folder));
            let leads = doors_of(&rendering, &workloads, answering);
            let [grpc, admin] = doors(&answering.environment);
            assert_eq!(leads.values().copied().collect::<BTreeSet<u64>>(), BTreeSet::from([grpc, admin]), "{service}");
            for caller in &workloads {
                let url: Uri = caller.environment[&Peers::variable(service.name())].parse().expect("a URL");
                assert_eq!((url.scheme_str(), url.host()), (Some("http"), Some(service.name())), "{}", caller.said);
                let port = u64::from(url.port_u16().expect("a port"));
                assert_eq!(leads.get(&port), Some(&grpc), "{}: {url} leads elsewhere", caller.said);
            }
        }
    }
}

/// The ports under which the Service of this name is called, each with the port of the container that it leads to.
fn doors_of(rendering: &Rendering, workloads: &[Workload<'_>], answering: &Workload<'_>) -> BTreeMap<u64, u64> {
    let Workload { said, name, container, .. } = answering;
    let mut services = rendering.of_kind("Service");
    let service = services.find(|service| service["metadata"]["name"] == *name);
    let spec = &service.unwrap_or_else(|| panic!("{said}: it has no Service of its name"))["spec"];
    assert_eq!(selected(workloads, &spec["selector"]), [*name], "{said}: calls would go to others");
    let open = ports(container);
    let each = items(&spec["ports"]).iter().map(|port| {
        let target = &port["targetPort"];
        let leads = match target.as_str() {
            Some(name) => open.get(name).copied(),
            None => target.as_u64().filter(|number| open.values().any(|one| one == number)),
        };
        let leads = leads.unwrap_or_else(|| panic!("{said}: the container has no port {target}"));
        (port["port"].as_u64().expect("a number"), leads)
    });
    each.collect()
}
