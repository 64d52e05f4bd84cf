//! Whether somebody may be called another's invitee: judged on everything known of both.

pub(super) mod desk;

use jiff::Timestamp;
use kernel::{MemberId, OrderId};

use super::decision::Decision;
use crate::codes::alphabet::Code;
use crate::offer::promise::Offer;
use crate::people::facts::Bought;

/// Everything a judgement needs.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// Who invited, as it is said.
    pub inviter: MemberId,
    /// Who was invited.
    pub invitee: MemberId,
    /// By which code.
    pub code: &'a Code,
    /// When it was touched.
    pub touched_at: Timestamp,
    /// When the invitee joined, as far as it was heard.
    pub joined_at: Option<Timestamp>,
    /// What the invitee bought, earliest first.
    pub orders: &'a [Bought],
    /// The order they are paying.
    pub checkout: Option<OrderId>,
    /// An identity both were ever known by.
    pub shared_identity: Option<String>,
    /// Who invited the inviter, who invited that one, and so on.
    pub above: &'a [MemberId],
    /// How often the code attributed within the last hour.
    pub within_an_hour: i64,
    /// The version of the terms.
    pub terms_version: i32,
    /// The moment.
    pub now: Timestamp,
}

/// Why somebody is no invitee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// They named themselves.
    SameMember,
    /// Both were known by one identity.
    SharedIdentity {
        /// Its keyed digest.
        identity_key: String,
    },
    /// They stand above their inviter.
    Ring {
        /// From the inviter up to the invitee.
        chain: Vec<MemberId>,
    },
    /// They bought before they were touched.
    BoughtBefore {
        /// When first.
        since: Timestamp,
    },
    /// They had been members for too long.
    JoinedBefore {
        /// Since when.
        since: Timestamp,
    },
}

/// Somebody may be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// A person is to look at it.
    pub suspicious: bool,
    /// Why.
    pub grounds: Decision,
}

/// Judges a case.
pub fn judge(case: &Case<'_>, offer: &Offer) -> Result<Fit, Unfit> {
    if case.inviter == case.invitee {
        return Err(Unfit::SameMember);
    }
    if let Some(identity_key) = case.shared_identity.clone() {
        return Err(Unfit::SharedIdentity { identity_key });
    }
    if let Some(place) = case.above.iter().position(|member| *member == case.invitee) {
        let chain = std::iter::once(case.inviter).chain(case.above[..=place].iter().copied()).collect();
        return Err(Unfit::Ring { chain });
    }
    let earlier = case.orders.iter().find(|order| !order.follows(case.touched_at, case.checkout, offer));
    if let Some(earlier) = earlier.filter(|_| offer.only_new_members) {
        return Err(Unfit::BoughtBefore { since: earlier.occurred_at });
    }
    let joined = case.joined_at.zip(offer.enrolled_since(case.touched_at));
    if let Some((since, _)) = joined.filter(|(joined, least)| joined < least) {
        return Err(Unfit::JoinedBefore { since });
    }
    Ok(fit(case, offer))
}

fn fit(case: &Case<'_>, offer: &Offer) -> Fit {
    // This one counts, too.
    let attributions = case.within_an_hour.saturating_add(1);
    let suspicious = offer.flag_per_hour > 0 && attributions > offer.flag_per_hour;
    let mut grounds = Decision::new(if suspicious { "flag" } else { "attribute" }, case.terms_version, case.now)
        .fact("code", case.code)
        .fact("touch_time", case.touched_at)
        .fact("join_time", case.joined_at.map_or("not heard yet".to_owned(), |joined| joined.to_string()))
        .fact("orders", case.orders.len())
        .fact("inviters_above", case.above.len())
        .fact("attributions_within_an_hour", attributions)
        .step("identities", "inviter and invitee were never known by one identity")
        .step("ring", "the invitee stands nowhere above the inviter");
    let paid = paid_from_before(case, offer);
    if let Some(paid) = paid {
        grounds = grounds.fact("checkout_order", paid.order).fact("checkout_order_time", paid.occurred_at);
    }
    if offer.only_new_members {
        grounds = grounds.step(
            "new member",
            match paid {
                Some(_) => "only the order being paid was bought before the touch",
                None => "nothing was bought before the touch",
            },
        );
    }
    if suspicious {
        grounds = grounds
            .step("many at once", "the code attributed more often within an hour than it may unseen")
            .unless("attributions_within_an_hour", offer.flag_per_hour.saturating_sub(attributions), "attribute");
    }
    Fit { suspicious, grounds }
}

/// The order being paid, where it was bought before the touch and counts all the same.
fn paid_from_before<'a>(case: &Case<'a>, offer: &Offer) -> Option<&'a Bought> {
    let counts =
        |order: &&Bought| order.occurred_at < case.touched_at && order.follows(case.touched_at, case.checkout, offer);
    case.orders.iter().find(counts)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::offer::promise::example;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn member(name: u8) -> MemberId {
        MemberId::from(Uuid::from_u128(u128::from(name)))
    }

    fn bought(order: u8, day: &str) -> Bought {
        Bought {
            order: OrderId::from(Uuid::from_u128(u128::from(order))),
            currency: kernel::Currency::parse("TWD").expect("listed"),
            net_minor: 900,
            returned_before_minor: 0,
            returned_minor: 0,
            occurred_at: at(day),
            received_at: None,
            returned_at: None,
        }
    }

    fn outcome(judged: Result<Fit, Unfit>) -> &'static str {
        match judged {
            Ok(Fit { suspicious: false, .. }) => "fit",
            Ok(Fit { suspicious: true, .. }) => "suspicious",
            Err(Unfit::SameMember) => "same",
            Err(Unfit::SharedIdentity { .. }) => "shared",
            Err(Unfit::Ring { .. }) => "ring",
            Err(Unfit::BoughtBefore { .. }) => "bought",
            Err(Unfit::JoinedBefore { .. }) => "joined",
        }
    }

    #[test]
    fn who_may_be_an_invitee() {
        let code = Code::of([1; 8]);
        let touch = "2026-01-10T00:00:00Z";
        let case = Case {
            inviter: member(1),
            invitee: member(2),
            code: &code,
            touched_at: at(touch),
            joined_at: Some(at("2026-01-01T00:00:00Z")),
            orders: &[],
            checkout: None,
            shared_identity: None,
            above: &[],
            within_an_hour: 0,
            terms_version: 1,
            now: at("2026-01-11T00:00:00Z"),
        };
        let strict = Offer { enrolled_at_most_days: 5, flag_per_hour: 2, ..example() };
        let (before, same) = ([bought(7, "2026-01-09T23:59:59Z")], [bought(7, touch)]);
        let (night, old) = ([bought(7, "2026-01-08T00:00:00Z")], [bought(7, "2026-01-07T23:59:59Z")]);
        let ring = [member(3), member(2), member(4)];
        let hours = |checkout_hours| Offer { checkout_hours, ..example() };
        let lax = Offer { only_new_members: false, ..example() };
        let table = [
            (case.clone(), example(), "fit"),
            (Case { inviter: member(2), ..case.clone() }, example(), "same"),
            (Case { shared_identity: Some("key".to_owned()), ..case.clone() }, example(), "shared"),
            (Case { above: &ring, ..case.clone() }, example(), "ring"),
            (Case { above: &ring[..1], ..case.clone() }, example(), "fit"),
            (Case { orders: &before, ..case.clone() }, example(), "bought"),
            (Case { orders: &before, checkout: Some(before[0].order), ..case.clone() }, example(), "fit"),
            (
                Case { orders: &before, checkout: Some(OrderId::from(Uuid::from_u128(8))), ..case.clone() },
                example(),
                "bought",
            ),
            (Case { orders: &night, checkout: Some(night[0].order), ..case.clone() }, example(), "fit"),
            (Case { orders: &old, checkout: Some(old[0].order), ..case.clone() }, example(), "bought"),
            (Case { orders: &old, checkout: Some(old[0].order), ..case.clone() }, lax.clone(), "fit"),
            (Case { orders: &old, checkout: Some(old[0].order), ..case.clone() }, hours(49), "fit"),
            (Case { orders: &old, ..case.clone() }, hours(49), "bought"),
            (Case { orders: &night, checkout: Some(night[0].order), ..case.clone() }, hours(47), "bought"),
            (Case { orders: &before, checkout: Some(before[0].order), ..case.clone() }, hours(1), "fit"),
            (Case { orders: &before, checkout: Some(before[0].order), ..case.clone() }, hours(0), "bought"),
            (Case { orders: &same, checkout: Some(same[0].order), ..case.clone() }, hours(0), "fit"),
            (Case { orders: &same, ..case.clone() }, example(), "fit"),
            (Case { orders: &before, ..case.clone() }, lax, "fit"),
            (case.clone(), strict.clone(), "joined"),
            (Case { joined_at: Some(at("2026-01-05T00:00:00Z")), ..case.clone() }, strict.clone(), "fit"),
            (Case { joined_at: None, within_an_hour: 1, ..case.clone() }, strict.clone(), "fit"),
            (Case { joined_at: None, within_an_hour: 2, ..case.clone() }, strict, "suspicious"),
        ];
        for (place, (case, offer, expected)) in table.into_iter().enumerate() {
            assert_eq!(outcome(judge(&case, &offer)), expected, "row {place}");
        }
        let told = judge(&Case { above: &ring, ..case }, &example());
        assert_eq!(told, Err(Unfit::Ring { chain: vec![member(1), member(3), member(2)] }));
    }
}
