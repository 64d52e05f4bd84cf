//! What the desk does about occasions beside the accounts: which are read, which missions hear of them, what the callers are
//! told in the end.

use std::collections::{BTreeMap, BTreeSet};

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{CouponId, OccasionId, TenantId};

use super::{NewOccasion, OccasionFacts, store};
use crate::account::books::Books;
use crate::account::desk::{Answer, Ask, DeedKind, Whose};
use crate::account::wallet::Owner;
use crate::mission;
use crate::mission::facts::Who;
use crate::programme::occasions::On;

/// Occasions that a batch may record, and must not record twice.
pub(in crate::account) fn named(asks: &[&Ask]) -> BTreeSet<(Whose, OccasionId)> {
    let mut named = BTreeSet::new();
    for ask in asks {
        if let Ask::Occasion(ask) = ask {
            named.insert(((ask.tenant, ask.member), ask.facts.id));
        }
        if let Ask::Hear { deeds, .. } = ask {
            let joined = deeds.iter().filter(|deed| matches!(deed.kind, DeedKind::Joined { .. }));
            named.extend(joined.filter_map(|deed| {
                let member = deed.member?;
                let facts = OccasionFacts::enrolment(member, "", Timestamp::UNIX_EPOCH, false);
                Some(((deed.tenant, member), facts.id))
            }));
        }
    }
    named
}

/// Has missions hear of events that were recorded just now, and tells the callers which ask for them, and which coupons were
/// withheld.
pub(in crate::account) async fn finish(
    tx: &mut Tx,
    asks: &[Ask],
    (books, answers): (&Books, &mut [Answer]),
    withheld: &BTreeSet<CouponId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut events: BTreeMap<TenantId, (Vec<OccasionId>, Vec<mission::Told>)> = BTreeMap::new();
    for (ask, answer) in asks.iter().zip(answers.iter()) {
        let (Ask::Occasion(ask), Answer::Done(receipt)) = (ask, answer) else { continue };
        let is_new = receipt.mark.is_none() && receipt.occasion.as_ref().is_some_and(|told| !told.repeated);
        if let Some(told) = event(ask, books).filter(|_| is_new) {
            let (ids, all) = events.entry(ask.tenant).or_default();
            ids.push(ask.facts.id);
            all.push(told);
        }
    }
    let mut missions: BTreeMap<(TenantId, OccasionId), Vec<String>> = BTreeMap::new();
    for (tenant, (ids, told)) in events {
        let asking = mission::happened(tx, tenant, &told, now).await?;
        missions.extend(ids.into_iter().map(|id| (tenant, id)).zip(asking));
    }
    for (ask, answer) in asks.iter().zip(answers) {
        let (Ask::Occasion(ask), Answer::Done(receipt)) = (ask, answer) else { continue };
        if let (None, Some(told)) = (receipt.mark, &mut receipt.occasion) {
            told.coupons = store::given(&told.coupons, withheld);
            if !told.repeated {
                told.missions = missions.get(&(ask.tenant, ask.facts.id)).cloned().unwrap_or_default();
            }
        }
    }
    Ok(())
}

/// An event as missions are told it; none of other occasions. One that is not kept is nobody's yet.
fn event(ask: &NewOccasion, books: &Books) -> Option<mission::Told> {
    let On::Event(name) = &ask.facts.on else { return None };
    let holdings = books.get(&Owner::of_points(ask.tenant, ask.member));
    let who = holdings.and_then(|holdings| {
        let known = holdings.occasions.iter().find(|known| known.facts.id == ask.facts.id)?;
        Some(Who::of(known.who.as_ref()?, holdings.joined_at))
    });
    let (external_id, at) = (ask.facts.external_id.clone(), ask.facts.occurred_at);
    Some(mission::Told { member: ask.member, name: name.clone(), external_id, at, who })
}
