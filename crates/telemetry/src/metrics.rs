//! The process's metrics: asked for by name where they are counted, read as text by the admin port.
//!
//! Asking for a name again gives the same metric, so that a service mounted twice in one process (as tests do) counts
//! into one place. Names begin with `rapport_` and end in their unit (`_seconds`, `_bytes`) or in `_total`.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use prometheus::core::Collector;
pub use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
use prometheus::{HistogramOpts, Opts, Registry, TextEncoder};

/// Bucket bounds for answers to calls: half a millisecond to half a minute.
pub const CALL_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Bucket bounds for how many items share a batch.
pub const BATCH_ITEMS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

enum Known {
    Counter(IntCounterVec),
    Gauge(IntGaugeVec),
    Histogram(HistogramVec),
}

#[derive(Default)]
struct Book {
    registry: Registry,
    known: BTreeMap<String, (Vec<String>, Known)>,
}

static BOOK: LazyLock<Mutex<Book>> = LazyLock::new(Mutex::default);

/// A count that only grows, told apart by `labels`.
///
/// # Panics
/// When `name` is no metric name, or is already in use for another kind of metric or with other labels: a slip in the
/// source.
#[must_use]
pub fn counter(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    let make = || IntCounterVec::new(Opts::new(name, help), labels);
    match entry(name, labels, || Ok(Known::Counter(make()?))) {
        Known::Counter(found) => found,
        Known::Gauge(_) | Known::Histogram(_) => other_kind(name),
    }
}

/// A number that rises and falls, told apart by `labels`.
///
/// # Panics
/// As [`counter`].
#[must_use]
pub fn gauge(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    let make = || IntGaugeVec::new(Opts::new(name, help), labels);
    match entry(name, labels, || Ok(Known::Gauge(make()?))) {
        Known::Gauge(found) => found,
        Known::Counter(_) | Known::Histogram(_) => other_kind(name),
    }
}

/// How observations spread over `buckets`, told apart by `labels`. The buckets of the first asker stay.
///
/// # Panics
/// As [`counter`].
#[must_use]
pub fn histogram(name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
    let make = || HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels);
    match entry(name, labels, || Ok(Known::Histogram(make()?))) {
        Known::Histogram(found) => found,
        Known::Counter(_) | Known::Gauge(_) => other_kind(name),
    }
}

/// Everything counted so far in Prometheus' text format.
#[must_use]
pub fn text() -> String {
    let families = book().registry.gather();
    TextEncoder::new().encode_to_string(&families).unwrap_or_else(|error| format!("# {error}\n"))
}

fn entry(name: &str, labels: &[&str], make: impl FnOnce() -> prometheus::Result<Known>) -> Known {
    let mut book = book();
    if let Some((known_labels, known)) = book.known.get(name) {
        assert!(known_labels == labels, "metric `{name}` is in use with other labels");
        return known.share();
    }
    let made = make().and_then(|known| book.registry.register(known.collector()).map(|()| known));
    match made {
        Ok(known) => {
            let shared = known.share();
            book.known.insert(name.to_owned(), (labels.iter().map(ToString::to_string).collect(), known));
            shared
        }
        Err(error) => panic!("metric `{name}` cannot be registered: {error}"),
    }
}

fn book() -> MutexGuard<'static, Book> {
    // The book is whole after every step, so a panic elsewhere spoils nothing.
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn other_kind(name: &str) -> ! {
    panic!("metric `{name}` is in use as another kind")
}

impl Known {
    fn share(&self) -> Self {
        match self {
            Self::Counter(found) => Self::Counter(found.clone()),
            Self::Gauge(found) => Self::Gauge(found.clone()),
            Self::Histogram(found) => Self::Histogram(found.clone()),
        }
    }

    fn collector(&self) -> Box<dyn Collector> {
        match self {
            Self::Counter(found) => Box::new(found.clone()),
            Self::Gauge(found) => Box::new(found.clone()),
            Self::Histogram(found) => Box::new(found.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CALL_SECONDS, counter, gauge, histogram, text};

    #[test]
    fn the_same_name_counts_into_one_place() {
        counter("rapport_test_total", "Counts.", &["kind"]).with_label_values(&["a"]).inc();
        counter("rapport_test_total", "Counts.", &["kind"]).with_label_values(&["a"]).inc_by(2);
        assert!(text().contains("rapport_test_total{kind=\"a\"} 3"));
    }

    #[test]
    fn gauges_and_histograms_are_shown() {
        gauge("rapport_test_open", "Open.", &[]).with_label_values::<&str>(&[]).set(7);
        histogram("rapport_test_seconds", "Took.", &["rpc"], CALL_SECONDS).with_label_values(&["x"]).observe(0.003);
        let text = text();
        assert!(text.contains("rapport_test_open 7"));
        assert!(text.contains("rapport_test_seconds_bucket{rpc=\"x\",le=\"0.005\"} 1"));
    }

    #[test]
    #[should_panic(expected = "in use as another kind")]
    fn a_name_has_one_kind() {
        let _ = counter("rapport_test_twice", "Counts.", &[]);
        let _ = gauge("rapport_test_twice", "Open.", &[]);
    }

    #[test]
    #[should_panic(expected = "in use with other labels")]
    fn a_name_has_one_set_of_labels() {
        let _ = counter("rapport_test_labels", "Counts.", &["a"]);
        let _ = counter("rapport_test_labels", "Counts.", &["b"]);
    }
}
