//! The statements behind looking back. Of wallets, that of points alone.

use std::collections::{BTreeMap, HashMap};

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, LotId, MemberId, OrderId, Shard, TenantId};
use sqlx::PgConnection;

use super::{Booked, Line, LotsOfMonth};
use crate::account::holdings::{Draw, EntryKind, Lot};
use crate::account::store::read_entry_kind;
use crate::programme::terms::Slide;

fn numbers(shards: &[Shard]) -> Vec<i16> {
    shards.iter().map(|shard| shard.number()).collect()
}

pub(super) async fn joined(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[Shard],
) -> Result<Vec<(MemberId, Timestamp)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT member, joined_at FROM account WHERE tenant = $1 AND shard = ANY ($2) AND wallet = ''",
        tenant.uuid(),
        &numbers(shards),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.member.into(), row.joined_at.into())).collect())
}

/// Lines that follow from nothing else, member by member in their order: spent 3, given back 4, by hand 6; earned 1 for what
/// is no order, taken back 2 of that; passed on 7, come from another member 8; what was brought along, earned 1 or owed 2,
/// with its grounds.
pub(super) async fn lines(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[Shard],
) -> Result<Vec<Line>, StoreError> {
    let mut received = received(connection, tenant, shards).await?;
    let rows = sqlx::query!(
        "SELECT member, entry, kind, points, cause, draws, recorded_at,
                CASE WHEN starts_with(cause, 'opening/') AND kind IN (1, 2) THEN grounds END AS grounds
         FROM entry
         WHERE tenant = $1 AND shard = ANY ($2) AND wallet = ''
           AND (kind IN (3, 4, 6, 7, 8) OR (kind = 1 AND NOT starts_with(cause, 'order_'))
                OR (kind = 2 AND (starts_with(cause, 'entry_') OR starts_with(cause, 'opening/'))))
         ORDER BY shard, member, number",
        tenant.uuid(),
        &numbers(shards),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let draws: Vec<Draw> = serde_json::from_value(row.draws).map_err(StoreError::unreadable)?;
            let kind = read_entry_kind(row.kind)?;
            let came = draws.iter().filter(|_| kind == EntryKind::TransferIn);
            Ok(Line {
                member: row.member.into(),
                entry: row.entry.into(),
                kind,
                points: row.points,
                cause: row.cause,
                grounds: row.grounds.map(serde_json::from_value).transpose().map_err(StoreError::unreadable)?,
                lots: came.filter_map(|draw| received.remove(&draw.lot)).collect(),
                recorded_at: row.recorded_at.into(),
            })
        })
        .collect()
}

/// The lots that came from other members, as they came.
async fn received(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[Shard],
) -> Result<HashMap<LotId, Lot>, StoreError> {
    let rows = sqlx::query!(
        "SELECT lot, origin, amount, earned_at, lapses_at, slide_months, slide_days FROM lot
         WHERE tenant = $1 AND shard = ANY ($2) AND wallet = '' AND starts_with(origin, 'transfer_')",
        tenant.uuid(),
        &numbers(shards),
    )
    .fetch_all(connection)
    .await?;
    let lots = rows.into_iter().map(|row| {
        let lapses_at = row.lapses_at.map(Timestamp::from);
        let lot = Lot::new(row.lot.into(), row.origin, row.amount, row.earned_at.into(), lapses_at);
        let slide = row.slide_months.zip(row.slide_days).map(|(months, days)| Slide { months, days });
        (lot.id, Lot { slide, ..lot })
    });
    Ok(lots.collect())
}

pub(super) async fn orders_known(connection: &mut PgConnection, tenant: TenantId) -> Result<i64, StoreError> {
    let row = sqlx::query!(r#"SELECT count(*) AS "orders!" FROM purchase WHERE tenant = $1"#, tenant.uuid());
    Ok(row.fetch_one(connection).await?.orders)
}

pub(super) async fn booked(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[Shard],
) -> Result<BTreeMap<(MemberId, OrderId), Booked>, StoreError> {
    let rows = sqlx::query!(
        "SELECT member, purchase, currency, net_minor, returned_minor, occurred_at FROM purchase
         WHERE tenant = $1 AND shard = ANY ($2)",
        tenant.uuid(),
        &numbers(shards),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let booked = Booked {
                currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
                net_minor: row.net_minor,
                returned_minor: row.returned_minor,
                occurred_at: row.occurred_at.into(),
            };
            Ok(((row.member.into(), OrderId::from(row.purchase)), booked))
        })
        .collect()
}

/// A lot lapses at the start of the day after its last: the month is that of the last day. What has lapsed and is not written
/// yet counts as lapsed; what is held of it goes on. What came from another member began with them: it is issued once, and
/// lapses or is left where it lies.
pub(super) async fn lots_by_month(
    connection: &mut PgConnection,
    tenant: TenantId,
    zone: &str,
    now: Timestamp,
) -> Result<Vec<LotsOfMonth>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT to_char((lapses_at - interval '1 microsecond') AT TIME ZONE $2, 'YYYY-MM') AS month,
                  count(*) FILTER (WHERE ended AND began) AS "ended!",
                  coalesce(sum(amount) FILTER (WHERE ended AND began), 0)::bigint AS "ended_issued!",
                  coalesce(sum(lapsed + remaining) FILTER (WHERE ended), 0)::bigint AS "ended_lapsed!",
                  coalesce(sum(amount) FILTER (WHERE NOT ended AND began), 0)::bigint AS "issued!",
                  coalesce(sum(remaining) FILTER (WHERE NOT ended), 0)::bigint AS "left!",
                  count(*) FILTER (WHERE NOT ended AND remaining > 0) AS "open!"
           FROM (SELECT *, coalesce(lapses_at <= $3, false) AND held = 0 AS ended,
                        NOT starts_with(origin, 'transfer_') AS began
                 FROM lot WHERE tenant = $1 AND wallet = '') AS lot
           GROUP BY 1 ORDER BY 1 NULLS LAST"#,
        tenant.uuid(),
        zone,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    let month = rows.into_iter().map(|row| LotsOfMonth {
        month: row.month,
        ended: row.ended,
        ended_issued: row.ended_issued,
        ended_lapsed: row.ended_lapsed,
        issued: row.issued,
        left: row.left,
        open: row.open,
    });
    Ok(month.collect())
}

pub(super) async fn owed(connection: &mut PgConnection, tenant: TenantId) -> Result<i64, StoreError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(deficit), 0)::bigint AS "deficit!" FROM account WHERE tenant = $1 AND wallet = ''"#,
        tenant.uuid(),
    );
    Ok(row.fetch_one(connection).await?.deficit)
}
