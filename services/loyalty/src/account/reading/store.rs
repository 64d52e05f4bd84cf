//! The statements behind looking at accounts.

use std::collections::{BTreeMap, HashMap};

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, EntryId, LotId, MemberId, Money, Shard, TenantId};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::past::PastEntry;
use super::{Bought, EntryView, Held, Overview};
use crate::account::holdings::{Draw, Totals};
use crate::account::store::{read_entry_kind, wallet};
use crate::account::wallet::{Owner, WalletCode};

pub(super) async fn past_entries(
    connection: &mut PgConnection,
    owner: &Owner,
    known: Timestamp,
    happened: Timestamp,
) -> Result<Vec<PastEntry>, StoreError> {
    let rows = sqlx::query!(
        "SELECT points, draws FROM entry
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND wallet = $6 AND recorded_at <= $4 AND occurred_at <= $5",
        owner.tenant.uuid(),
        Shard::of_member(owner.member).number(),
        owner.member.uuid(),
        SqlTimestamp::from(known) as SqlTimestamp,
        SqlTimestamp::from(happened) as SqlTimestamp,
        owner.wallet.as_str(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let draws = serde_json::from_value(row.draws).map_err(StoreError::unreadable)?;
            Ok(PastEntry { points: row.points, draws })
        })
        .collect()
}

/// The lots that nothing could be spent of at a moment, with what a hold keeps of them from lapsing.
pub(super) async fn lapsed_lots(
    connection: &mut PgConnection,
    owner: &Owner,
    (known, happened): (Timestamp, Timestamp),
    moment: Timestamp,
) -> Result<HashMap<LotId, i64>, StoreError> {
    let lots = sqlx::query!(
        "SELECT lot, held FROM lot
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND wallet = $5 AND lapses_at <= $4",
        owner.tenant.uuid(),
        Shard::of_member(owner.member).number(),
        owner.member.uuid(),
        SqlTimestamp::from(moment) as SqlTimestamp,
        owner.wallet.as_str(),
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut held: HashMap<LotId, i64> = lots.into_iter().map(|row| (LotId::from(row.lot), row.held)).collect();
    // Whatever was drawn later from a lot that had lapsed was held of it then.
    let later = sqlx::query_scalar!(
        "SELECT draws FROM entry
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND wallet = $6 AND kind = 3
           AND (recorded_at > $4 OR occurred_at > $5)",
        owner.tenant.uuid(),
        Shard::of_member(owner.member).number(),
        owner.member.uuid(),
        SqlTimestamp::from(known) as SqlTimestamp,
        SqlTimestamp::from(happened) as SqlTimestamp,
        owner.wallet.as_str(),
    )
    .fetch_all(connection)
    .await?;
    for draws in later {
        let draws: Vec<Draw> = serde_json::from_value(draws).map_err(StoreError::unreadable)?;
        for draw in draws {
            if let Some(held) = held.get_mut(&draw.lot) {
                *held = held.saturating_sub(draw.points);
            }
        }
    }
    Ok(held)
}

struct EntryRow {
    wallet: String,
    entry: Uuid,
    number: i64,
    kind: i16,
    points: i64,
    balance_after: i64,
    cause: String,
    draws: serde_json::Value,
    grounds: serde_json::Value,
    occurred_at: SqlTimestamp,
    recorded_at: SqlTimestamp,
}

impl EntryRow {
    fn view(self) -> Result<EntryView, StoreError> {
        Ok(EntryView {
            id: self.entry.into(),
            wallet: wallet(&self.wallet)?,
            number: self.number,
            kind: read_entry_kind(self.kind)?,
            points: self.points,
            balance_after: self.balance_after,
            cause: self.cause,
            draws: serde_json::from_value(self.draws).map_err(StoreError::unreadable)?,
            grounds: serde_json::from_value(self.grounds).map_err(StoreError::unreadable)?,
            occurred_at: self.occurred_at.into(),
            recorded_at: self.recorded_at.into(),
        })
    }
}

pub(super) async fn entries(
    connection: &mut PgConnection,
    owner: &Owner,
    before: i64,
    limit: i64,
) -> Result<Vec<EntryView>, StoreError> {
    let rows = sqlx::query_as!(
        EntryRow,
        "SELECT wallet, entry, number, kind, points, balance_after, cause, draws, grounds, occurred_at, recorded_at
         FROM entry
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND wallet = $6 AND number < $4
         ORDER BY number DESC LIMIT $5",
        owner.tenant.uuid(),
        Shard::of_member(owner.member).number(),
        owner.member.uuid(),
        before,
        limit,
        owner.wallet.as_str(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(EntryRow::view).collect()
}

pub(super) async fn entry(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: Option<MemberId>,
    entry: EntryId,
) -> Result<Option<EntryView>, StoreError> {
    let row = match (member, entry.place()) {
        (Some(member), Some((_, number))) => numbered(connection, tenant, member, number, entry).await?,
        (member, place) => {
            let shard = member.map(Shard::of_member).or(place.map(|(shard, _)| shard));
            let shards: Vec<i16> = shard
                .map_or_else(|| Shard::all().collect(), |shard| vec![shard])
                .into_iter()
                .map(Shard::number)
                .collect();
            looked_for(connection, tenant, &shards, (member, place.map(|(_, number)| number)), entry).await?
        }
    };
    row.map(EntryRow::view).transpose()
}

async fn numbered(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    number: i64,
    entry: EntryId,
) -> Result<Option<EntryRow>, StoreError> {
    Ok(sqlx::query_as!(
        EntryRow,
        "SELECT wallet, entry, number, kind, points, balance_after, cause, draws, grounds, occurred_at, recorded_at
         FROM entry
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND number = $4 AND entry = $5
           AND wallet = ANY (SELECT wallet FROM account WHERE tenant = $1 AND shard = $2 AND member = $3)",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        number,
        entry.uuid(),
    )
    .fetch_optional(connection)
    .await?)
}

/// Without its member an entry is looked for among those of its shard that have its number. An id of an older build says
/// neither shard nor number, so its member's statement is looked through, or everybody's.
async fn looked_for(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[i16],
    (member, number): (Option<MemberId>, Option<i64>),
    entry: EntryId,
) -> Result<Option<EntryRow>, StoreError> {
    Ok(sqlx::query_as!(
        EntryRow,
        "SELECT wallet, entry, number, kind, points, balance_after, cause, draws, grounds, occurred_at, recorded_at
         FROM entry
         WHERE tenant = $1 AND shard = ANY ($2) AND entry = $3
           AND ($4::uuid IS NULL OR member = $4) AND ($5::bigint IS NULL OR number = $5)",
        tenant.uuid(),
        shards,
        entry.uuid(),
        member.map(MemberId::uuid),
        number,
    )
    .fetch_optional(connection)
    .await?)
}

/// Everything as it stood at one instant, for statements whose answers must agree.
pub(super) type Snapshot<'a> = Transaction<'a, Postgres>;

/// Begins to look. Nothing is written, so it may be dropped.
pub(super) async fn snapshot(connection: &mut PgConnection) -> Result<Snapshot<'_>, StoreError> {
    Ok(connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
}

pub(super) async fn overview(
    connection: &mut PgConnection,
    tenant: TenantId,
    wallet: WalletCode,
    (zone, now): (&str, Timestamp),
) -> Result<Overview, StoreError> {
    let sums = sqlx::query!(
        r#"SELECT count(*) AS "accounts!", coalesce(sum(entries), 0)::bigint AS "entries!",
                  coalesce(sum(spendable), 0)::bigint AS "outstanding!", coalesce(sum(deficit), 0)::bigint AS "deficit!",
                  coalesce(sum(pending), 0)::bigint AS "pending!", coalesce(sum(held), 0)::bigint AS "held!",
                  coalesce(sum(earned), 0)::bigint AS "earned!", coalesce(sum(redeemed), 0)::bigint AS "redeemed!",
                  coalesce(sum(earn_reversed), 0)::bigint AS "earn_reversed!",
                  coalesce(sum(redemption_reversed), 0)::bigint AS "redemption_reversed!",
                  coalesce(sum(lapsed), 0)::bigint AS "lapsed!", coalesce(sum(adjusted), 0)::bigint AS "adjusted!",
                  coalesce(sum(transferred), 0)::bigint AS "transferred!"
           FROM account WHERE tenant = $1 AND wallet = $2"#,
        tenant.uuid(),
        wallet.as_str(),
    )
    .fetch_one(&mut *connection)
    .await?;
    let lapse_months = lapse_months(connection, tenant, wallet, (zone, now)).await?;
    // What has lapsed is gone, and what has waited can be spent, whether or not the clockwork has written it yet. It writes
    // one entry for each instant at which lots of a member lapse.
    let due = sqlx::query!(
        r#"SELECT coalesce(sum(remaining - held) FILTER (WHERE lapses_at <= $2), 0)::bigint AS "points!",
                  count(DISTINCT (shard, member, lapses_at)) FILTER (WHERE lapses_at <= $2) AS "entries!",
                  coalesce(sum(remaining) FILTER (WHERE usable_from <= $2), 0)::bigint AS "activated!",
                  (SELECT coalesce(sum(held), 0)::bigint FROM hold
                   WHERE tenant = $1 AND wallet = $3 AND held > 0 AND expires_at <= $2) AS "let_go!"
           FROM lot WHERE tenant = $1 AND wallet = $3 AND remaining > held AND (lapses_at <= $2 OR usable_from <= $2)"#,
        tenant.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
        wallet.as_str(),
    )
    .fetch_one(connection)
    .await?;
    let usable = due.activated.saturating_add(due.let_go);
    Ok(Overview {
        tiers: Vec::new(),
        lapse_months,
        totals: Totals {
            earned: sums.earned,
            earn_reversed: sums.earn_reversed,
            redeemed: sums.redeemed,
            redemption_reversed: sums.redemption_reversed,
            lapsed: sums.lapsed.saturating_add(due.points),
            adjusted: sums.adjusted,
            transferred: sums.transferred,
        },
        outstanding: sums.outstanding.saturating_add(usable).saturating_sub(due.points),
        held: sums.held.saturating_sub(due.let_go),
        pending: sums.pending.saturating_sub(due.activated),
        deficit: sums.deficit,
        accounts: sums.accounts,
        entries: sums.entries.saturating_add(due.entries),
        spend: Vec::new(),
    })
}

/// What is outstanding by the month it lapses in; none for never.
async fn lapse_months(
    connection: &mut PgConnection,
    tenant: TenantId,
    wallet: WalletCode,
    (zone, now): (&str, Timestamp),
) -> Result<Vec<(Option<String>, i64, i64)>, StoreError> {
    // A lot lapses at the start of the day after its last: the month is that of the last day.
    let months = sqlx::query!(
        r#"SELECT to_char((lapses_at - interval '1 microsecond') AT TIME ZONE $2, 'YYYY-MM') AS month,
                  sum(remaining)::bigint AS "points!", count(*) AS "lots!"
           FROM lot WHERE tenant = $1 AND wallet = $4 AND remaining > 0 AND (lapses_at > $3 OR lapses_at IS NULL)
           GROUP BY 1 ORDER BY 1 NULLS LAST"#,
        tenant.uuid(),
        zone,
        SqlTimestamp::from(now) as SqlTimestamp,
        wallet.as_str(),
    )
    .fetch_all(connection)
    .await?;
    Ok(months.into_iter().map(|row| (row.month, row.points, row.lots)).collect())
}

/// A review that is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReviewDue {
    pub(super) member: MemberId,
    review_at: Timestamp,
}

/// How many reviews are looked through at once: this bounds what is held in memory.
const REVIEWS: i64 = 200;

/// The reviews that are due behind a place, the longest due first.
pub(super) async fn reviews_due(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
    after: Option<ReviewDue>,
) -> Result<Vec<ReviewDue>, StoreError> {
    let (review_at, shard, member) = match after {
        Some(last) => (Some(last.review_at), Shard::of_member(last.member).number(), last.member.uuid()),
        None => (None, 0, Uuid::nil()),
    };
    let rows = sqlx::query!(
        r#"SELECT member, review_at AS "review_at!" FROM account
           WHERE tenant = $1 AND review_at <= $2
             AND (review_at, shard, member) > (coalesce($3::timestamptz, '-infinity'), $4, $5)
           ORDER BY review_at, shard, member LIMIT $6"#,
        tenant.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
        review_at.map(SqlTimestamp::from) as Option<SqlTimestamp>,
        shard,
        member,
        REVIEWS,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| ReviewDue { member: row.member.into(), review_at: row.review_at.into() }).collect())
}

/// How many members stand where on a ladder, as written.
pub(super) async fn tiers(
    connection: &mut PgConnection,
    tenant: TenantId,
    ladder: &str,
) -> Result<BTreeMap<Held, i64>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT tier, coalesce(assigned, '') AS "assigned!", count(*) AS "members!" FROM standing
           WHERE tenant = $1 AND ladder = $2 GROUP BY 1, 2"#,
        tenant.uuid(),
        ladder,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (Held { tier: row.tier, assigned: row.assigned }, row.members)).collect())
}

pub(super) async fn spend(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<Money>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT currency, sum(net_minor - returned_minor)::bigint AS "minor!" FROM purchase
           WHERE tenant = $1 GROUP BY currency ORDER BY currency"#,
        tenant.uuid(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = Currency::parse(&row.currency).map_err(StoreError::unreadable)?;
            Ok(Money { currency, minor: row.minor })
        })
        .collect()
}

/// How members have bought since a moment. Orders of which nothing was kept are none.
pub(super) async fn habits(
    connection: &mut PgConnection,
    tenant: TenantId,
    currency: Currency,
    since: Timestamp,
    at_least_minor: i64,
) -> Result<Bought, StoreError> {
    let row = sqlx::query!(
        "SELECT coalesce(sum(orders), 0)::bigint AS \"orders!\", coalesce(sum(meet), 0)::bigint AS \"meet!\",
                coalesce(sum(orders - 1), 0)::bigint AS \"gaps!\", coalesce(sum(span), 0)::bigint AS \"span!\"
         FROM (
             SELECT count(*) AS orders, count(*) FILTER (WHERE net_minor >= $4) AS meet,
                    extract(epoch FROM max(occurred_at) - min(occurred_at))::bigint AS span
             FROM purchase
             WHERE tenant = $1 AND currency = $2 AND occurred_at > $3 AND returned_minor < net_minor
             GROUP BY shard, member
         ) AS bought",
        tenant.uuid(),
        currency.to_string(),
        SqlTimestamp::from(since) as SqlTimestamp,
        at_least_minor,
    )
    .fetch_one(connection)
    .await?;
    Ok(Bought { orders: row.orders, meet: row.meet, gaps: row.gaps, gap_seconds: row.span })
}
