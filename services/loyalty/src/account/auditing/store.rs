//! The statements behind proving a ledger.

use ::store::StoreError;
use futures::stream::BoxStream;
use jiff::Timestamp;
use kernel::{EntryId, MemberId, Shard, TenantId};
use sqlx::{Connection as _, Postgres, Transaction};
use uuid::Uuid;

pub(super) use sqlx::PgConnection as Connection;

use crate::account::chain::{Line, Link, Seal};
use crate::account::store::wallet;
use crate::account::verifying::{Claimed, Sealed};
use crate::account::wallet::Owner;

/// Some accounts of one tenant in one shard: above the first, up to the second.
#[derive(Clone)]
pub(super) struct Span {
    pub tenant: TenantId,
    pub shard: Shard,
    above: (Uuid, String),
    up_to: (Uuid, String),
}

/// Behind the code of every wallet, as bytes are ordered.
const BEHIND_ALL: &str = "~";

impl Span {
    /// Everybody.
    pub(super) fn all(tenant: TenantId, shard: Shard) -> Self {
        Self { tenant, shard, above: (Uuid::nil(), String::new()), up_to: (Uuid::max(), BEHIND_ALL.to_owned()) }
    }

    /// One member.
    pub(super) fn of(tenant: TenantId, member: MemberId) -> Self {
        let below = Uuid::from_u128(member.uuid().as_u128().saturating_sub(1));
        Self {
            tenant,
            shard: Shard::of_member(member),
            above: (below, BEHIND_ALL.to_owned()),
            up_to: (member.uuid(), BEHIND_ALL.to_owned()),
        }
    }

    /// Those behind an account.
    pub(super) fn above(self, last: Owner) -> Self {
        Self { above: (last.member.uuid(), last.wallet.to_string()), ..self }
    }

    /// Those up to an account, where one is given.
    pub(super) fn up_to(&self, last: Option<Owner>) -> Self {
        let up_to = last.map(|last| (last.member.uuid(), last.wallet.to_string()));
        Self { up_to: up_to.unwrap_or_else(|| self.up_to.clone()), ..self.clone() }
    }
}

/// One look at everything, whatever is written meanwhile.
pub(super) async fn snapshot(connection: &mut Connection) -> Result<Transaction<'_, Postgres>, StoreError> {
    Ok(connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
}

pub(super) struct KeptLine {
    member: Uuid,
    wallet: String,
    number: i64,
    entry: Uuid,
    kind: i16,
    points: i64,
    balance_after: i64,
    cause: String,
    draws: String,
    grounds: String,
    programme_version: i32,
    occurred_us: Option<i64>,
    recorded_us: Option<i64>,
    link: Vec<u8>,
    batch: i64,
}

impl KeptLine {
    /// What it says; none where an instant is none that was ever written.
    pub(super) fn line(&self) -> Option<Line<'_>> {
        Some(Line {
            number: self.number,
            entry: self.entry,
            kind: self.kind,
            points: self.points,
            balance_after: self.balance_after,
            cause: &self.cause,
            draws: &self.draws,
            grounds: &self.grounds,
            programme_version: self.programme_version,
            occurred_us: self.occurred_us?,
            recorded_us: self.recorded_us?,
        })
    }

    pub(super) fn entry(&self) -> (i64, EntryId) {
        (self.number, self.entry.into())
    }

    /// The link kept with it; one that is no digest is not the one that was written.
    pub(super) fn link(&self) -> Link {
        Link::read(&self.link).unwrap_or(Link::FIRST)
    }

    /// Whose it is.
    pub(super) fn owner(&self, tenant: TenantId) -> Result<Owner, StoreError> {
        Ok(Owner { tenant, member: self.member.into(), wallet: wallet(&self.wallet)? })
    }

    pub(super) fn sealed(&self, owner: &Owner) -> Sealed {
        let Owner { tenant, wallet, .. } = *owner;
        Sealed { batch: self.batch, tenant, member: self.member, wallet, number: self.number, link: self.link() }
    }
}

/// All entries of a span, account by account in their order.
pub(super) fn lines<'a>(connection: &'a mut Connection, span: &Span) -> BoxStream<'a, Result<KeptLine, sqlx::Error>> {
    sqlx::query_as!(
        KeptLine,
        r#"SELECT member, wallet, number, entry, kind, points, balance_after, cause, draws::text AS "draws!",
                  grounds::text AS "grounds!", programme_version,
                  CASE WHEN isfinite(occurred_at) THEN (extract(epoch FROM occurred_at) * 1000000)::bigint END
                      AS occurred_us,
                  CASE WHEN isfinite(recorded_at) THEN (extract(epoch FROM recorded_at) * 1000000)::bigint END
                      AS recorded_us,
                  link, batch
           FROM entry
           WHERE tenant = $1 AND shard = $2 AND (member, wallet) > ($3, $4) AND (member, wallet) <= ($5, $6)
           ORDER BY member, wallet, number"#,
        span.tenant.uuid(),
        span.shard.number(),
        span.above.0,
        span.above.1,
        span.up_to.0,
        span.up_to.1,
    )
    .fetch(connection)
}

/// What the first accounts of a span claim.
pub(super) async fn claims(
    connection: &mut Connection,
    span: &Span,
    limit: i64,
) -> Result<Vec<(Owner, Claimed)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT member, wallet, entries, link, spendable, pending, account.held, deficit, lots.usable AS "lots_usable!",
                  lots.waiting AS "lots_waiting!", lots.held AS "lots_held!",
                  (SELECT COALESCE(sum(hold.held), 0)::bigint FROM hold
                   WHERE (hold.tenant, hold.shard, hold.member) = (account.tenant, account.shard, account.member)
                     AND hold.wallet = account.wallet)
                      AS "holds_held!"
           FROM account CROSS JOIN LATERAL (
               SELECT COALESCE(sum(remaining - lot.held) FILTER (WHERE usable_from IS NULL), 0)::bigint AS usable,
                      COALESCE(sum(remaining) FILTER (WHERE usable_from IS NOT NULL), 0)::bigint AS waiting,
                      COALESCE(sum(lot.held), 0)::bigint AS held
               FROM lot
               WHERE (lot.tenant, lot.shard, lot.member) = (account.tenant, account.shard, account.member)
                 AND lot.wallet = account.wallet
           ) AS lots
           WHERE tenant = $1 AND shard = $2 AND (member, wallet) > ($3, $4) AND (member, wallet) <= ($5, $6)
           ORDER BY member, wallet LIMIT $7"#,
        span.tenant.uuid(),
        span.shard.number(),
        span.above.0,
        span.above.1,
        span.up_to.0,
        span.up_to.1,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let claimed = rows.into_iter().map(|row| {
        let owner = Owner { tenant: span.tenant, member: row.member.into(), wallet: wallet(&row.wallet)? };
        let claimed = Claimed {
            entries: row.entries,
            link: Link::read(&row.link).unwrap_or(Link::FIRST),
            spendable: row.spendable,
            pending: row.pending,
            held: row.held,
            deficit: row.deficit,
            lots_usable: row.lots_usable,
            lots_waiting: row.lots_waiting,
            lots_held: row.lots_held,
            holds_held: row.holds_held,
        };
        Ok((owner, claimed))
    });
    claimed.collect()
}

/// Who has accounts or entries: found by jumping from one to the next.
pub(super) async fn tenants(connection: &mut Connection) -> Result<Vec<TenantId>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"WITH RECURSIVE owner (tenant) AS (
               (SELECT tenant FROM account ORDER BY tenant LIMIT 1)
               UNION ALL
               SELECT (SELECT account.tenant FROM account WHERE account.tenant > owner.tenant
                       ORDER BY account.tenant LIMIT 1)
               FROM owner WHERE owner.tenant IS NOT NULL
           ), writer (tenant) AS (
               (SELECT tenant FROM entry ORDER BY tenant LIMIT 1)
               UNION ALL
               SELECT (SELECT entry.tenant FROM entry WHERE entry.tenant > writer.tenant
                       ORDER BY entry.tenant LIMIT 1)
               FROM writer WHERE writer.tenant IS NOT NULL
           )
           SELECT tenant AS "tenant!" FROM (SELECT tenant FROM owner UNION SELECT tenant FROM writer) AS known
           WHERE tenant IS NOT NULL ORDER BY tenant"#
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(TenantId::from).collect())
}

/// The seals of all shards, or of one.
pub(super) async fn seals(connection: &mut Connection, only: Option<Shard>) -> Result<Vec<Seal>, StoreError> {
    let rows = sqlx::query!(
        "SELECT shard, entries, batch, link, recorded_at FROM seal WHERE $1::smallint IS NULL OR shard = $1
         ORDER BY shard",
        only.map(Shard::number),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let shard = Shard::from_number(i64::from(row.shard)).ok_or_else(|| StoreError::unreadable("a shard"))?;
            let link = Link::read(&row.link).ok_or_else(|| StoreError::unreadable("a seal"))?;
            let recorded_at = Timestamp::from(row.recorded_at);
            Ok(Seal { shard, entries: row.entries, batch: row.batch, link, recorded_at })
        })
        .collect()
}
