//! Signals are noted, not obeyed at once, so that servers we started are stopped on every way out.
//!
//! Programs we run get the system's default behaviour back, as always when a program is started.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::run;

struct Noted {
    number: i32,
    name: &'static str,
    /// Taken by whoever passes it on.
    pending: Arc<AtomicBool>,
    /// Stays set.
    seen: Arc<AtomicBool>,
}

static NOTED: OnceLock<[Noted; 3]> = OnceLock::new();

/// Starts noting.
pub(crate) fn catch() {
    let noted = [(SIGINT, "INT"), (SIGTERM, "TERM"), (SIGHUP, "HUP")].map(|(number, name)| Noted {
        number,
        name,
        pending: Arc::default(),
        seen: Arc::default(),
    });
    for one in NOTED.get_or_init(|| noted) {
        for flag in [&one.pending, &one.seen] {
            if let Err(error) = signal_hook::flag::register(one.number, Arc::clone(flag)) {
                run::aside(format_args!("SIG{} cannot be caught: {error}", one.name));
            }
        }
    }
}

/// A signal that arrived since the last time, by its name.
pub(crate) fn taken() -> Option<&'static str> {
    let noted = NOTED.get()?;
    noted.iter().find(|one| one.pending.swap(false, Ordering::SeqCst)).map(|one| one.name)
}

/// Whether we were asked to end.
pub(crate) fn interrupted() -> bool {
    NOTED.get().is_some_and(|noted| noted.iter().any(|one| one.seen.load(Ordering::SeqCst)))
}
