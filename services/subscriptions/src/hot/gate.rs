//! Whether something is open to a member, of all that is or was.

use jiff::{SignedDuration, Timestamp};
use kernel::SubscriptionId;

use crate::subscription::paid::{Entitled, Grant, entitled};

/// The answer at the gate, with its grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// In which way it is open, or not.
    pub state: Entitled,
    /// When that ends, or ended; none where there never was anything.
    pub until: Option<Timestamp>,
    /// Which subscription opens it, or opened it last.
    pub subscription: Option<SubscriptionId>,
    /// Until when it is paid.
    pub paid_until: Option<Timestamp>,
    /// Until when it is open.
    pub entitled_until: Option<Timestamp>,
    /// The moment of the question.
    pub at: Timestamp,
}

impl Gate {
    /// Seconds by which the question came too late; 0 where it is open.
    #[must_use]
    pub fn late_by(&self) -> i64 {
        let late = self.entitled_until.map(|until| self.at.duration_since(until)).unwrap_or(SignedDuration::ZERO);
        late.as_secs().max(0)
    }
}

/// Of several grants that have begun the one that is open longest decides. What is paid ahead opens nothing yet: whether
/// the time until then is open is the business of who paid for that.
#[must_use]
pub fn decide(grants: &[Grant], code: &str, now: Timestamp) -> Gate {
    let ours = grants.iter().filter(|grant| grant.code == code && grant.paid_from <= now);
    let Some(best) = ours.max_by_key(|grant| (grant.entitled_until, grant.paid_until, grant.subscription)) else {
        let (subscription, until, paid_until, entitled_until) = (None, None, None, None);
        return Gate { state: Entitled::No, until, subscription, paid_until, entitled_until, at: now };
    };
    let state = entitled(best.paid_until, best.entitled_until, now);
    let until = match state {
        Entitled::Active => best.paid_until,
        Entitled::Grace | Entitled::No => best.entitled_until,
    };
    Gate {
        state,
        until: Some(until),
        subscription: Some(best.subscription),
        paid_until: Some(best.paid_until),
        entitled_until: Some(best.entitled_until),
        at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_that_is_open_longest_decides() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let grant = |code: &str, id: u128, paid: &str, until: &str| Grant {
            code: code.to_owned(),
            subscription: uuid::Uuid::from_u128(id).into(),
            paid_from: at("2026-01-01T00:00:00Z"),
            paid_until: at(paid),
            entitled_until: at(until),
        };
        let grants = [
            grant("gate", 1, "2027-01-01T00:00:00Z", "2027-01-15T00:00:00Z"),
            grant("gate", 2, "2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z"),
            grant("lounge", 2, "2028-06-01T00:00:00Z", "2028-06-01T00:00:00Z"),
            Grant {
                paid_from: at("2027-06-01T00:00:00Z"),
                ..grant("gate", 3, "2028-06-01T00:00:00Z", "2028-06-15T00:00:00Z")
            },
            Grant {
                paid_from: at("2027-06-01T00:00:00Z"),
                ..grant("roof", 3, "2028-06-01T00:00:00Z", "2028-06-15T00:00:00Z")
            },
        ];
        let table = [
            ("gate", "2026-07-01T00:00:00Z", Entitled::Active, Some("2027-01-01T00:00:00Z")),
            ("gate", "2027-01-02T00:00:00Z", Entitled::Grace, Some("2027-01-15T00:00:00Z")),
            ("gate", "2027-02-02T00:00:00Z", Entitled::No, Some("2027-01-15T00:00:00Z")),
            ("gate", "2027-05-31T23:59:59Z", Entitled::No, Some("2027-01-15T00:00:00Z")),
            ("gate", "2027-06-01T00:00:00Z", Entitled::Active, Some("2028-06-01T00:00:00Z")),
            ("roof", "2027-05-31T23:59:59Z", Entitled::No, None),
            ("pool", "2026-07-01T00:00:00Z", Entitled::No, None),
        ];
        for (code, now, state, until) in table {
            let gate = decide(&grants, code, at(now));
            assert_eq!((gate.state, gate.until), (state, until.map(at)), "{code} at {now}");
        }
    }
}
