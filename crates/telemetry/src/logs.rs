//! How log lines look and which are written.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::{Layer, Registry, fmt};

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line, coloured on a terminal.
    Human,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    /// Reads `json` in any case; everything else is for people.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.trim().eq_ignore_ascii_case("json") { Self::Json } else { Self::Human }
    }
}

/// The wanted filter, or `info` and the reason why the wanted one cannot be read.
pub(crate) fn filter(wanted: &str) -> (EnvFilter, Option<ParseError>) {
    match EnvFilter::try_new(wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    }
}

pub(crate) fn layer(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let plain = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Human => plain.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => plain.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LogFormat, filter};

    #[test]
    fn json_is_read_in_any_case_and_nothing_else_is() {
        assert_eq!(LogFormat::parse(" JSON "), LogFormat::Json);
        assert_eq!(LogFormat::parse("jsonl"), LogFormat::Human);
    }

    #[test]
    fn an_unreadable_filter_falls_back_to_info_and_says_why() {
        let (fallback, reason) = filter("rapport=loudest");
        assert_eq!(fallback.to_string(), "info");
        assert!(reason.is_some());
        assert!(filter("warn,server=debug").1.is_none());
    }
}
