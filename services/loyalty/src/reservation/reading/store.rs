//! What a member used and saved, as its parts tell it.

use std::collections::{BTreeMap, BTreeSet};

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, MemberId, Money, Shard, TenantId};
use sqlx::PgConnection;

use super::Saving;
use crate::reservation::store::read_kind;

/// How often a member uses campaigns: what is put aside at a moment, and what was used and did not come back.
pub(super) async fn uses_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    campaigns: &BTreeSet<&str>,
    now: Timestamp,
) -> Result<BTreeMap<String, i64>, StoreError> {
    if campaigns.is_empty() {
        return Ok(BTreeMap::new());
    }
    let campaigns: Vec<String> = campaigns.iter().map(|campaign| (*campaign).to_owned()).collect();
    let rows = sqlx::query!(
        "SELECT campaign, count(*) AS \"uses!\" FROM reservation_part
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND campaign = ANY ($4) AND returned_at IS NULL
           AND (redeemed_at IS NOT NULL OR lapses_at IS NOT NULL) AND (redeemed_at IS NOT NULL OR lapses_at > $5)
         GROUP BY campaign",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        &campaigns,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.campaign, row.uses)).collect())
}

/// What was saved in a time.
pub(super) async fn savings(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<Saving>, StoreError> {
    let rows = sqlx::query!(
        "SELECT kind, currency, count(*) AS \"uses!\", sum(saved_minor)::bigint AS \"minor!\" FROM reservation_part
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND redeemed_at IS NOT NULL AND returned_at IS NULL
           AND ($4::timestamptz IS NULL OR redeemed_at >= $4) AND ($5::timestamptz IS NULL OR redeemed_at < $5)
         GROUP BY kind, currency ORDER BY kind, currency",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        since.map(SqlTimestamp::from) as Option<SqlTimestamp>,
        until.map(SqlTimestamp::from) as Option<SqlTimestamp>,
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Saving {
            kind: read_kind(row.kind)?,
            uses: row.uses,
            saved: Money {
                currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
                minor: row.minor,
            },
        })
    });
    read.collect()
}
