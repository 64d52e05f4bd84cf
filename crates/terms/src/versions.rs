//! Which number the next version has.

use jiff::Timestamp;
use kernel::Versions;

use crate::TermsRefusal;

/// Versions count up, and each rules from later than the one before. Only the first may rule the past.
pub(crate) fn next_number<T>(
    versions: &Versions<T>,
    effective_at: Timestamp,
    now: Timestamp,
) -> Result<i32, TermsRefusal> {
    match versions.last() {
        None => Ok(1),
        Some(last) if effective_at <= last.effective_at => {
            Err(TermsRefusal::VersionTaken { effective_at, version: last.number })
        }
        Some(last) if effective_at < now => Err(TermsRefusal::InThePast { effective_at, version: last.number }),
        Some(last) => Ok(last.number.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Version;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn since(effective: &str) -> Versions<&'static str> {
        Versions::new(vec![Version { number: 1, effective_at: at(effective), terms: "first" }])
    }

    #[test]
    fn which_number_comes_next() {
        let now = at("2026-06-01T00:00:00Z");
        let first = since("2020-01-01T00:00:00Z");
        let table = [
            (Versions::default(), "2010-01-01T00:00:00Z", Ok(1)),
            (first.clone(), "2026-06-01T00:00:00Z", Ok(2)),
            (first.clone(), "2026-05-31T23:59:59Z", Err("past")),
            (first, "2020-01-01T00:00:00Z", Err("taken")),
        ];
        for (versions, effective, expected) in table {
            let told = match next_number(&versions, at(effective), now) {
                Ok(number) => Ok(number),
                Err(TermsRefusal::VersionTaken { .. }) => Err("taken"),
                Err(TermsRefusal::InThePast { .. }) => Err("past"),
                Err(TermsRefusal::NotFound { .. }) => Err("not found"),
            };
            assert_eq!(told, expected, "effective {effective}");
        }
    }
}
