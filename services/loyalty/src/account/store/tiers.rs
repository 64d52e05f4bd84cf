//! The rows of tiers: where members stand, what counts beside what they bought, and what became of their tiers.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::PgConnection;

use super::loading::{Keys, OwnerKeys};
use crate::account::books::Books;
use crate::account::desk::Whose;
use crate::account::holdings::{Credit, Holdings, Standing, TierChange, TierChangeKind};
use crate::account::wallet::Owner;

/// Numbers of kinds in the database. They never change their meaning.
const fn number_of(kind: TierChangeKind) -> i16 {
    match kind {
        TierChangeKind::Promoted => 1,
        TierChangeKind::Retained => 2,
        TierChangeKind::Demoted => 3,
        TierChangeKind::Renewed => 4,
        TierChangeKind::Assigned => 5,
        TierChangeKind::Released => 6,
        TierChangeKind::Shortened => 7,
        TierChangeKind::Imported => 8,
    }
}

fn kind_of(number: i16) -> Result<TierChangeKind, StoreError> {
    [
        TierChangeKind::Promoted,
        TierChangeKind::Retained,
        TierChangeKind::Demoted,
        TierChangeKind::Renewed,
        TierChangeKind::Assigned,
        TierChangeKind::Released,
        TierChangeKind::Shortened,
        TierChangeKind::Imported,
    ]
    .into_iter()
    .find(|kind| number_of(*kind) == number)
    .ok_or_else(|| StoreError::unreadable("a kind of tier change"))
}

/// Where members stand, and what counts beside what they bought.
pub(super) async fn standings(
    connection: &mut PgConnection,
    full: &BTreeSet<Whose>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let keys = Keys::of(full);
    if keys.is_empty() {
        return Ok(());
    }
    // Both tables in one round trip: what a credit counts for is in the same shape as where somebody stands.
    let rows = sqlx::query!(
        r#"SELECT one.tenant AS "tenant!", one.member AS "member!", one.ladder AS "ladder!", one.standing,
                  one.cause AS "cause!", one.units AS "units!", one.reason AS "reason!", one.actor AS "actor!",
                  one.occurred_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT tenant, member, ladder, standing, '' AS cause, 0::bigint AS units, '' AS reason, '' AS actor,
                      NULL::timestamptz AS occurred_at
               FROM standing
               WHERE (standing.tenant, standing.shard, standing.member) = (asked.tenant, asked.shard, asked.member)
               UNION ALL
               SELECT tenant, member, ladder, NULL, cause, units, reason, actor, occurred_at
               FROM qualification AS credit
               WHERE (credit.tenant, credit.shard, credit.member) = (asked.tenant, asked.shard, asked.member)
               OFFSET 0
           ) AS one"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    for (tenant, member) in full {
        if let Some(holdings) = books.get_mut(&Owner::of_points(*tenant, *member)) {
            holdings.tiers_due_at = None;
        }
    }
    for row in rows {
        let Some(holdings) = books.get_mut(&Owner::of_points(row.tenant.into(), row.member.into())) else { continue };
        match (row.standing, row.occurred_at) {
            (Some(standing), _) => {
                let standing: Standing = serde_json::from_value(standing).map_err(StoreError::unreadable)?;
                holdings.standings.insert(row.ladder, standing);
            }
            (None, Some(occurred_at)) => holdings.credits.push(Credit {
                ladder: row.ladder,
                cause: row.cause,
                units: row.units,
                reason: row.reason,
                actor: row.actor,
                occurred_at: occurred_at.into(),
                touched: false,
            }),
            (None, None) => return Err(StoreError::unreadable("a standing that says nothing")),
        }
    }
    Ok(())
}

/// What became of the tiers of members, the oldest first.
pub(super) async fn history(
    connection: &mut PgConnection,
    full: &BTreeSet<Whose>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let changed = |(tenant, member): &&Whose| {
        books.get(&Owner::of_points(*tenant, *member)).is_some_and(|known| known.tier_changes > 0)
    };
    let keys = Keys::of(full.iter().filter(changed));
    if keys.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"SELECT tier_change.tenant, tier_change.member, number, ladder, kind, from_tier, to_tier, cause,
                  progress_minor, programme_version, occurred_at, reason, actor
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM tier_change
               WHERE (tier_change.tenant, tier_change.shard, tier_change.member)
                   = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS tier_change
           ORDER BY number"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        if let Some(holdings) = books.get_mut(&Owner::of_points(row.tenant.into(), row.member.into())) {
            holdings.history.push(TierChange {
                number: row.number,
                ladder: row.ladder,
                kind: kind_of(row.kind)?,
                from: row.from_tier,
                to: row.to_tier,
                cause: row.cause,
                progress_minor: row.progress_minor,
                programme_version: row.programme_version,
                occurred_at: row.occurred_at.into(),
                reason: row.reason,
                actor: row.actor,
                historic: false,
            });
        }
    }
    Ok(())
}

/// Writes what changed.
pub(super) async fn write(tx: &mut Tx, changed: &[(&Owner, &Holdings)], now: Timestamp) -> Result<(), StoreError> {
    write_standings(tx, changed).await?;
    write_credits(tx, changed, now).await?;
    write_changes(tx, changed, now).await
}

async fn write_standings(tx: &mut Tx, changed: &[(&Owner, &Holdings)]) -> Result<(), StoreError> {
    let rows: Vec<(&Owner, &String, &Standing)> = changed
        .iter()
        .flat_map(|(whose, holdings)| holdings.standings.iter().map(move |(ladder, one)| (*whose, ladder, one)))
        .filter(|(.., standing)| standing.touched)
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let OwnerKeys { of: keys, .. } = OwnerKeys::of(rows.iter().map(|(whose, ..)| *whose));
    let ladders: Vec<&str> = rows.iter().map(|(_, ladder, _)| ladder.as_str()).collect();
    let tiers: Vec<&str> = rows.iter().map(|(.., one)| one.tier.as_str()).collect();
    let assigned: Vec<Option<&str>> = rows.iter().map(|(.., one)| Some(one.assigned.as_ref()?.tier.as_str())).collect();
    let due: Vec<Option<SqlTimestamp>> = rows.iter().map(|(.., one)| one.due_at().map(SqlTimestamp::from)).collect();
    let standings: Vec<Value> = rows
        .iter()
        .map(|(.., one)| serde_json::to_value(one).map_err(StoreError::unreadable))
        .collect::<Result<_, _>>()?;
    sqlx::query!(
        "INSERT INTO standing (tenant, shard, member, ladder, tier, assigned, due_at, standing)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]), unnest($5::text[]),
                unnest($6::text[]), unnest($7::timestamptz[]), unnest($8::jsonb[])
         ON CONFLICT (tenant, shard, member, ladder)
         DO UPDATE SET tier = excluded.tier, assigned = excluded.assigned, due_at = excluded.due_at,
                       standing = excluded.standing",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &ladders as &[&str],
        &tiers as &[&str],
        &assigned as &[Option<&str>],
        &due as &[Option<SqlTimestamp>],
        &standings,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_credits(tx: &mut Tx, changed: &[(&Owner, &Holdings)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<(&Owner, &Credit)> = changed
        .iter()
        .flat_map(|(whose, holdings)| holdings.credits.iter().map(move |credit| (*whose, credit)))
        .filter(|(_, credit)| credit.touched)
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let OwnerKeys { of: keys, .. } = OwnerKeys::of(rows.iter().map(|(whose, _)| *whose));
    let ladders: Vec<&str> = rows.iter().map(|(_, row)| row.ladder.as_str()).collect();
    let causes: Vec<&str> = rows.iter().map(|(_, row)| row.cause.as_str()).collect();
    let units: Vec<i64> = rows.iter().map(|(_, row)| row.units).collect();
    let reasons: Vec<&str> = rows.iter().map(|(_, row)| row.reason.as_str()).collect();
    let actors: Vec<&str> = rows.iter().map(|(_, row)| row.actor.as_str()).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, row)| row.occurred_at.into()).collect();
    sqlx::query!(
        "INSERT INTO qualification (tenant, shard, member, ladder, cause, units, reason, actor, occurred_at, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]), unnest($5::text[]),
                unnest($6::bigint[]), unnest($7::text[]), unnest($8::text[]), unnest($9::timestamptz[]),
                $10::timestamptz",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &ladders as &[&str],
        &causes as &[&str],
        &units,
        &reasons as &[&str],
        &actors as &[&str],
        &occurred as &[SqlTimestamp],
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_changes(tx: &mut Tx, changed: &[(&Owner, &Holdings)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<_> = changed
        .iter()
        .flat_map(|(whose, holdings)| holdings.changes.iter().map(move |change| (*whose, change)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let OwnerKeys { of: keys, .. } = OwnerKeys::of(rows.iter().map(|(whose, _)| *whose));
    let numbers: Vec<i64> = rows.iter().map(|(_, row)| row.number).collect();
    let kinds: Vec<i16> = rows.iter().map(|(_, row)| number_of(row.kind)).collect();
    let text =
        |read: fn(&TierChange) -> &str| rows.iter().map(|(_, row)| read(row).to_owned()).collect::<Vec<String>>();
    let progress: Vec<i64> = rows.iter().map(|(_, row)| row.progress_minor).collect();
    let versions: Vec<i32> = rows.iter().map(|(_, row)| row.programme_version).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, row)| row.occurred_at.into()).collect();
    sqlx::query!(
        "INSERT INTO tier_change (tenant, shard, member, number, kind, from_tier, to_tier, cause, progress_minor,
             programme_version, occurred_at, ladder, reason, actor, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::bigint[]),
                unnest($5::smallint[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]),
                unnest($9::bigint[]), unnest($10::integer[]), unnest($11::timestamptz[]), unnest($12::text[]),
                unnest($13::text[]), unnest($14::text[]), $15::timestamptz",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &numbers,
        &kinds,
        &text(|row| &row.from),
        &text(|row| &row.to),
        &text(|row| &row.cause),
        &progress,
        &versions,
        &occurred as &[SqlTimestamp],
        &text(|row| &row.ladder),
        &text(|row| &row.reason),
        &text(|row| &row.actor),
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_kinds_are_read_back() {
        for number in 1..=8 {
            assert_eq!(number_of(kind_of(number).expect("known")), number);
        }
        assert!(kind_of(9).is_err());
    }
}
