//! How long the request log remembers.
//!
//! 1. A request is forgotten only once its id would be refused: nothing that was carried out is carried out again
//!    because it was forgotten. So an id whose time lies in the future is remembered until that time is long past.
//! 2. It is forgotten a day later than its id begins to be refused, because the clocks of replicas differ.
//! 3. An id that tells no time (any but version 7) is forgotten by when it was written down, and is never refused.

use jiff::{SignedDuration, Timestamp};
use kernel::Shard;
use uuid::Uuid;

use crate::{SqlTimestamp, Store, StoreError, Tenants};

/// How long the request log remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(Option<u16>);

const DAYS: u16 = 400;
const HOURS_A_DAY: i64 = 24;

impl Retention {
    /// Nothing is forgotten, and no id is too old.
    pub const FOREVER: Self = Self(None);

    /// So many days of 24 hours.
    pub const fn of_days(days: u16) -> Self {
        Self(Some(days))
    }

    /// The days; none where it is for ever.
    pub const fn days(self) -> Option<u16> {
        self.0
    }

    /// The days, where an id that was made at this moment is too old.
    pub(crate) fn outlived_by(self, made_at: Timestamp, now: Timestamp) -> Option<u16> {
        self.0.filter(|days| made_at < before(now, *days))
    }

    /// What was written down and made before this may be forgotten.
    fn forgets_before(self, now: Timestamp) -> Option<Timestamp> {
        self.0.map(|days| before(now, days.saturating_add(1)))
    }
}

impl Default for Retention {
    /// 400 days.
    fn default() -> Self {
        Self::of_days(DAYS)
    }
}

fn before(now: Timestamp, days: u16) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(HOURS_A_DAY * i64::from(days))).unwrap_or(Timestamp::MIN)
}

impl Store {
    /// Forgets requests that are older than what is remembered, of all tenants, at most so many. Answers how many.
    ///
    /// Cost: a transaction without a lock on any shard, and one statement along an index. Replicas that forget at once
    /// take other rows.
    pub async fn forget_requests(&self, now: Timestamp, most: i64) -> Result<u64, StoreError> {
        let Some(before) = self.retention().forgets_before(now) else { return Ok(0) };
        let mut tx = self.begin(Tenants::Every, std::iter::empty::<Shard>()).await?;
        let forgotten = sqlx::query(
            "WITH old AS (
                 SELECT tenant, shard, rpc, request_id FROM request
                 WHERE recorded_at < $1 AND (request_id < $2 OR substr(request_id::text, 15, 1) <> '7')
                 ORDER BY recorded_at LIMIT $3 FOR UPDATE SKIP LOCKED
             )
             DELETE FROM request USING old
             WHERE request.tenant = old.tenant AND request.shard = old.shard AND request.rpc = old.rpc
               AND request.request_id = old.request_id",
        )
        .bind(SqlTimestamp::from(before))
        .bind(first_id_of(before))
        .bind(most)
        .execute(tx.connection())
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Ids of version 7 begin with their time, so all that were made before an instant sort before this.
fn first_id_of(moment: Timestamp) -> Uuid {
    let millis = u128::try_from(moment.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_was_refused_a_day_before() {
        let table = [
            ("2026-01-01T00:00:00Z", "2027-02-05T00:00:00Z", None, false),
            ("2026-01-01T00:00:00Z", "2027-02-05T00:00:00.001Z", Some(400), false),
            ("2026-01-01T00:00:00Z", "2027-02-06T00:00:00Z", Some(400), false),
            ("2026-01-01T00:00:00Z", "2027-02-06T00:00:00.001Z", Some(400), true),
            ("2030-01-01T00:00:00Z", "2027-02-06T00:00:00.001Z", None, false),
        ];
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        for (made, now, refused, forgotten) in table {
            let kept = Retention::default();
            assert_eq!(kept.outlived_by(at(made), at(now)), refused, "{made} at {now}");
            assert_eq!(
                kept.forgets_before(at(now)).is_some_and(|before| at(made) < before),
                forgotten,
                "{made} at {now}"
            );
            assert_eq!(Retention::FOREVER.outlived_by(at(made), at(now)), None);
        }
        assert_eq!(Retention::FOREVER.forgets_before(at("2027-02-06T00:00:00Z")), None);
    }

    #[test]
    fn ids_made_before_an_instant_sort_before_its_first() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let first = first_id_of(at("2026-01-01T00:00:00Z"));
        assert!(kernel::RequestId::new_at(at("2025-12-31T23:59:59.999Z")).uuid() < first);
        assert!(first < kernel::RequestId::new_at(at("2026-01-01T00:00:00Z")).uuid());
        assert_eq!(first_id_of(at("1969-01-01T00:00:00Z")), Uuid::nil());
    }
}
