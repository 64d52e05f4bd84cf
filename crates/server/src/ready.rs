//! Whether the process can do its work, and why not.
//!
//! Every part that must be in order before calls make sense (a database, migrations, a lease, a caught-up reader) has
//! a named check and keeps it up to date. A check may belong to one gRPC service: then only that one is not serving.
//! All checks together are what the orchestrator asks for; *liveness* is another question, answered by the process
//! answering at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The checks of one process.
#[derive(Debug, Clone)]
pub struct Readiness {
    book: Arc<Book>,
}

#[derive(Debug)]
struct Book {
    page: Mutex<Page>,
    /// Counts changes; whoever watches reads the book again.
    turned: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Page {
    checks: BTreeMap<String, State>,
    stopping: bool,
}

#[derive(Debug, Clone)]
struct State {
    service: Option<&'static str>,
    /// Empty when all is well.
    missing: Option<String>,
}

/// One reason why calls make no sense now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// The check's name.
    pub check: String,
    /// The gRPC service it belongs to, or all.
    pub service: Option<&'static str>,
    /// What is missing.
    pub reason: String,
}

/// One part's say.
#[derive(Debug, Clone)]
pub struct Check {
    book: Arc<Book>,
    name: String,
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl Readiness {
    /// No checks: ready.
    #[must_use]
    pub fn new() -> Self {
        Self { book: Arc::new(Book { page: Mutex::default(), turned: watch::Sender::new(0) }) }
    }

    /// A check that concerns every service. Not ready, "starting", until it says otherwise.
    #[must_use]
    pub fn check(&self, name: &str) -> Check {
        self.add(name, None)
    }

    /// A check that concerns one gRPC service, by its full name.
    #[must_use]
    pub fn check_of(&self, service: &'static str, name: &str) -> Check {
        self.add(name, Some(service))
    }

    /// Whether nothing is missing and the process is not stopping.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Whether nothing is missing that concerns this gRPC service.
    #[must_use]
    pub fn is_ready_for(&self, service: &str) -> bool {
        self.reasons().iter().all(|reason| reason.service.is_some_and(|concerned| concerned != service))
    }

    /// Everything that is missing.
    #[must_use]
    pub fn reasons(&self) -> Vec<NotReady> {
        let page = self.book.page();
        let stopping = page.stopping.then(|| NotReady {
            check: "process".to_owned(),
            service: None,
            reason: "stopping".to_owned(),
        });
        let missing = page.checks.iter().filter_map(|(name, state)| {
            let reason = state.missing.clone()?;
            Some(NotReady { check: name.clone(), service: state.service, reason })
        });
        stopping.into_iter().chain(missing).collect()
    }

    /// Wakes whenever something changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.book.turned.subscribe()
    }

    /// Waits until nothing is missing.
    pub async fn ready(&self) {
        let mut changes = self.changes();
        while !self.is_ready() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Not ready for anything from now on.
    pub(crate) fn begin_stopping(&self) {
        self.book.write(|page| page.stopping = true);
    }

    fn add(&self, name: &str, service: Option<&'static str>) -> Check {
        self.book
            .write(|page| page.checks.insert(name.to_owned(), State { service, missing: Some("starting".to_owned()) }));
        Check { book: Arc::clone(&self.book), name: name.to_owned() }
    }
}

impl Check {
    /// All is well.
    pub fn set_ready(&self) {
        self.set(None);
    }

    /// Something is missing; `reason` is read by operators.
    pub fn set_not_ready(&self, reason: &str) {
        self.set(Some(reason.to_owned()));
    }

    fn set(&self, missing: Option<String>) {
        let unchanged = self.book.page().checks.get(&self.name).is_some_and(|state| state.missing == missing);
        if !unchanged {
            self.book.write(|page| {
                if let Some(state) = page.checks.get_mut(&self.name) {
                    state.missing = missing;
                }
            });
        }
    }
}

impl Book {
    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, change: impl FnOnce(&mut Page) -> T) {
        change(&mut self.page());
        self.turned.send_modify(|count| *count = count.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_not_ready_until_it_says_so() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let database = readiness.check("database");
        assert_eq!(
            readiness.reasons(),
            [NotReady { check: "database".to_owned(), service: None, reason: "starting".to_owned() }]
        );
        database.set_ready();
        assert!(readiness.is_ready());
        database.set_not_ready("connection refused");
        assert_eq!(readiness.reasons()[0].reason, "connection refused");
    }

    #[test]
    fn what_concerns_one_service_leaves_the_others_ready() {
        let readiness = Readiness::new();
        let _loyalty = readiness.check_of("rapport.loyalty.v1.LoyaltyService", "programme");
        assert!(!readiness.is_ready());
        assert!(!readiness.is_ready_for("rapport.loyalty.v1.LoyaltyService"));
        assert!(readiness.is_ready_for("rapport.registry.v1.RegistryService"));
        readiness.begin_stopping();
        assert!(!readiness.is_ready_for("rapport.registry.v1.RegistryService"));
    }

    #[tokio::test]
    async fn waiting_ends_when_the_last_check_is_ready() {
        let readiness = Readiness::new();
        let (one, two) = (readiness.check("one"), readiness.check("two"));
        let waiting = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.ready().await }
        });
        one.set_ready();
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        two.set_ready();
        waiting.await.expect("it waits without panicking");
    }
}
