//! Business time: what time it is for points, tiers and terms.
//!
//! Leases, deadlines and token lifetimes are machine time and are not read here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where business time comes from. Clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

/// Why a clock was not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It is the machine's clock.
    #[error("the clock is not moved by hand")]
    NotManual,
    /// It never goes back.
    #[error("the clock only moves forward")]
    MovesForward,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.as_microsecond()))))
    }

    /// The time, cut to the microsecond that the database keeps.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => to_microsecond(system_now()),
            Source::Manual(micros) => {
                Timestamp::from_microsecond(micros.load(Ordering::Acquire)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// True where the clock is moved by hand.
    pub const fn is_manual(&self) -> bool {
        match self.0 {
            Source::System => false,
            Source::Manual(_) => true,
        }
    }

    /// Moves a manual clock forward; to where it stands is allowed.
    pub fn move_to(&self, moment: Timestamp) -> Result<(), ClockError> {
        match &self.0 {
            Source::System => Err(ClockError::NotManual),
            Source::Manual(micros) => {
                let target = moment.as_microsecond();
                match micros.fetch_max(target, Ordering::AcqRel) {
                    before if before <= target => Ok(()),
                    _later => Err(ClockError::MovesForward),
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock for business time")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// Cuts an instant to the microsecond, downwards, as PostgreSQL keeps it.
pub fn to_microsecond(moment: Timestamp) -> Timestamp {
    let nanos = moment.as_nanosecond();
    Timestamp::from_nanosecond(nanos.saturating_sub(nanos.rem_euclid(1_000))).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_manual_clock_moves_forward_only_and_for_all_clones() {
        let clock = Clock::manual(at("2011-12-01T00:00:00Z"));
        let other = clock.clone();
        clock.move_to(at("2011-12-10T00:00:00Z")).expect("forward");
        assert_eq!(other.now(), at("2011-12-10T00:00:00Z"));
        assert_eq!(clock.move_to(at("2011-12-09T00:00:00Z")), Err(ClockError::MovesForward));
        assert_eq!(clock.now(), at("2011-12-10T00:00:00Z"));
    }

    #[test]
    fn the_system_clock_is_not_moved() {
        assert_eq!(Clock::system().move_to(at("2011-12-10T00:00:00Z")), Err(ClockError::NotManual));
    }

    #[test]
    fn instants_before_1970_are_cut_downwards() {
        assert_eq!(to_microsecond(at("1969-12-31T23:59:59.9999999Z")), at("1969-12-31T23:59:59.999999Z"));
    }
}
