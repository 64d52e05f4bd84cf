//! How often each promise is tried: by `cargo xtask test` and, with `RAPPORT_SOAK=1`, by `cargo xtask soak`.
//!
//! One table, so that a test cannot drift from its soak.

/// What is tried more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Random walks of a ledger or ladder against a plain reference model: how many.
    Walks,
    /// Steps of each random walk.
    WalkSteps,
    /// Different requests of each mutating rpc that are repeated, twinned and reused.
    Repeats,
    /// Twins of one request at once.
    Twins,
    /// `kill -9` of the process while batches run.
    Kills,
    /// `kill -9` of one or several of six processes, each with one service: rounds.
    KillsApart,
    /// One service's database taken from it while the others go on: rounds.
    DatabaseTaken,
    /// Connections to the database cut while batches run: rounds.
    CutConnections,
    /// PostgreSQL stopped at once while batches run.
    DatabaseStops,
    /// Redis killed under load.
    RedisKills,
    /// Writers that commit out of the order they began in, before a tailing reader.
    InterleavedWriters,
    /// Events each of those writers appends.
    InterleavedEvents,
    /// `begin` futures dropped in flight.
    DroppedBegins,
    /// Random messages sent to each rpc besides the systematic ones.
    RandomMessages,
    /// Orders of delivery of the same events.
    Deliveries,
    /// Faulty lines between all services over which the same life of a shop is lived.
    SuiteDeliveries,
}

/// A promise, its count in tests, its count in soaks.
const TABLE: [(Promise, u32, u32); 16] = [
    (Promise::Walks, 60, 10_000),
    (Promise::WalkSteps, 50, 50),
    (Promise::Repeats, 2, 50),
    (Promise::Twins, 16, 16),
    (Promise::Kills, 20, 100),
    (Promise::KillsApart, 20, 100),
    (Promise::DatabaseTaken, 2, 20),
    (Promise::CutConnections, 3, 100),
    (Promise::DatabaseStops, 2, 20),
    (Promise::RedisKills, 2, 20),
    (Promise::InterleavedWriters, 8, 16),
    (Promise::InterleavedEvents, 50, 2_000),
    (Promise::DroppedBegins, 1_000, 20_000),
    (Promise::RandomMessages, 20, 2_000),
    (Promise::Deliveries, 5, 200),
    (Promise::SuiteDeliveries, 2, 100),
];

/// How often a promise is to be tried in this run.
///
/// # Panics
/// Where the table does not know it, which its own test rules out.
#[must_use]
pub fn count(promise: Promise) -> u32 {
    let (_, test, soak) =
        TABLE.iter().find(|(one, ..)| *one == promise).unwrap_or_else(|| panic!("{promise:?} has no count"));
    if soaking() { *soak } else { *test }
}

/// Whether the long counts hold.
#[must_use]
pub fn soaking() -> bool {
    std::env::var("RAPPORT_SOAK").is_ok_and(|value| !value.is_empty() && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soak_never_tries_less_and_nothing_is_listed_twice() {
        for (place, (promise, test, soak)) in TABLE.iter().enumerate() {
            assert!((1..=*soak).contains(test), "{promise:?}");
            assert!(TABLE[..place].iter().all(|(other, ..)| other != promise), "{promise:?}");
        }
    }
}
