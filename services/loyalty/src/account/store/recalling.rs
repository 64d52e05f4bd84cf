//! What was carried out before, in this batch or earlier: it is answered again, not done again.

use std::collections::HashMap;

use ::store::{Recall, RequestKey, StoreError, Tx};
use jiff::Timestamp;
use kernel::{MemberId, RequestId, Shard, TenantId};

use crate::account::Mark;
use crate::account::desk::{Answer, Ask};
use crate::account::tally;

/// The place of each request in its batch where it comes first.
pub(in crate::account) type First = HashMap<(TenantId, MemberId, &'static str, RequestId), usize>;

/// What the log of requests knows of each.
pub(in crate::account) async fn recall(
    tx: &mut Tx,
    asks: &[Ask],
    now: Timestamp,
) -> Result<Vec<Recall<serde_json::Value>>, StoreError> {
    let mut all: Vec<Recall<serde_json::Value>> = asks.iter().map(|_| Recall::New).collect();
    let keyed: Vec<(usize, (TenantId, Shard, &RequestKey))> = asks
        .iter()
        .enumerate()
        .filter_map(|(place, ask)| {
            let (tenant, member, key) = ask.key()?;
            Some((place, (tenant, Shard::of_member(member), key)))
        })
        .collect();
    let asked: Vec<_> = keyed.iter().map(|(_, key)| *key).collect();
    for ((place, _), known) in keyed.iter().zip(tx.recall_all(&asked, now).await?) {
        all[*place] = known;
    }
    Ok(all)
}

/// Twins of one batch: the first that is done is carried out, the others get its answer, or are told which field differs.
/// What was refused is decided anew: by the second time registry may have been asked who the member is.
pub(in crate::account) fn twin(asks: &[Ask], answers: &[Answer], first: &mut First, place: usize) -> Option<Answer> {
    let (tenant, member, key) = asks[place].key()?;
    let mut known = match first.entry((tenant, member, key.rpc, key.id)) {
        std::collections::hash_map::Entry::Vacant(vacant) => {
            vacant.insert(place);
            return None;
        }
        std::collections::hash_map::Entry::Occupied(known) => known,
    };
    let (.., before) = asks[*known.get()].key()?;
    if let Some(field) = before.digests.first_difference(&key.digests) {
        return Some(Answer::Reused { field: field.to_owned() });
    }
    match answers.get(*known.get()) {
        Some(done @ Answer::Done(_)) => Some(done.clone()),
        Some(_) | None => {
            known.insert(place);
            None
        }
    }
}

/// Writes down what was carried out, with where the log stands after it.
pub(in crate::account) fn remember(
    tx: &mut Tx,
    asks: &[Ask],
    answers: &mut [Answer],
    first: &First,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (place, (ask, answer)) in asks.iter().zip(answers.iter_mut()).enumerate() {
        let (Some((tenant, member, key)), Answer::Done(receipt)) = (ask.key(), answer) else { continue };
        if receipt.mark.is_some() || tally::only_validates(ask) {
            continue;
        }
        let shard = Shard::of_member(member);
        receipt.mark = mark(tx, shard);
        let beside =
            ask.members().into_iter().map(|(_, other)| Shard::of_member(other)).filter(|other| *other != shard);
        receipt.marks_beside = beside.filter_map(|other| mark(tx, other)).collect();
        if first.get(&(tenant, member, key.rpc, key.id)) == Some(&place) {
            tx.remember(tenant, shard, key, &*receipt, now)?;
        }
    }
    Ok(())
}

/// Where the log of a shard stands.
fn mark(tx: &Tx, shard: Shard) -> Option<Mark> {
    tx.heads().get(&shard).map(|head| (shard.number(), head.epoch, head.position))
}
