//! The rows of campaigns.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::TenantId;
use sqlx::PgConnection;

use super::{Hold, Put, Standing, Standings, Use, shard_of};

/// Where statements go, of a reading or of a transaction.
pub(crate) type Connection = PgConnection;

pub(super) async fn load(
    connection: &mut PgConnection,
    tenant: TenantId,
    asked: &BTreeSet<(String, i32)>,
    now: Timestamp,
) -> Result<Standings, StoreError> {
    let campaigns: Vec<String> = asked.iter().map(|(campaign, _)| campaign.clone()).collect();
    let shards: Vec<i16> = campaigns.iter().map(|campaign| shard_of(tenant, campaign).number()).collect();
    let versions: Vec<i32> = asked.iter().map(|(_, version)| *version).collect();
    let rows = sqlx::query!(
        "SELECT asked.campaign AS \"campaign!\", asked.version AS \"asked!\", known.version, known.terms,
                known.recorded_at, c.max_uses, c.budget_minor, c.redeemed_uses, c.redeemed_minor, c.codes,
                c.reserved_uses - over.uses AS \"reserved_uses!\", c.reserved_minor - over.minor AS \"reserved_minor!\"
         FROM unnest($2::smallint[], $3::text[], $4::integer[]) AS asked (shard, campaign, version)
         JOIN campaign AS c ON c.tenant = $1 AND c.shard = asked.shard AND c.campaign = asked.campaign
         JOIN campaign_version AS known ON known.tenant = $1 AND known.shard = asked.shard
              AND known.campaign = asked.campaign
              AND known.version = CASE WHEN asked.version = 0 THEN c.version ELSE asked.version END
         CROSS JOIN LATERAL (
             SELECT coalesce(sum(uses), 0)::bigint AS uses, coalesce(sum(minor), 0)::bigint AS minor
             FROM campaign_hold AS h
             WHERE h.tenant = $1 AND h.shard = asked.shard AND h.campaign = asked.campaign AND h.lapses_at <= $5
         ) AS over",
        tenant.uuid(),
        &shards,
        &campaigns,
        &versions,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let taken = Use {
                reserved_uses: row.reserved_uses,
                redeemed_uses: row.redeemed_uses,
                reserved_minor: row.reserved_minor,
                redeemed_minor: row.redeemed_minor,
                codes: row.codes,
            };
            let standing = Standing {
                campaign: row.campaign.clone(),
                version: row.version,
                terms: serde_json::from_value(row.terms).map_err(StoreError::unreadable)?,
                max_uses: row.max_uses,
                budget_minor: row.budget_minor,
                taken,
                recorded_at: row.recorded_at.into(),
            };
            Ok(((row.campaign, row.asked), standing))
        })
        .collect()
}

pub(super) async fn codes_after(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        // By bytes, as the codes are ordered in memory: a database's own order may pass over hyphens.
        r#"SELECT campaign FROM campaign
           WHERE tenant = $1 AND campaign COLLATE "C" > $2 ORDER BY campaign COLLATE "C" LIMIT $3"#,
        tenant.uuid(),
        after.unwrap_or_default(),
        limit,
    )
    .fetch_all(connection)
    .await?)
}

pub(super) async fn put(
    connection: &mut PgConnection,
    ask: &Put,
    version: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let shard = shard_of(ask.tenant, &ask.campaign).number();
    sqlx::query!(
        "INSERT INTO campaign (tenant, shard, campaign, version, max_uses, budget_minor, reserved_uses, redeemed_uses,
             reserved_minor, redeemed_minor, codes)
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0)
         ON CONFLICT (tenant, shard, campaign) DO UPDATE
         SET version = excluded.version, max_uses = excluded.max_uses, budget_minor = excluded.budget_minor",
        ask.tenant.uuid(),
        shard,
        ask.campaign,
        version,
        ask.terms.max_uses,
        ask.terms.budget_minor,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO campaign_version (tenant, shard, campaign, version, terms, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        ask.tenant.uuid(),
        shard,
        ask.campaign,
        version,
        serde_json::to_value(&ask.terms).map_err(StoreError::unreadable)?,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn count_codes(
    connection: &mut PgConnection,
    tenant: TenantId,
    campaign: &str,
    more: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE campaign SET codes = codes + $4 WHERE tenant = $1 AND shard = $2 AND campaign = $3",
        tenant.uuid(),
        shard_of(tenant, campaign).number(),
        campaign,
        more,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Frees what is held of a campaign and whose time is over; its shard must be locked.
pub(crate) async fn sweep(
    connection: &mut PgConnection,
    tenant: TenantId,
    campaign: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH over AS (
             DELETE FROM campaign_hold WHERE tenant = $1 AND shard = $2 AND campaign = $3 AND lapses_at <= $4
             RETURNING uses, minor
         ), freed AS (SELECT sum(uses)::bigint AS uses, sum(minor)::bigint AS minor FROM over)
         UPDATE campaign SET reserved_uses = reserved_uses - freed.uses, reserved_minor = reserved_minor - freed.minor
         FROM freed WHERE tenant = $1 AND shard = $2 AND campaign = $3 AND freed.uses > 0",
        tenant.uuid(),
        shard_of(tenant, campaign).number(),
        campaign,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes uses and money until an instant, where the limits hold them; false where they do not.
pub(crate) async fn reserve(
    connection: &mut PgConnection,
    hold: Hold<'_>,
    (uses, minor): (i64, i64),
    lapses_at: Timestamp,
) -> Result<bool, StoreError> {
    let taken = sqlx::query!(
        "WITH taken AS (
             UPDATE campaign SET reserved_uses = reserved_uses + $5, reserved_minor = reserved_minor + $6
             WHERE tenant = $1 AND shard = $2 AND campaign = $3
               AND (max_uses IS NULL OR reserved_uses + redeemed_uses + $5 <= max_uses)
               AND (budget_minor IS NULL OR reserved_minor + redeemed_minor + $6 <= budget_minor)
             RETURNING campaign
         )
         INSERT INTO campaign_hold (tenant, shard, campaign, reservation, uses, minor, lapses_at)
         SELECT $1, $2, taken.campaign, $4, $5, $6, $7 FROM taken",
        hold.tenant.uuid(),
        shard_of(hold.tenant, hold.campaign).number(),
        hold.campaign,
        hold.reservation.uuid(),
        uses,
        minor,
        SqlTimestamp::from(lapses_at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Uses what is held, or gives it up; false where nothing is held any more. The emptied hold is swept in its time.
pub(crate) async fn settle(connection: &mut PgConnection, hold: Hold<'_>, redeemed: bool) -> Result<bool, StoreError> {
    let settled = sqlx::query!(
        "WITH held AS (
             SELECT uses, minor FROM campaign_hold
             WHERE tenant = $1 AND shard = $2 AND campaign = $3 AND reservation = $4 AND uses > 0
         ), emptied AS (
             UPDATE campaign_hold SET uses = 0, minor = 0
             WHERE tenant = $1 AND shard = $2 AND campaign = $3 AND reservation = $4
         )
         UPDATE campaign
         SET reserved_uses = reserved_uses - held.uses, reserved_minor = reserved_minor - held.minor,
             redeemed_uses = redeemed_uses + CASE WHEN $5 THEN held.uses ELSE 0 END,
             redeemed_minor = redeemed_minor + CASE WHEN $5 THEN held.minor ELSE 0 END
         FROM held WHERE tenant = $1 AND shard = $2 AND campaign = $3",
        hold.tenant.uuid(),
        shard_of(hold.tenant, hold.campaign).number(),
        hold.campaign,
        hold.reservation.uuid(),
        redeemed,
    )
    .execute(connection)
    .await?;
    Ok(settled.rows_affected() == 1)
}

/// Gives back what was redeemed, where its order came back.
pub(crate) async fn give_back(
    connection: &mut PgConnection,
    tenant: TenantId,
    campaign: &str,
    (uses, minor): (i64, i64),
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE campaign SET redeemed_uses = redeemed_uses - $4, redeemed_minor = redeemed_minor - $5
         WHERE tenant = $1 AND shard = $2 AND campaign = $3",
        tenant.uuid(),
        shard_of(tenant, campaign).number(),
        campaign,
        uses,
        minor,
    )
    .execute(connection)
    .await?;
    Ok(())
}
