//! The rows of transfers: those that a request names, sums of late where a limit asks, and what a door asks before the lock.

use std::collections::HashMap;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::{day_of, start_of, year_start};
use kernel::{LotId, MemberId, Shard, TenantId, TransferId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::loading::{Keys, wallet};
use crate::account::books::Books;
use crate::account::desk::{Ask, Whose};
use crate::account::holdings::{Draw, Holdings, Part, PassedOn, Transfer};
use crate::account::wallet::Owner;
use crate::account::{Made, TransferAsk, TransferDeed};
use crate::programme::terms::TenantTerms;

/// The lots that a request speaks of: they may be empty, and count all the same.
pub(super) fn lots(ask: &Ask) -> Vec<LotId> {
    match reversed(ask) {
        Some(TransferAsk { what: TransferDeed::Reverse { made: Some(made) }, .. }) => made.lots.clone(),
        Some(_) | None => Vec::new(),
    }
}

fn reversed(ask: &Ask) -> Option<&TransferAsk> {
    let Ask::Transfer(ask) = ask else { return None };
    Some(ask).filter(|ask| matches!(ask.what, TransferDeed::Reverse { .. }))
}

/// Reads the transfers that are to be taken back.
pub(super) async fn named(connection: &mut PgConnection, asks: &[&Ask], books: &mut Books) -> Result<(), StoreError> {
    let all: Vec<&TransferAsk> = asks.iter().filter_map(|ask| reversed(ask)).collect();
    if all.is_empty() {
        return Ok(());
    }
    let whose: Vec<Whose> = all.iter().map(|ask| (ask.tenant, ask.member)).collect();
    let (keys, ids) = (Keys::of(&whose), all.iter().map(|ask| ask.transfer.uuid()).collect::<Vec<Uuid>>());
    let rows = sqlx::query!(
        r#"SELECT transfer.tenant, transfer.member, transfer.transfer, wallet, to_member, entry, points, fee, parts,
                  fee_draws, returned, reversed, made_at
           FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[])
                     AS named (tenant, shard, member, transfer)) AS asked
           CROSS JOIN LATERAL (
               SELECT * FROM transfer
               WHERE (transfer.tenant, transfer.shard, transfer.member, transfer.transfer)
                   = (asked.tenant, asked.shard, asked.member, asked.transfer) OFFSET 0
           ) AS transfer"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let owner = Owner { tenant: row.tenant.into(), member: row.member.into(), wallet: wallet(&row.wallet)? };
        if let Some(holdings) = books.get_mut(&owner) {
            holdings.transfers.push(Transfer {
                id: row.transfer.into(),
                to: row.to_member.into(),
                entry: row.entry.into(),
                points: row.points,
                fee: row.fee,
                parts: serde_json::from_value(row.parts).map_err(StoreError::unreadable)?,
                fee_draws: serde_json::from_value(row.fee_draws).map_err(StoreError::unreadable)?,
                returned: row.returned,
                reversed: row.reversed,
                made_at: row.made_at.into(),
                touched: false,
            });
        }
    }
    Ok(())
}

/// What never changes of a transfer, read before its members are locked.
pub(in crate::account) async fn made(
    connection: &mut PgConnection,
    (tenant, member): Whose,
    transfer: TransferId,
) -> Result<Option<Made>, StoreError> {
    let row = sqlx::query!(
        "SELECT to_member, wallet, parts, fee_draws FROM transfer
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND transfer = $4",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        transfer.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let parts: Vec<Part> = serde_json::from_value(row.parts).map_err(StoreError::unreadable)?;
    let fee: Vec<Draw> = serde_json::from_value(row.fee_draws).map_err(StoreError::unreadable)?;
    let lots = parts.iter().flat_map(|part| [part.from, part.to]).chain(fee.iter().map(|draw| draw.lot));
    let to = MemberId::from(row.to_member);
    Ok(Some(Made { to, wallet: wallet(&row.wallet)?, lots: lots.collect() }))
}

/// Reads how much was passed on in the day, the month and the year of a moment by those who want to pass on more, where
/// their programme limits that.
pub(in crate::account) async fn of_late(
    connection: &mut PgConnection,
    asks: &[&Ask],
    terms: &HashMap<TenantId, TenantTerms>,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), StoreError> {
    for ask in asks {
        let Ask::Transfer(ask @ TransferAsk { what: TransferDeed::Make { .. }, .. }) = ask else { continue };
        let Some((from, _)) = ask.accounts() else { continue };
        let versions = terms.get(&from.tenant).and_then(|terms| terms.versions.get(from.wallet));
        let Some(ruling) = versions.and_then(|versions| versions.at(now)) else { continue };
        if !ruling.transfers.as_ref().is_some_and(|policy| policy.counts()) {
            continue;
        }
        if let Some(holdings) = books.get_mut(&from) {
            holdings.passed_on = sums(connection, &from, starts(now, ruling.zone.rules())?).await?;
        }
    }
    Ok(())
}

/// When the day, the month and the year of a moment began.
fn starts(now: Timestamp, zone: &TimeZone) -> Result<[Timestamp; 3], StoreError> {
    let day = day_of(now, zone);
    let began = |day| start_of(day, zone).map_err(StoreError::unreadable);
    let year = year_start(now, zone).map_err(StoreError::unreadable)?;
    Ok([began(day)?, began(day.first_of_month())?, year])
}

async fn sums(
    connection: &mut PgConnection,
    owner: &Owner,
    [day, month, year]: [Timestamp; 3],
) -> Result<PassedOn, StoreError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(points - returned) FILTER (WHERE made_at >= $5), 0)::bigint AS "day!",
                  coalesce(sum(points - returned) FILTER (WHERE made_at >= $6), 0)::bigint AS "month!",
                  coalesce(sum(points - returned), 0)::bigint AS "year!"
           FROM transfer
           WHERE tenant = $1 AND shard = $2 AND member = $3 AND wallet = $4 AND made_at >= $7"#,
        owner.tenant.uuid(),
        Shard::of_member(owner.member).number(),
        owner.member.uuid(),
        owner.wallet.as_str(),
        SqlTimestamp::from(day) as SqlTimestamp,
        SqlTimestamp::from(month) as SqlTimestamp,
        SqlTimestamp::from(year) as SqlTimestamp,
    )
    .fetch_one(connection)
    .await?;
    Ok(PassedOn { day: row.day, month: row.month, year: row.year })
}

pub(super) async fn write(tx: &mut Tx, changed: &[(&Owner, &Holdings)]) -> Result<(), StoreError> {
    let of = |(owner, holdings): &(&Owner, &Holdings)| {
        let touched = holdings.transfers.iter().filter(|one| one.touched).cloned();
        touched.map(|one| (**owner, one)).collect::<Vec<_>>()
    };
    let rows: Vec<(Owner, Transfer)> = changed.iter().flat_map(of).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let whose: Vec<Whose> = rows.iter().map(|(owner, _)| owner.whose()).collect();
    let keys = Keys::of(&whose);
    let ids = |read: fn(&Transfer) -> Uuid| rows.iter().map(|(_, one)| read(one)).collect::<Vec<Uuid>>();
    let numbers = |read: fn(&Transfer) -> i64| rows.iter().map(|(_, one)| read(one)).collect::<Vec<i64>>();
    let wallets: Vec<&str> = rows.iter().map(|(owner, _)| owner.wallet.as_str()).collect();
    let parts = json(rows.iter().map(|(_, one)| serde_json::to_value(&one.parts)))?;
    let fees = json(rows.iter().map(|(_, one)| serde_json::to_value(&one.fee_draws)))?;
    let reversed: Vec<bool> = rows.iter().map(|(_, one)| one.reversed).collect();
    let made_at: Vec<SqlTimestamp> = rows.iter().map(|(_, one)| one.made_at.into()).collect();
    sqlx::query!(
        "INSERT INTO transfer (tenant, shard, member, transfer, wallet, to_member, entry, points, fee, parts, fee_draws,
             returned, reversed, made_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::text[]),
                unnest($6::uuid[]), unnest($7::uuid[]), unnest($8::bigint[]), unnest($9::bigint[]), unnest($10::jsonb[]),
                unnest($11::jsonb[]), unnest($12::bigint[]), unnest($13::boolean[]), unnest($14::timestamptz[])
         ON CONFLICT (tenant, shard, member, transfer) DO UPDATE SET
             returned = excluded.returned, reversed = excluded.reversed",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &ids(|one| one.id.uuid()),
        &wallets as &[&str],
        &ids(|one| one.to.uuid()),
        &ids(|one| one.entry.uuid()),
        &numbers(|one| one.points),
        &numbers(|one| one.fee),
        &parts,
        &fees,
        &numbers(|one| one.returned),
        &reversed,
        &made_at as &[SqlTimestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn json(values: impl Iterator<Item = Result<Value, serde_json::Error>>) -> Result<Vec<Value>, StoreError> {
    values.map(|value| value.map_err(StoreError::unreadable)).collect()
}
