//! What members brought along, by what the other system calls it.

use std::collections::{BTreeSet, HashMap};

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::MemberId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::loading::wallet;
use crate::account::desk::Ask;
use crate::account::holdings::Holdings;
use crate::account::opening::{Opened, Opening};
use crate::account::opening_asks::home;
use crate::account::tally::Brought;
use crate::account::wallet::Owner;

/// What some asks would bring a second time, whoever brought it first.
pub(super) async fn load(
    connection: &mut PgConnection,
    asks: &[&Ask],
) -> Result<HashMap<Brought, (MemberId, Opened)>, StoreError> {
    let asked: BTreeSet<Brought> = asks
        .iter()
        .filter_map(|ask| {
            let Ask::Open(ask) = ask else { return None };
            Some((ask.tenant, ask.wallet, ask.opening.reference.clone()))
        })
        .collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let tenants: Vec<Uuid> = asked.iter().map(|(tenant, ..)| tenant.uuid()).collect();
    let shards: Vec<i16> = asked.iter().map(|(tenant, wallet, text)| home(*tenant, *wallet, text).number()).collect();
    let wallets: Vec<&str> = asked.iter().map(|(_, wallet, _)| wallet.as_str()).collect();
    let references: Vec<&str> = asked.iter().map(|(.., reference)| reference.as_str()).collect();
    let rows = sqlx::query!(
        r#"SELECT opening.tenant, opening.wallet, opening.reference, member, entry, points, earned_at, usable_from, lapses_at
           FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[]) AS asked (tenant, shard, wallet, reference)
           CROSS JOIN LATERAL (
               SELECT * FROM opening
               WHERE (opening.tenant, opening.shard, opening.wallet, opening.reference)
                   = (asked.tenant, asked.shard, asked.wallet, asked.reference) OFFSET 0
           ) AS opening"#,
        &tenants,
        &shards,
        &wallets as &[&str],
        &references as &[&str],
    )
    .fetch_all(connection)
    .await?;
    let mut known = HashMap::new();
    for row in rows {
        let opening = Opening {
            reference: row.reference.clone(),
            points: row.points,
            earned_at: row.earned_at.into(),
            usable_from: row.usable_from.map(Timestamp::from),
            lapses_at: row.lapses_at.map(Timestamp::from),
        };
        let opened = Opened { entry: row.entry.into(), opening };
        known.insert((row.tenant.into(), wallet(&row.wallet)?, row.reference), (row.member.into(), opened));
    }
    Ok(known)
}

/// Writes what was taken over.
pub(super) async fn write(tx: &mut Tx, changed: &[(&Owner, &Holdings)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<(&Owner, &Opened)> = changed
        .iter()
        .flat_map(|(owner, holdings)| holdings.openings.iter().map(move |opened| (*owner, opened)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = rows.iter().map(|(owner, _)| owner.tenant.uuid()).collect();
    let shards: Vec<i16> = rows
        .iter()
        .map(|(owner, opened)| home(owner.tenant, owner.wallet, &opened.opening.reference).number())
        .collect();
    let wallets: Vec<&str> = rows.iter().map(|(owner, _)| owner.wallet.as_str()).collect();
    let references: Vec<&str> = rows.iter().map(|(_, opened)| opened.opening.reference.as_str()).collect();
    let members: Vec<Uuid> = rows.iter().map(|(owner, _)| owner.member.uuid()).collect();
    let entries: Vec<Uuid> = rows.iter().map(|(_, opened)| opened.entry.uuid()).collect();
    let points: Vec<i64> = rows.iter().map(|(_, opened)| opened.opening.points).collect();
    let earned: Vec<SqlTimestamp> = rows.iter().map(|(_, opened)| opened.opening.earned_at.into()).collect();
    let usable: Vec<Option<SqlTimestamp>> =
        rows.iter().map(|(_, opened)| opened.opening.usable_from.map(SqlTimestamp::from)).collect();
    let lapses: Vec<Option<SqlTimestamp>> =
        rows.iter().map(|(_, opened)| opened.opening.lapses_at.map(SqlTimestamp::from)).collect();
    sqlx::query!(
        "INSERT INTO opening (tenant, shard, wallet, reference, member, entry, points, earned_at, usable_from, lapses_at,
             recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::uuid[]),
                unnest($6::uuid[]), unnest($7::bigint[]), unnest($8::timestamptz[]), unnest($9::timestamptz[]),
                unnest($10::timestamptz[]), $11::timestamptz",
        &tenants,
        &shards,
        &wallets as &[&str],
        &references as &[&str],
        &members,
        &entries,
        &points,
        &earned as &[SqlTimestamp],
        &usable as &[Option<SqlTimestamp>],
        &lapses as &[Option<SqlTimestamp>],
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
