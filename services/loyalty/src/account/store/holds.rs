//! The rows of holds: those that are open, and those that a request names.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError, Tx};
use kernel::{HoldId, Shard};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::loading::{Keys, wallet};
use crate::account::books::Books;
use crate::account::desk::{Ask, Whose};
use crate::account::holding::Hold;
use crate::account::holdings::Holdings;
use crate::account::wallet::Owner;

/// The holds that requests name: they may have ended.
pub(super) fn named(asks: &[&Ask]) -> BTreeSet<(Whose, HoldId)> {
    let named = asks.iter().filter_map(|ask| match ask {
        Ask::Capture(ask) => Some(((ask.tenant, ask.member), ask.hold)),
        Ask::Release(ask) => Some(((ask.tenant, ask.member), ask.hold)),
        Ask::Hold(_)
        | Ask::Redeem(_)
        | Ask::Reverse(_)
        | Ask::Adjust(_)
        | Ask::Grant(_)
        | Ask::Open(_)
        | Ask::Revoke(_)
        | Ask::Tiers(_)
        | Ask::Occasion(_)
        | Ask::Transfer(_)
        | Ask::Hear { .. }
        | Ask::Settle { .. } => None,
    });
    named.collect()
}

pub(super) async fn load(
    connection: &mut PgConnection,
    of: &BTreeSet<Whose>,
    named: &BTreeSet<(Whose, HoldId)>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let keys = Keys::of(of);
    if keys.members.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = named.iter().map(|(_, hold)| hold.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT hold.tenant, hold.member, hold.wallet, hold.hold, spent_on, draws, expires_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM hold
               WHERE (hold.tenant, hold.shard, hold.member) = (asked.tenant, asked.shard, asked.member)
                 AND (held > 0 OR hold.hold = ANY ($4)) OFFSET 0
           ) AS hold
           ORDER BY hold.expires_at, hold.hold"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &ids
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let owner = Owner { tenant: row.tenant.into(), member: row.member.into(), wallet: wallet(&row.wallet)? };
        if let Some(holdings) = books.get_mut(&owner) {
            holdings.holds.push(Hold {
                id: row.hold.into(),
                spent_on: row.spent_on,
                draws: serde_json::from_value(row.draws).map_err(StoreError::unreadable)?,
                expires_at: row.expires_at.into(),
                touched: false,
            });
        }
    }
    Ok(())
}

pub(super) async fn write(tx: &mut Tx, changed: &[(&Owner, &Holdings)]) -> Result<(), StoreError> {
    let rows: Vec<_> = changed
        .iter()
        .flat_map(|(owner, holdings)| holdings.holds.iter().filter(|hold| hold.touched).map(move |hold| (*owner, hold)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = rows.iter().map(|(owner, _)| owner.tenant.uuid()).collect();
    let shards: Vec<i16> = rows.iter().map(|(owner, _)| Shard::of_member(owner.member).number()).collect();
    let members: Vec<Uuid> = rows.iter().map(|(owner, _)| owner.member.uuid()).collect();
    let wallets: Vec<&str> = rows.iter().map(|(owner, _)| owner.wallet.as_str()).collect();
    let ids: Vec<Uuid> = rows.iter().map(|(_, hold)| hold.id.uuid()).collect();
    let held: Vec<i64> = rows.iter().map(|(_, hold)| hold.held()).collect();
    let spent_on: Vec<&str> = rows.iter().map(|(_, hold)| hold.spent_on.as_str()).collect();
    let expires: Vec<SqlTimestamp> = rows.iter().map(|(_, hold)| hold.expires_at.into()).collect();
    let draws: Vec<Value> = rows
        .iter()
        .map(|(_, hold)| serde_json::to_value(&hold.draws).map_err(StoreError::unreadable))
        .collect::<Result<_, _>>()?;
    sqlx::query!(
        "INSERT INTO hold (tenant, shard, member, hold, held, spent_on, draws, expires_at, wallet)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::bigint[]), unnest($6::text[]), unnest($7::jsonb[]), unnest($8::timestamptz[]),
                unnest($9::text[])
         ON CONFLICT (tenant, shard, member, hold) DO UPDATE SET
             held = excluded.held, draws = excluded.draws, spent_on = excluded.spent_on, expires_at = excluded.expires_at",
        &tenants,
        &shards,
        &members,
        &ids,
        &held,
        &spent_on as &[&str],
        &draws,
        &expires as &[SqlTimestamp],
        &wallets as &[&str],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
