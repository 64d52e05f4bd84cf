//! The rows of what orders counted for: of all orders with points, and in other wallets of those that earned there.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError, Tx};
use kernel::{Currency, LotId, OrderId, Shard};
use sqlx::PgConnection;
use uuid::Uuid;

use super::loading::{Keys, wallet};
use crate::account::books::Books;
use crate::account::desk::Whose;
use crate::account::holdings::{Holdings, Purchase};
use crate::account::wallet::Owner;

struct Row {
    tenant: Uuid,
    member: Uuid,
    wallet: String,
    purchase: Uuid,
    currency: String,
    net_minor: i64,
    returned_minor: i64,
    earned: i64,
    reversed: i64,
    lot: Option<Uuid>,
    occurred_at: SqlTimestamp,
}

impl Row {
    fn put(self, books: &mut Books) -> Result<(), StoreError> {
        let owner = Owner { tenant: self.tenant.into(), member: self.member.into(), wallet: wallet(&self.wallet)? };
        let Some(holdings) = books.get_mut(&owner) else { return Ok(()) };
        let order = OrderId::from(self.purchase);
        let purchase = Purchase {
            order,
            currency: Currency::parse(&self.currency).map_err(StoreError::unreadable)?,
            net_minor: self.net_minor,
            returned_minor: self.returned_minor,
            earned: self.earned,
            reversed: self.reversed,
            lot: self.lot.map(LotId::from),
            occurred_at: self.occurred_at.into(),
            touched: false,
        };
        holdings.purchases.insert(order, purchase);
        Ok(())
    }
}

/// Reads what all orders of some members counted for.
pub(super) async fn of_points(
    connection: &mut PgConnection,
    full: &BTreeSet<Whose>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let known = |(tenant, member): &&Whose| books.contains_key(&Owner::of_points(*tenant, *member));
    let keys = Keys::of(full.iter().filter(known));
    if keys.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT purchase.tenant, purchase.member, '' AS "wallet!", purchase, currency, net_minor, returned_minor,
                  earned, reversed, lot, occurred_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM purchase
               WHERE (purchase.tenant, purchase.shard, purchase.member)
                   = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS purchase"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().try_for_each(|row| row.put(books))
}

/// Reads what orders of some members earned in other wallets, of those who have any.
pub(super) async fn of_wallets(
    connection: &mut PgConnection,
    full: &BTreeSet<Whose>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let others = books.keys().filter(|owner| !owner.wallet.is_points()).map(Owner::whose);
    let whose: BTreeSet<Whose> = others.filter(|whose| full.contains(whose)).collect();
    if whose.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(&whose);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT purchase.tenant, purchase.member, purchase.wallet, purchase, currency, net_minor, returned_minor,
                  earned, reversed, lot, occurred_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM wallet_purchase AS purchase
               WHERE (purchase.tenant, purchase.shard, purchase.member)
                   = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS purchase"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().try_for_each(|row| row.put(books))
}

/// Purchases as columns.
#[derive(Default)]
struct Columns<'a> {
    tenants: Vec<Uuid>,
    shards: Vec<i16>,
    members: Vec<Uuid>,
    wallets: Vec<&'a str>,
    orders: Vec<Uuid>,
    currencies: Vec<String>,
    net: Vec<i64>,
    returned: Vec<i64>,
    earned: Vec<i64>,
    reversed: Vec<i64>,
    lots: Vec<Option<Uuid>>,
    occurred: Vec<SqlTimestamp>,
}

impl<'a> Columns<'a> {
    fn of(rows: &[&(&'a Owner, &'a Purchase)]) -> Self {
        let mut columns = Self::default();
        for (owner, row) in rows.iter().copied() {
            columns.tenants.push(owner.tenant.uuid());
            columns.shards.push(Shard::of_member(owner.member).number());
            columns.members.push(owner.member.uuid());
            columns.wallets.push(owner.wallet.as_str());
            columns.orders.push(row.order.uuid());
            columns.currencies.push(row.currency.to_string());
            columns.net.push(row.net_minor);
            columns.returned.push(row.returned_minor);
            columns.earned.push(row.earned);
            columns.reversed.push(row.reversed);
            columns.lots.push(row.lot.map(|lot| lot.uuid()));
            columns.occurred.push(row.occurred_at.into());
        }
        columns
    }
}

/// Writes those that changed.
pub(super) async fn write(tx: &mut Tx, changed: &[(&Owner, &Holdings)]) -> Result<(), StoreError> {
    let rows: Vec<(&Owner, &Purchase)> = changed
        .iter()
        .flat_map(|(owner, holdings)| {
            holdings.purchases.values().filter(|purchase| purchase.touched).map(move |purchase| (*owner, purchase))
        })
        .collect();
    let (points, others): (Vec<_>, Vec<_>) = rows.iter().partition(|(owner, _)| owner.wallet.is_points());
    if !points.is_empty() {
        write_of_points(tx, Columns::of(&points)).await?;
    }
    if !others.is_empty() {
        write_of_wallets(tx, Columns::of(&others)).await?;
    }
    Ok(())
}

async fn write_of_points(tx: &mut Tx, rows: Columns<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO purchase (tenant, shard, member, purchase, currency, net_minor, returned_minor, earned, reversed,
             lot, occurred_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::text[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::bigint[]), unnest($10::uuid[]), unnest($11::timestamptz[])
         ON CONFLICT (tenant, shard, member, purchase)
         DO UPDATE SET returned_minor = excluded.returned_minor, reversed = excluded.reversed",
        &rows.tenants,
        &rows.shards,
        &rows.members,
        &rows.orders,
        &rows.currencies,
        &rows.net,
        &rows.returned,
        &rows.earned,
        &rows.reversed,
        &rows.lots as &[Option<Uuid>],
        &rows.occurred as &[SqlTimestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_of_wallets(tx: &mut Tx, rows: Columns<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO wallet_purchase (tenant, shard, member, wallet, purchase, currency, net_minor, returned_minor,
             earned, reversed, lot, occurred_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]),
                unnest($5::uuid[]), unnest($6::text[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::uuid[]), unnest($12::timestamptz[])
         ON CONFLICT (tenant, shard, member, wallet, purchase)
         DO UPDATE SET returned_minor = excluded.returned_minor, reversed = excluded.reversed",
        &rows.tenants,
        &rows.shards,
        &rows.members,
        &rows.wallets as &[&str],
        &rows.orders,
        &rows.currencies,
        &rows.net,
        &rows.returned,
        &rows.earned,
        &rows.reversed,
        &rows.lots as &[Option<Uuid>],
        &rows.occurred as &[SqlTimestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
