//! Panics become log lines, once, without what they were about.
//!
//! A formatted panic text may quote the value at hand (a slice out of a name quotes the name), so only texts that
//! stand in the source as they are get logged; the place is enough to find the rest.

use std::panic::{self, PanicHookInfo};

pub(crate) fn log_them() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, text = safe_text(info), "panicked");
    }));
}

fn safe_text<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text withheld: it may quote data)")
}
