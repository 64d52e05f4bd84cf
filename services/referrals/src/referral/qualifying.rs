//! What the invitee's orders and returns mean for a referral. Everything known is looked at each time, so that what is
//! heard twice or in another order comes to the same.

use jiff::tz::TimeZone;
use kernel::calendar::OutOfCalendar;

use super::decision::facts;
use super::life::{Happening, State};
use super::record::Referral;
use crate::offer::promise::Offer;
use crate::people::facts::Bought;

/// Moves a referral as far as the orders lead it; they come earliest first. Until the hold has ended, what is heard late is
/// judged as if it had been heard in its time.
pub fn follow(referral: &mut Referral, orders: &[Bought], offer: &Offer, zone: &TimeZone) -> Result<(), OutOfCalendar> {
    let first = match referral.state {
        State::Attributed | State::Held => orders.iter().find(|order| qualifies(referral, order, offer)),
        State::Qualified | State::Approved | State::Rewarded | State::Flagged | State::Rejected | State::Reversed => {
            None
        }
    };
    if let Some(order) = first {
        qualify(referral, order, orders, offer, zone)?;
    }
    let counted = referral.order.and_then(|id| orders.iter().find(|order| order.order == id));
    if let Some(order) = counted {
        look_back(referral, order, offer);
    }
    Ok(())
}

/// By what it came to when it became the member's. What came back since is looked at afterwards, for it may be heard before
/// the order is: the order counted until then, and the referral is reversed.
fn qualifies(referral: &Referral, order: &Bought, offer: &Offer) -> bool {
    let follows = order.follows(referral.touched_at, referral.checkout, offer);
    follows && order.currency == offer.currency && order.came_to() >= offer.least_order_minor
}

/// The first purchase before the touch, beside the order that was being paid then.
pub fn before_the_touch<'a>(referral: &Referral, orders: &'a [Bought], offer: &Offer) -> Option<&'a Bought> {
    orders.iter().find(|order| !order.follows(referral.touched_at, referral.checkout, offer))
}

fn qualify(
    referral: &mut Referral,
    order: &Bought,
    orders: &[Bought],
    offer: &Offer,
    zone: &TimeZone,
) -> Result<(), OutOfCalendar> {
    let at = order.occurred_at.max(referral.attributed_at);
    // An order from before the touch may be heard of late.
    if offer.only_new_members
        && let Some(earlier) = before_the_touch(referral, orders, offer)
    {
        let evidence = facts([("order", earlier.order.to_string()), ("order_time", earlier.occurred_at.to_string())]);
        referral.happen(Happening::Unfounded, "ALREADY_CUSTOMER", evidence, at);
        return Ok(());
    }
    if referral.order == Some(order.order) {
        return Ok(());
    }
    let reason = if referral.order.is_none() { "ORDER" } else { "EARLIER_ORDER" };
    let ends = offer.hold_ends(order.occurred_at, order.received_at, zone)?;
    referral.order = Some(order.order);
    referral.hold_ends_at = Some(ends);
    let evidence = facts([
        ("order", order.order.to_string()),
        ("net_minor", order.came_to().to_string()),
        ("least_order_minor", offer.least_order_minor.to_string()),
        ("currency", offer.currency.to_string()),
    ]);
    referral.happen(Happening::Ordered, reason, evidence, at);
    let evidence = facts([
        ("hold_days", offer.hold_days.to_string()),
        ("return_window_days", offer.return_window_days.to_string()),
        ("hold_end_time", ends.to_string()),
    ]);
    referral.happen(Happening::HoldBegan, "HOLD", evidence, at);
    Ok(())
}

/// A return that leaves less than the least reverses; one that leaves enough changes nothing.
fn look_back(referral: &mut Referral, order: &Bought, offer: &Offer) {
    let left = order.net_minor.saturating_sub(order.returned_minor);
    if order.returned_minor == 0 || left >= offer.least_order_minor {
        return;
    }
    let evidence = facts([
        ("order", order.order.to_string()),
        ("net_minor", order.net_minor.to_string()),
        ("returned_minor", order.returned_minor.to_string()),
        ("least_order_minor", offer.least_order_minor.to_string()),
    ]);
    let at = order.returned_at.unwrap_or(referral.entered_at);
    referral.happen(Happening::Returned, "RETURNED", evidence, at);
}
