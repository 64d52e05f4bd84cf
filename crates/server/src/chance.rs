//! Spreading things out. Nothing secret depends on these numbers: the standard library's own hash seeds are random
//! enough to keep clients from moving in step and request ids from meeting.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// A duration from `least` to `most`, another one each time.
pub(crate) fn between(least: Duration, most: Duration) -> Duration {
    let span_ms = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
    least + Duration::from_millis(RandomState::new().hash_one(()) % span_ms.saturating_add(1))
}

/// 32 hexadecimal digits.
pub(crate) fn id() -> String {
    let seed = RandomState::new();
    format!("{:016x}{:016x}", seed.hash_one(0_u8), seed.hash_one(1_u8))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{between, id};

    #[test]
    fn stays_within_its_bounds_and_moves() {
        let (least, most) = (Duration::from_millis(100), Duration::from_millis(1_000));
        let drawn: BTreeSet<_> = (0..100).map(|_| between(least, most)).collect();
        assert!(drawn.iter().all(|duration| (least..=most).contains(duration)));
        assert!(drawn.len() > 10);
        assert_eq!(between(least, least), least);
    }

    #[test]
    fn ids_do_not_meet() {
        assert_eq!((0..1_000).map(|_| id()).collect::<BTreeSet<_>>().len(), 1_000);
    }
}
