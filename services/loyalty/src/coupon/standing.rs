//! Where a coupon stands at a moment.

use jiff::Timestamp;
use kernel::{CouponId, MemberId, ReservationId};

use crate::campaign::terms::Window;

/// A coupon as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// Its id.
    pub id: CouponId,
    /// Whose.
    pub member: MemberId,
    /// Of which campaign.
    pub campaign: String,
    /// The version whose terms it has.
    pub version: i32,
    /// Its place among the member's.
    pub number: i64,
    /// Where it stood when it was written.
    pub state: State,
    /// Since when.
    pub state_at: Timestamp,
    /// When it can be used.
    pub window: Window,
    /// What it was last put aside for.
    pub reservation: Option<ReservationId>,
    /// Until when.
    pub reserved_until: Option<Timestamp>,
    /// Why it was given.
    pub reason: String,
    /// When.
    pub issued_at: Timestamp,
}

/// Where a coupon stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The member has it.
    Issued,
    /// It is put aside for an order.
    Reserved,
    /// It was used.
    Redeemed,
    /// Its time is over.
    Lapsed,
}

impl State {
    /// As facts name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "ISSUED",
            Self::Reserved => "RESERVED",
            Self::Redeemed => "REDEEMED",
            Self::Lapsed => "LAPSED",
        }
    }
}

impl Coupon {
    /// Where it stands at a moment, and since when: what has passed counts, whether or not it is written.
    pub fn at(&self, now: Timestamp) -> (State, Timestamp) {
        let (state, since) = match (self.state, self.reserved_until) {
            (State::Reserved, Some(until)) if until <= now => (State::Issued, until),
            (state, _) => (state, self.state_at),
        };
        match self.window.until {
            Some(until) if state == State::Issued && until <= now => (State::Lapsed, since.max(until)),
            Some(_) | None => (state, since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: &str) -> Timestamp {
        format!("2026-01-10T{hour}:00:00Z").parse().expect("an hour")
    }

    /// A coupon that ends at 12, in a state since 8, put aside until 10.
    fn coupon(state: State) -> Coupon {
        Coupon {
            id: CouponId::from(uuid::Uuid::nil()),
            member: MemberId::from(uuid::Uuid::nil()),
            campaign: "summer".to_owned(),
            version: 1,
            number: 1,
            state,
            state_at: at("08"),
            window: Window { from: at("00"), until: Some(at("12")) },
            reservation: None,
            reserved_until: (state == State::Reserved).then(|| at("10")),
            reason: String::new(),
            issued_at: at("00"),
        }
    }

    #[test]
    fn what_has_passed_counts_whether_or_not_it_is_written() {
        let table = [
            (State::Issued, "09", State::Issued, "08"),
            (State::Issued, "12", State::Lapsed, "12"),
            (State::Reserved, "09", State::Reserved, "08"),
            (State::Reserved, "10", State::Issued, "10"),
            (State::Reserved, "12", State::Lapsed, "12"),
            (State::Redeemed, "13", State::Redeemed, "08"),
            (State::Lapsed, "13", State::Lapsed, "08"),
        ];
        for (written, hour, state, since) in table {
            assert_eq!(coupon(written).at(at(hour)), (state, at(since)), "{written:?} at {hour}");
        }
        let mut late = coupon(State::Reserved);
        late.reserved_until = Some(at("13"));
        assert_eq!(late.at(at("12")), (State::Reserved, at("08")), "it is put aside longer than it lasts");
        assert_eq!(late.at(at("13")), (State::Lapsed, at("13")));
    }
}
