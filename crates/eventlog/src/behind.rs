//! How far a service may be behind those it hears, told with every answer.

use std::fmt;
use std::time::Duration;

/// The header that tells it: `registry=35,activity=?`, in milliseconds.
pub const BEHIND: &str = "rapport-behind";

/// For each producer heard: everything that it had committed so long ago is applied here, or put aside where it could
/// not be; none where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behind(pub Vec<(String, Option<Duration>)>);

impl Behind {
    /// As it was told; what cannot be read is not known.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let each = text.split(',').filter(|one| !one.is_empty()).map(|one| {
            let (source, millis) = one.split_once('=').unwrap_or((one, ""));
            (source.to_owned(), millis.parse().ok().map(Duration::from_millis))
        });
        Self(each.collect())
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (source, behind)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match behind {
                // Rounded up: it is a limit.
                Some(behind) => write!(out, "{comma}{source}={}", behind.as_micros().div_ceil(1_000))?,
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
        assert_eq!(Behind::read("registry=35,,activity,loyalty=soon").to_string(), "registry=35,activity=?,loyalty=?");
        assert_eq!(Behind(vec![("registry".to_owned(), Some(Duration::from_micros(1)))]).to_string(), "registry=1");
    }
}
