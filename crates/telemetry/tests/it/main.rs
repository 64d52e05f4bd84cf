//! What a process with telemetry says, seen from outside.
//!
//! Subscriber, panic hook and environment belong to a whole process, so each test runs [`play`] in one of its own.

mod collector;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use collector::Collector;
use telemetry::{Settings, fields};

/// What the other tests start in a process of its own; by itself it says a few lines and ends.
#[test]
fn play() {
    let guard = telemetry::init(&Settings::from_environment("rapport-test"));
    let second = telemetry::init(&Settings::from_environment("rapport-test"));
    drop(second);
    {
        let span = tracing::info_span!("rpc", { fields::RPC } = "/shop/Read");
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect("a header value"),
        );
        telemetry::propagation::adopt(&span, &headers);
        let _in_span = span.enter();
        tracing::info!({ fields::COUNT } = 3, "said inside");
        tracing::debug!("said too quietly");
        let mut onward = http::HeaderMap::new();
        telemetry::propagation::inject(&span, &mut onward);
        tracing::info!(onward = ?onward.get("traceparent"), "passed on");
    }
    let name = "王小明".to_owned();
    std::panic::catch_unwind(|| panic!("the member is {name}")).expect_err("it panics");
    std::panic::catch_unwind(|| panic!("a fixed text")).expect_err("it panics");
    drop(guard);
}

fn played(environment: &[(&str, &str)]) -> (Output, Duration) {
    let began = Instant::now();
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["play", "--exact", "--nocapture"]);
    for name in ["RUST_LOG", "RAPPORT_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME"] {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output, began.elapsed())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn people_read_lines_and_machines_json() {
    let (human, _) = played(&[]);
    assert!(said(&human).contains("said inside count=3"), "{}", said(&human));
    assert!(!said(&human).contains("said too quietly"));
    assert!(said(&played(&[("RUST_LOG", "debug")]).0).contains("said too quietly"));

    let (json, _) = played(&[("RAPPORT_LOG", "json")]);
    let line = said(&json).lines().find(|line| line.contains("said inside")).expect("the line").to_owned();
    assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
    assert!(line.contains(r#""count":3"#) && line.contains(r#""rpc":"/shop/Read""#), "{line}");
}

#[test]
fn a_panic_is_a_line_that_quotes_no_data() {
    let said = said(&played(&[]).0);
    assert_eq!(said.matches("panicked").count(), 2, "{said}");
    assert!(said.contains("a fixed text") && said.contains("tests/it/main.rs"), "{said}");
    assert!(!said.contains("王小明"), "{said}");
}

#[test]
fn spans_arrive_before_the_process_ends_and_belong_to_the_callers_trace() {
    let collector = Collector::start();
    let (output, _) = played(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())]);
    let sent = collector.received();
    assert!(sent.starts_with(b"POST /v1/traces "), "{}", String::from_utf8_lossy(&sent));
    let holds = |wanted: &[u8]| sent.windows(wanted.len()).any(|window| window == wanted);
    assert!(holds(b"rapport-test") && holds(b"/shop/Read"));
    assert!(holds(&[0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6]), "another trace");
    assert!(said(&output).contains("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "not passed on: {}", said(&output));
}

#[test]
fn a_place_that_is_no_url_is_said_and_ignored() {
    let said = said(&played(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[not a url")]).0);
    assert!(said.contains("the OTLP endpoint cannot be used") && said.contains("said inside"), "{said}");
}

#[test]
fn a_filter_that_cannot_be_read_is_said_and_ignored() {
    let said = said(&played(&[("RUST_LOG", "rapport=loudest")]).0);
    assert!(said.contains("RUST_LOG cannot be read") && said.contains("said inside"), "{said}");
}

#[test]
fn a_collector_that_never_answers_does_not_hold_the_process() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", mute.local_addr().expect("an address"));
    let (_, took) = played(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    assert!(took < Duration::from_secs(30), "{took:?}");
}
