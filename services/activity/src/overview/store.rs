//! Summing the tables.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use kernel::{Currency, Money};
use sqlx::PgConnection;
use store::{SqlTimestamp, StoreError};

use super::{Asked, Bucket, ChannelMonth};

fn bounds(ask: &Asked) -> (Option<SqlTimestamp>, Option<SqlTimestamp>) {
    (ask.from.map(Timestamp::to_sqlx), ask.until.map(Timestamp::to_sqlx))
}

fn money(currency: &str, minor: i64) -> Result<Money, StoreError> {
    Ok(Money { currency: Currency::parse(currency).map_err(StoreError::unreadable)?, minor })
}

pub(super) async fn months(
    connection: &mut PgConnection,
    ask: &Asked,
    zone: &str,
) -> Result<Vec<ChannelMonth>, StoreError> {
    let (from, until) = bounds(ask);
    let rows = sqlx::query!(
        r#"SELECT to_char(occurred_at AT TIME ZONE $4, 'YYYY-MM') AS "month!", channel, currency,
                  count(*) AS "orders!", sum(net_minor)::bigint AS "net!", sum(returned_minor)::bigint AS "returned!"
           FROM journal_order
           WHERE tenant = $1 AND occurred_at >= coalesce($2::timestamptz, '-infinity')
             AND occurred_at < coalesce($3::timestamptz, 'infinity')
           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"#,
        ask.tenant.uuid(),
        from as _,
        until as _,
        zone,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ChannelMonth {
                month: row.month,
                channel: row.channel,
                orders: row.orders,
                net: money(&row.currency, row.net)?,
                returned: money(&row.currency, row.returned)?,
            })
        })
        .collect()
}

pub(super) async fn buckets(connection: &mut PgConnection, ask: &Asked) -> Result<Vec<Bucket>, StoreError> {
    let (from, until) = bounds(ask);
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", name AS "name!", currency AS "currency!", entries AS "entries!",
                  lines AS "lines!", amount AS "amount!"
           FROM (
               SELECT CASE WHEN member IS NULL THEN 2 ELSE 1 END AS place,
                      CASE WHEN member IS NULL THEN 'guest-orders' ELSE 'member-orders' END AS name, currency,
                      count(*) AS entries, sum(line_count)::bigint AS lines, sum(net_minor)::bigint AS amount
               FROM journal_order
               WHERE tenant = $1 AND occurred_at >= coalesce($2::timestamptz, '-infinity')
                 AND occurred_at < coalesce($3::timestamptz, 'infinity')
               GROUP BY 1, 2, 3
               UNION ALL
               SELECT 3, 'matched-returns', currency, count(*), sum(matched_lines)::bigint,
                      (-sum(matched_minor))::bigint
               FROM journal_return
               WHERE tenant = $1 AND occurred_at >= coalesce($2::timestamptz, '-infinity')
                 AND occurred_at < coalesce($3::timestamptz, 'infinity') AND (matched_lines > 0 OR matched_minor > 0)
               GROUP BY 3
               UNION ALL
               SELECT 4, 'cancelled-orders', currency, count(*), sum(taken.lines)::bigint, (-sum(taken.minor))::bigint
               FROM journal_order AS cancelled,
                    LATERAL (SELECT count(*) AS lines, coalesce(sum(amount_minor), 0) AS minor
                             FROM return_match AS match
                             WHERE match.tenant = cancelled.tenant AND match.shard = cancelled.shard
                               AND match.order_id = cancelled.order_id AND match.return_id = cancelled.order_id) AS taken
               WHERE tenant = $1 AND state_at >= coalesce($2::timestamptz, '-infinity')
                 AND state_at < coalesce($3::timestamptz, 'infinity') AND state IN (3, 4)
               GROUP BY 3
               UNION ALL
               SELECT 5, 'unmatched-credits', currency, count(*), sum(unmatched_lines)::bigint,
                      (-sum(unmatched_minor))::bigint
               FROM journal_return
               WHERE tenant = $1 AND occurred_at >= coalesce($2::timestamptz, '-infinity')
                 AND occurred_at < coalesce($3::timestamptz, 'infinity')
                 AND (unmatched_lines > 0 OR unmatched_minor > 0)
               GROUP BY 3
               UNION ALL
               SELECT 6, 'adjustments', currency, count(*), count(*), sum(amount_minor)::bigint
               FROM adjustment
               WHERE tenant = $1 AND occurred_at >= coalesce($2::timestamptz, '-infinity')
                 AND occurred_at < coalesce($3::timestamptz, 'infinity')
               GROUP BY 3
           ) AS bucket ORDER BY place, currency"#,
        ask.tenant.uuid(),
        from as _,
        until as _,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let amount = money(&row.currency, row.amount)?;
            Ok(Bucket { name: row.name, entries: row.entries, lines: row.lines, amount })
        })
        .collect()
}

/// Revenue of each member with an order that was not wholly returned, of all their orders of the time.
pub(super) async fn revenues(
    connection: &mut PgConnection,
    ask: &Asked,
    currency: Currency,
) -> Result<Vec<i64>, StoreError> {
    let (from, until) = bounds(ask);
    let revenues = sqlx::query_scalar!(
        r#"SELECT sum(net_minor - returned_minor)::bigint AS "revenue!"
           FROM journal_order
           WHERE tenant = $1 AND occurred_at >= coalesce($2::timestamptz, '-infinity')
             AND occurred_at < coalesce($3::timestamptz, 'infinity') AND currency = $4 AND member IS NOT NULL
           GROUP BY member HAVING bool_or(state = 1)"#,
        ask.tenant.uuid(),
        from as _,
        until as _,
        currency.to_string(),
    )
    .fetch_all(connection)
    .await?;
    Ok(revenues)
}
