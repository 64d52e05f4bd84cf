//! How far a part may be behind the services its own service hears.

use std::time::Duration;

use eventlog::{BEHIND, Behind};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;

/// Whose service may be further behind than so is not called fresh.
const LATE: Duration = Duration::from_secs(5);

/// For each producer, by when everything that it had committed is in an answer; none where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeardOut(pub(super) Vec<(String, Option<Instant>)>);

impl HeardOut {
    /// What an answer said of itself; none where it said nothing. The call came after it was made.
    pub(super) fn of(metadata: &MetadataMap, made: Instant) -> Option<Self> {
        let told = Behind::read(metadata.get(BEHIND)?.to_str().ok()?);
        let each =
            told.0.into_iter().map(|(source, behind)| (source, behind.and_then(|behind| made.checked_sub(behind))));
        Some(Self(each.collect()))
    }

    /// Of two answers, for each producer the earlier.
    pub(super) fn worse(mut self, other: Self) -> Self {
        for (source, by) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == source) {
                Some((_, known)) => *known = known.zip(by).map(|(one, other)| one.min(other)),
                None => self.0.push((source, by)),
            }
        }
        self
    }

    /// Why a service is not called fresh: one it hears may have said more than five seconds' worth since, and is none of
    /// those that were waited for.
    pub(super) fn trouble(&self, name: &str, now: Instant, waited_for: impl Fn(&str) -> bool) -> Option<String> {
        let late = |by: &Option<Instant>| by.is_none_or(|by| now.saturating_duration_since(by) > LATE);
        let (source, by) = self.0.iter().find(|(source, by)| late(by) && !waited_for(source))?;
        Some(match by {
            Some(by) => format!("{name} may be {} s behind {source}", now.saturating_duration_since(*by).as_secs()),
            None => format!("{name} has not caught up with {source} since it was started"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to a call made just now that said so.
    fn told(text: &str, now: Instant) -> Option<HeardOut> {
        let mut metadata = MetadataMap::new();
        metadata.insert(BEHIND, text.parse().expect("a header"));
        HeardOut::of(&metadata, now)
    }

    #[test]
    fn who_may_be_far_behind_says_so() {
        let now = Instant::now();
        let table = [
            ("registry=5000,activity=12", "", None),
            ("registry=12,activity=7001", "", Some("loyalty may be 7 s behind activity")),
            ("registry=12,activity=7001", "activity", None),
            (
                "registry=?,activity=9000",
                "activity",
                Some("loyalty has not caught up with registry since it was started"),
            ),
            ("registry=soon", "", Some("loyalty has not caught up with registry since it was started")),
        ];
        for (text, waited_for, expected) in table {
            let heard = told(text, now).expect("told");
            assert_eq!(heard.trouble("loyalty", now, |source| source == waited_for).as_deref(), expected, "{text}");
        }
        assert_eq!(HeardOut::of(&MetadataMap::new(), now), None);
    }

    #[test]
    fn of_two_answers_the_one_that_is_further_behind_counts() {
        let now = Instant::now();
        let both = |one: &str, other: &str| told(one, now).zip(told(other, now)).map(|(one, other)| one.worse(other));
        for (one, other, expected) in
            [("a=5", "a=7", "a=7"), ("a=7", "a=5,b=1", "a=7,b=1"), ("a=5", "a=?", "a=?"), ("a=?", "a=1", "a=?")]
        {
            assert_eq!(both(one, other), told(expected, now));
        }
    }
}
