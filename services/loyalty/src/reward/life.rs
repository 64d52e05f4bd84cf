//! Where a claim stands, and whether it can still be given up.

pub(super) mod store;

use jiff::Timestamp;
use kernel::{ClaimId, CouponId, Currency, EntryId, MemberId};
use serde::{Deserialize, Serialize};

use super::terms::{CancelRule, Gives};
use crate::coupon::standing::State as CouponState;

/// What a member took for their points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its id; none where nothing was to be written.
    pub id: Option<ClaimId>,
    /// Whose.
    pub member: MemberId,
    /// Its place among the member's.
    pub number: i64,
    /// The reward's code.
    pub reward: String,
    /// The version whose terms it has.
    pub version: i32,
    /// What members read.
    pub display_name: String,
    /// What it gives.
    pub gives: Gives,
    /// Until when it can be cancelled.
    pub cancels: CancelRule,
    /// The coupon it gave.
    pub coupon: Option<CouponId>,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub state_at: Timestamp,
    /// What it cost.
    pub points: i64,
    /// The entry by which they were spent.
    pub entry: Option<EntryId>,
    /// The entry by which they came back.
    pub reversal: Option<EntryId>,
    /// Of the amounts.
    pub currency: Currency,
    /// What is paid beside the points.
    pub co_payment_minor: i64,
    /// What it saves the member.
    pub saved_minor: i64,
    /// What it costs the shop.
    pub cost_minor: i64,
    /// When it was made.
    pub claimed_at: Timestamp,
}

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Paid for, and to be handed over.
    Claimed,
    /// Handed over.
    Fulfilled,
    /// Given up.
    Cancelled,
}

/// Why a claim cannot be given up, or handed over, any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was handed over.
    Fulfilled,
    /// It was given up.
    Cancelled,
    /// It was never to be given up.
    Final,
    /// Its coupon was used, is put aside, or has lapsed.
    Coupon(CouponState),
}

impl Ended {
    /// As facts name it.
    pub fn name(self) -> String {
        match self {
            Self::Fulfilled => "FULFILLED".to_owned(),
            Self::Cancelled => "CANCELLED".to_owned(),
            Self::Final => "FINAL".to_owned(),
            Self::Coupon(state) => format!("COUPON_{}", state.name()),
        }
    }
}

/// Whether a claim that stands can be given up; of a coupon, by where that stands.
pub fn can_cancel(claim: &Claim, coupon: Option<CouponState>) -> Result<(), Ended> {
    match (claim.cancels, claim.state, &claim.gives) {
        (_, State::Cancelled, _) => Err(Ended::Cancelled),
        (CancelRule::Never, State::Claimed | State::Fulfilled, _) => Err(Ended::Final),
        (_, State::Claimed, _)
        | (CancelRule::Always, State::Fulfilled, Gives::Goods { .. } | Gives::Charity { .. }) => Ok(()),
        (_, State::Fulfilled, Gives::Coupon { .. }) => match coupon {
            Some(CouponState::Issued) => Ok(()),
            Some(state) => Err(Ended::Coupon(state)),
            None => Err(Ended::Fulfilled),
        },
        (CancelRule::UntilFulfilled, State::Fulfilled, Gives::Goods { .. } | Gives::Charity { .. }) => {
            Err(Ended::Fulfilled)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coupon::standing::State as CouponState;
    use crate::reward::judging::tests::terms;

    fn claim(words: &str, state: State) -> Claim {
        let terms = terms(words);
        let at: Timestamp = "2026-01-10T00:00:00Z".parse().expect("an instant");
        Claim {
            id: None,
            member: MemberId::from(uuid::Uuid::nil()),
            number: 1,
            reward: "mug".to_owned(),
            version: 1,
            display_name: terms.display_name,
            gives: terms.gives,
            cancels: terms.cancels,
            coupon: None,
            state,
            state_at: at,
            points: 50,
            entry: None,
            reversal: None,
            currency: terms.currency,
            co_payment_minor: 0,
            saved_minor: 0,
            cost_minor: 0,
            claimed_at: at,
        }
    }

    #[test]
    fn what_was_handed_over_stays_unless_said_otherwise() {
        use State::{Cancelled, Claimed, Fulfilled};
        let table = [
            ("", Claimed, None, Ok(())),
            ("", Fulfilled, None, Err("FULFILLED")),
            ("cancels always", Fulfilled, None, Ok(())),
            ("cancels never", Claimed, None, Err("FINAL")),
            ("cancels always", Cancelled, None, Err("CANCELLED")),
            ("cause trees", Fulfilled, None, Err("FULFILLED")),
            ("cause trees cancels always", Fulfilled, None, Ok(())),
            ("coupon tea", Fulfilled, Some(CouponState::Issued), Ok(())),
            ("coupon tea", Fulfilled, Some(CouponState::Redeemed), Err("COUPON_REDEEMED")),
            ("coupon tea", Fulfilled, Some(CouponState::Reserved), Err("COUPON_RESERVED")),
            ("coupon tea cancels always", Fulfilled, Some(CouponState::Lapsed), Err("COUPON_LAPSED")),
            ("coupon tea cancels never", Fulfilled, Some(CouponState::Issued), Err("FINAL")),
        ];
        for (words, state, coupon, expected) in table {
            let told = can_cancel(&claim(words, state), coupon).map_err(Ended::name);
            assert_eq!(told, expected.map_err(str::to_owned), "{words} {state:?} {coupon:?}");
        }
    }
}
