//! What an offer says, and the instants that follow from it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::Currency;
use kernel::calendar::{OutOfCalendar, day_of, days_after, end_of};
use serde::{Deserialize, Serialize};

/// What members are promised for inviting others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Orders in other currencies do not qualify.
    pub currency: Currency,
    /// The least an order must come to, net, in minor units.
    pub least_order_minor: i64,
    /// Points for who invited.
    pub inviter_points: i64,
    /// Points for who was invited.
    pub invitee_points: i64,
    /// What both read on their statements.
    pub reason: String,
    /// Whole days to wait before points are given.
    pub hold_days: i32,
    /// Whole days within which the shop takes goods back.
    pub return_window_days: i32,
    /// Days for which a touch counts.
    pub touch_days: i32,
    /// How many referrals of one inviter are approved within `per_days`; 0 for any number.
    pub most_per_inviter: i64,
    /// Days that limit speaks of; 0 for all time.
    pub per_days: i32,
    /// Whoever bought before the touch is no invitee.
    pub only_new_members: bool,
    /// Days a member may have been enrolled before the touch; 0 for any number.
    pub enrolled_at_most_days: i32,
    /// More attributions of one code within an hour than this are flagged; 0 to flag none.
    pub flag_per_hour: i64,
    /// Hours before the touch within which an order named at checkout may have been bought.
    #[serde(default = "usual_checkout_hours")]
    pub checkout_hours: i32,
}

/// A till that was offline over a night tells of its orders the next day. Terms that were stored without it meant this.
pub(crate) const fn usual_checkout_hours() -> i32 {
    48
}

impl Offer {
    /// When the hold of an order ends: the start of the day after so many whole days, counted from the day the buyer had
    /// it, in the tenant's zone.
    pub fn hold_ends(
        &self,
        occurred_at: Timestamp,
        received_at: Option<Timestamp>,
        zone: &TimeZone,
    ) -> Result<Timestamp, OutOfCalendar> {
        let from = received_at.map_or(occurred_at, |received| received.max(occurred_at));
        let days = self.hold_days.max(self.return_window_days);
        end_of(days_after(day_of(from, zone), days)?, zone)
    }

    /// From when on a touch counts for an attribution now.
    pub fn touches_since(&self, now: Timestamp) -> Timestamp {
        before(now, self.touch_days)
    }

    /// From when on an order may have been bought that was being paid when its buyer was touched.
    pub fn paid_since(&self, touched_at: Timestamp) -> Timestamp {
        hours_before(touched_at, i64::from(self.checkout_hours))
    }

    /// From when on approvals count against the limit, looked at from one moment.
    pub fn approvals_since(&self, moment: Timestamp) -> Timestamp {
        if self.per_days == 0 { Timestamp::MIN } else { before(moment, self.per_days) }
    }

    /// Since when a member may have been enrolled who is touched now; none where it does not matter.
    pub fn enrolled_since(&self, touched_at: Timestamp) -> Option<Timestamp> {
        (self.enrolled_at_most_days > 0).then(|| before(touched_at, self.enrolled_at_most_days))
    }
}

/// So many times 24 hours earlier, or the beginning of time.
fn before(moment: Timestamp, days: i32) -> Timestamp {
    hours_before(moment, 24 * i64::from(days))
}

fn hours_before(moment: Timestamp, hours: i64) -> Timestamp {
    moment.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
pub(crate) fn example() -> Offer {
    Offer {
        currency: Currency::parse("TWD").expect("listed"),
        least_order_minor: 500,
        inviter_points: 100,
        invitee_points: 50,
        reason: "referral".to_owned(),
        hold_days: 14,
        return_window_days: 7,
        touch_days: 30,
        most_per_inviter: 0,
        per_days: 0,
        only_new_members: true,
        enrolled_at_most_days: 0,
        flag_per_hour: 0,
        checkout_hours: 48,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_hold_ends_with_a_day_of_the_tenants_zone() {
        // zone, hold, window, bought, received -> first instant at which it may be approved
        let table = [
            ("Asia/Taipei", 14, 7, "2026-01-10T02:00:00Z", None, "2026-01-24T16:00:00Z"),
            ("Asia/Taipei", 14, 7, "2026-01-10T15:59:59Z", None, "2026-01-24T16:00:00Z"),
            ("Asia/Taipei", 14, 7, "2026-01-10T16:00:00Z", None, "2026-01-25T16:00:00Z"),
            ("Asia/Taipei", 7, 30, "2026-01-10T02:00:00Z", None, "2026-02-09T16:00:00Z"),
            ("Asia/Taipei", 14, 7, "2026-01-10T02:00:00Z", Some("2026-01-13T02:00:00Z"), "2026-01-27T16:00:00Z"),
            ("Asia/Taipei", 14, 7, "2026-01-10T02:00:00Z", Some("2026-01-01T02:00:00Z"), "2026-01-24T16:00:00Z"),
            ("Asia/Taipei", 0, 0, "2026-01-10T02:00:00Z", None, "2026-01-10T16:00:00Z"),
            ("Europe/London", 14, 0, "2026-03-20T12:00:00Z", None, "2026-04-03T23:00:00Z"),
            ("America/Sao_Paulo", 1, 0, "2018-11-02T12:00:00Z", None, "2018-11-04T03:00:00Z"),
            ("UTC", 14, 14, "2026-01-10T00:00:00Z", None, "2026-01-25T00:00:00Z"),
        ];
        for (zone, hold_days, return_window_days, bought, received, ends) in table {
            let offer = Offer { hold_days, return_window_days, ..example() };
            let zone = kernel::calendar::zone(zone).expect("known");
            let told = offer.hold_ends(at(bought), received.map(at), &zone);
            assert_eq!(told, Ok(at(ends)), "bought {bought}, received {received:?}");
        }
    }

    #[test]
    fn no_days_mean_all_time() {
        let now = at("2026-01-10T00:00:00Z");
        assert_eq!(example().approvals_since(now), Timestamp::MIN);
        assert_eq!(Offer { per_days: 10, ..example() }.approvals_since(now), at("2025-12-31T00:00:00Z"));
        assert_eq!(example().enrolled_since(now), None);
        assert_eq!(example().touches_since(now), at("2025-12-11T00:00:00Z"));
    }

    #[test]
    fn an_order_may_have_been_paid_since_so_many_hours_before_the_touch() {
        let touched = at("2026-01-10T00:00:00Z");
        for (checkout_hours, since) in [
            (0, "2026-01-10T00:00:00Z"),
            (1, "2026-01-09T23:00:00Z"),
            (48, "2026-01-08T00:00:00Z"),
            (720, "2025-12-11T00:00:00Z"),
        ] {
            assert_eq!(Offer { checkout_hours, ..example() }.paid_since(touched), at(since), "{checkout_hours} hours");
        }
        assert_eq!(example().paid_since(Timestamp::MIN), Timestamp::MIN);
    }

    #[test]
    fn terms_stored_without_hours_at_checkout_read_as_forty_eight() {
        let offer = Offer { checkout_hours: 7, ..example() };
        let mut stored = serde_json::to_value(&offer).expect("terms are JSON");
        assert_eq!(serde_json::from_value::<Offer>(stored.clone()).expect("it reads"), offer);
        let gone = stored.as_object_mut().expect("an object").remove("checkout_hours");
        assert_eq!(gone, Some(serde_json::json!(7)));
        assert_eq!(serde_json::from_value::<Offer>(stored).expect("it still reads"), example());
    }
}
