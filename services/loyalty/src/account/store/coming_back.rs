//! The lots of what comes back: of a returned order, of a grant that is revoked.

use std::collections::{BTreeSet, HashMap};

use ::store::StoreError;
use kernel::{EntryId, LotId};
use sqlx::PgConnection;

use super::loading::Keys;
use crate::account::desk::{Ask, DeedKind, Whose};
use crate::account::tally::Spent;

/// Which they are. They may be spent or lapsed, and count all the same.
pub(super) async fn lots(
    connection: &mut PgConnection,
    asks: &[&Ask],
    spent: &HashMap<(Whose, EntryId), Spent>,
) -> Result<BTreeSet<LotId>, StoreError> {
    let wanted: BTreeSet<(Whose, String)> = asks.iter().flat_map(|ask| origins(ask, spent)).collect();
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let keys = Keys::of(wanted.iter().map(|(whose, _)| whose));
    let origins: Vec<String> = wanted.iter().map(|(_, origin)| origin.clone()).collect();
    let found = sqlx::query_scalar!(
        r#"SELECT lot.lot
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[]) AS asked (tenant, shard, member, origin)
           CROSS JOIN LATERAL (
               SELECT * FROM lot
               WHERE (lot.tenant, lot.shard, lot.member) = (asked.tenant, asked.shard, asked.member)
                 AND lot.origin = asked.origin OFFSET 0
           ) AS lot"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &origins
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(LotId::from).collect())
}

fn origins(ask: &Ask, spent: &HashMap<(Whose, EntryId), Spent>) -> Vec<(Whose, String)> {
    match ask {
        Ask::Hear { deeds, .. } => deeds
            .iter()
            .filter_map(|deed| match &deed.kind {
                DeedKind::Returned(back) => Some(((deed.tenant, deed.member?), back.order.to_string())),
                DeedKind::Joined { .. } | DeedKind::Bought { .. } | DeedKind::TenantSettled(_) => None,
            })
            .collect(),
        Ask::Revoke(ask) => {
            let whose = (ask.tenant, ask.member);
            spent.get(&(whose, ask.entry)).map(|grant| (whose, grant.cause.clone())).into_iter().collect()
        }
        Ask::Redeem(_)
        | Ask::Reverse(_)
        | Ask::Hold(_)
        | Ask::Capture(_)
        | Ask::Release(_)
        | Ask::Adjust(_)
        | Ask::Grant(_)
        | Ask::Open(_)
        | Ask::Tiers(_)
        | Ask::Occasion(_)
        | Ask::Transfer(_)
        | Ask::Settle { .. } => Vec::new(),
    }
}
