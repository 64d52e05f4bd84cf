//! Has missions count them, in the transaction of whoever keeps them.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{MemberId, TenantId};

use super::Told;
use crate::mission::facts::Event;
use crate::mission::store::members;
use crate::mission::{asking, first_start, settle, store};

/// Records events that somebody else was told, within their transaction; the shards of the members must be locked. Answers
/// for each which missions ask for it.
pub(crate) async fn happened(
    tx: &mut Tx,
    tenant: TenantId,
    told: &[Told],
    now: Timestamp,
) -> Result<Vec<Vec<String>>, StoreError> {
    let mut definitions = store::definitions(tx.connection(), tenant, now).await?;
    let asking = told.iter().map(|one| asking(&definitions, &one.name, one.at)).collect();
    let Some(since) = first_start(&definitions) else { return Ok(asking) };
    let mut new = BTreeSet::new();
    for one in told {
        let Some(who) = one.who.clone() else { continue };
        let (name, external_id) = (one.name.clone(), one.external_id.clone());
        let event = Event { name, external_id, at: one.at, who };
        if members::record_event(tx.connection(), (tenant, one.member), &event).await? {
            new.insert(one.member);
        }
    }
    if !new.is_empty() {
        let new: Vec<MemberId> = new.into_iter().collect();
        let mut records = members::load(tx.connection(), tenant, &new, since).await?;
        settle(tx, tenant, &mut definitions, &mut records, now).await?;
    }
    Ok(asking)
}
