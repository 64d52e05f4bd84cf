//! All members of a tenant with their purchases, one after the other.

use ::store::{SqlTimestamp, StoreError};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::read_purchase;
use crate::members::purchase::{Purchase, Return};

/// A member as they pass by.
#[derive(Debug)]
pub(in crate::members) struct Passing {
    pub(in crate::members) member: MemberId,
    pub(in crate::members) joined_at: Option<Timestamp>,
    pub(in crate::members) purchases: Vec<Purchase>,
}

impl Passing {
    /// Whether anything was known of them at a moment.
    pub(in crate::members) fn is_known_at(&self, moment: Timestamp) -> bool {
        let bought = self.purchases.iter().any(|one| one.occurred_at <= moment);
        bought || self.joined_at.is_some_and(|joined| joined <= moment)
    }
}

struct Row {
    member: Uuid,
    joined_at: Option<SqlTimestamp>,
    purchase: Option<Uuid>,
    occurred_at: Option<SqlTimestamp>,
    currency: Option<String>,
    net_minor: Option<i64>,
    cost_minor: Option<i64>,
    channel: Option<String>,
    categories: Option<Value>,
    cause: Option<String>,
    returned_at: Option<SqlTimestamp>,
    back_minor: Option<i64>,
    back_cost: Option<i64>,
    whole: Option<bool>,
}

/// Everything as it stood at one instant, for statements whose answers must agree.
pub(in crate::members) type Still<'a> = Transaction<'a, Postgres>;

/// Begins to look. Nothing is written, so it may be dropped.
pub(in crate::members) async fn stand_still(connection: &mut PgConnection) -> Result<Still<'_>, StoreError> {
    Ok(connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
}

/// Shows every member of a tenant, by shard and id. One member at a time is held in memory.
pub(in crate::members) async fn each_member(
    connection: &mut PgConnection,
    tenant: TenantId,
    mut show: impl FnMut(&Passing) + Send,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query_as!(
        Row,
        r#"SELECT person.member, person.joined_at, p.purchase AS "purchase?", p.occurred_at AS "occurred_at?",
                  p.currency AS "currency?", p.net_minor AS "net_minor?", p.cost_minor, p.channel AS "channel?",
                  p.categories AS "categories?", r.cause AS "cause?", r.occurred_at AS "returned_at?",
                  r.net_minor AS "back_minor?", r.cost_minor AS back_cost, r.whole AS "whole?"
           FROM person
           LEFT JOIN LATERAL (
               SELECT * FROM purchase
               WHERE (purchase.tenant, purchase.shard, purchase.member) = (person.tenant, person.shard, person.member)
               OFFSET 0
           ) AS p ON true
           LEFT JOIN LATERAL (
               SELECT * FROM purchase_return AS back
               WHERE (back.tenant, back.shard, back.member, back.purchase) = (p.tenant, p.shard, p.member, p.purchase)
               OFFSET 0
           ) AS r ON true
           WHERE person.tenant = $1
           ORDER BY person.shard, person.member, p.purchase, r.cause"#,
        tenant.uuid(),
    )
    .fetch(connection);
    let mut passing: Option<Passing> = None;
    while let Some(row) = rows.try_next().await? {
        let member = MemberId::from(row.member);
        if passing.as_ref().is_none_or(|known| known.member != member) {
            let joined_at = row.joined_at.map(Timestamp::from);
            let before = passing.replace(Passing { member, joined_at, purchases: Vec::new() });
            before.iter().for_each(&mut show);
        }
        if let Some(passing) = passing.as_mut() {
            add(&mut passing.purchases, row)?;
        }
    }
    passing.iter().for_each(show);
    Ok(())
}

/// Adds a row to the purchases of its member: a purchase, or another return of the last one.
fn add(purchases: &mut Vec<Purchase>, row: Row) -> Result<(), StoreError> {
    let (Some(purchase), Some(at), Some(currency), Some(net), Some(channel), Some(categories)) =
        (row.purchase, row.occurred_at, row.currency, row.net_minor, row.channel, row.categories)
    else {
        return Ok(());
    };
    if purchases.last().is_none_or(|last| last.order.uuid() != purchase) {
        purchases.push(read_purchase(purchase, at, &currency, (net, row.cost_minor), channel, categories)?);
    }
    if let (Some(bought), Some(cause), Some(returned_at)) = (purchases.last_mut(), row.cause, row.returned_at) {
        bought.returns.push(Return {
            cause,
            occurred_at: returned_at.into(),
            net_minor: row.back_minor.unwrap_or(0),
            cost_minor: row.back_cost,
            whole: row.whole.unwrap_or(false),
        });
    }
    Ok(())
}
