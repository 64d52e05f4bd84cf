//! How far a service may be behind those it hears, told with every answer.

use std::fmt;
use std::time::Duration;

/// The header that tells it: `registry=35,activity=?`, in milliseconds.
pub const BEHIND: &str = "rapport-behind";

/// For each producer heard: everything that it had committed so long ago is applied here, or put aside where it could
/// not be; none where nothing was heard out since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behind(pub Vec<(String, Option<Duration>)>);

impl Behind {
    /// As it was told; what cannot be read is left out.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let each = text.split(',').filter_map(|one| one.split_once('='));
        let known = each.filter_map(|(source, told)| match told {
            "?" => Some((source.to_owned(), None)),
            millis => Some((source.to_owned(), Some(Duration::from_millis(millis.parse().ok()?)))),
        });
        Self(known.collect())
    }

    /// The same so much later: it grows until it is told anew.
    #[must_use]
    pub fn after(self, passed: Duration) -> Self {
        Self(self.0.into_iter().map(|(source, behind)| (source, behind.map(|behind| behind + passed))).collect())
    }

    /// Of two answers, for each producer the one that is further behind.
    #[must_use]
    pub fn worse(mut self, other: Self) -> Self {
        for (source, behind) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == source) {
                Some((_, known)) => *known = known.zip(behind).map(|(one, other)| one.max(other)),
                None => self.0.push((source, behind)),
            }
        }
        self
    }

    /// The first producer that was heard out longer ago than so, and when.
    #[must_use]
    pub fn beyond(&self, limit: Duration) -> Option<&(String, Option<Duration>)> {
        self.0.iter().find(|(_, behind)| behind.is_none_or(|behind| behind > limit))
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (source, behind)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match behind {
                Some(behind) => write!(out, "{comma}{source}={}", behind.as_millis())?,
                None => write!(out, "{comma}{source}=?")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read() {
        let table = ["", "registry=0", "registry=35,activity=?", "activity=?,registry=86400000"];
        for text in table {
            assert_eq!(Behind::read(text).to_string(), text);
        }
        assert_eq!(Behind::read("registry=35,,activity,loyalty=soon,=").to_string(), "registry=35");
    }

    #[test]
    fn who_was_not_heard_out_is_the_worst() {
        // one, other -> both, and who is beyond a second
        let table = [
            ("a=5", "a=7", "a=7", None),
            ("a=7", "a=5,b=1", "a=7,b=1", None),
            ("a=5", "a=?", "a=?", Some("a")),
            ("a=?", "a=1", "a=?", Some("a")),
            ("a=1000,b=1001", "", "a=1000,b=1001", Some("b")),
        ];
        for (one, other, both, beyond) in table {
            let worse = Behind::read(one).worse(Behind::read(other));
            assert_eq!(worse.to_string(), both);
            assert_eq!(worse.beyond(Duration::from_secs(1)).map(|(source, _)| source.as_str()), beyond, "{both}");
        }
        assert_eq!(Behind::read("a=5,b=?").after(Duration::from_millis(10)).to_string(), "a=15,b=?");
    }
}
