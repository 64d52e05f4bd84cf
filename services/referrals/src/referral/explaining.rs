//! Why a referral stands where it stands.

use super::decision::Decision;
use super::life::State;
use super::record::{Move, Referral};
use crate::offer::promise::Offer;
use crate::people::facts::Bought;

/// The step that led to where it stands: later ones may only note something there.
pub fn led_here<'a>(moves: impl IntoIterator<Item = &'a Move>) -> Option<&'a Move> {
    moves.into_iter().filter(|step| step.from != Some(step.to)).last()
}

/// Told from its moves, which carry their evidence; orders come earliest first.
pub fn explain(referral: &Referral, moves: &[Move], orders: &[Bought], offer: &Offer) -> Decision {
    let mut told = Decision::new(referral.state.word(), referral.terms_version, referral.entered_at);
    told.facts = led_here(moves).map(|last| last.evidence.clone()).unwrap_or_default();
    for step in moves {
        told = told.step(step.to.word(), step.reason.clone());
    }
    match referral.state {
        State::Attributed => {
            let best = orders
                .iter()
                .filter(|order| order.follows(referral.touched_at, referral.checkout, offer))
                .filter(|order| order.currency == offer.currency)
                .map(Bought::came_to)
                .max();
            let best = best.unwrap_or(0);
            told.fact("best_net_minor", best).fact("currency", offer.currency).unless(
                "best_net_minor",
                offer.least_order_minor.saturating_sub(best),
                State::Held.word(),
            )
        }
        State::Qualified
        | State::Held
        | State::Approved
        | State::Rewarded
        | State::Flagged
        | State::Rejected
        | State::Reversed => told,
    }
}
