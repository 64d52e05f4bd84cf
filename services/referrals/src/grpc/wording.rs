//! What a decision says to a person: its reason, and the facts its sentence is filled in with.
//!
//! The sentences themselves stand beside those of refusals, one for each reason and language.

use proto::common::v1::DecisionReason;

use crate::referral::Receipt;
use crate::referral::decision::Decision;
use crate::referral::life::State;
use crate::referral::reading::Told;

/// The facts of one sentence, by the names it knows them by.
pub(super) type Facts = Vec<(String, String)>;

/// Why a referral stands where it stands.
pub(super) fn of_referral(told: &Told, grounds: &Decision) -> (DecisionReason, Facts) {
    let referral = &told.referral;
    let mut facts = grounds.facts.clone();
    facts.push(("inviter_points".to_owned(), referral.inviter_points.to_string()));
    facts.push(("invitee_points".to_owned(), referral.invitee_points.to_string()));
    (reason(referral.state, told.why()), facts)
}

/// Where a referral stands that has just begun. All it can end by in that moment is an older order.
pub(super) fn of_beginning(receipt: &Receipt, grounds: &Decision) -> (DecisionReason, Facts) {
    (reason(receipt.state, "ALREADY_CUSTOMER"), grounds.facts.clone())
}

/// By the state, and by the word of the move that led there.
fn reason(state: State, why: &str) -> DecisionReason {
    match state {
        State::Attributed => DecisionReason::ReferralAttributed,
        State::Qualified | State::Held => DecisionReason::ReferralHeld,
        State::Approved => DecisionReason::ReferralApproved,
        State::Rewarded => DecisionReason::ReferralRewarded,
        State::Flagged if why == "GRANT_REFUSED" => DecisionReason::ReferralFlaggedGrantRefused,
        State::Flagged => DecisionReason::ReferralFlaggedManyAtOnce,
        State::Rejected => match why {
            "SELF_REFERRAL" => DecisionReason::ReferralRejectedSelf,
            "ALREADY_CUSTOMER" => DecisionReason::ReferralRejectedCustomer,
            "LIMIT_REACHED" => DecisionReason::ReferralRejectedLimit,
            // Everything else was a person's word.
            _ => DecisionReason::ReferralRejectedReview,
        },
        State::Reversed => DecisionReason::ReferralReversed,
    }
}
