//! Reading everything known of some members.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId, TenantId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Keys, read_group, read_lifecycle};
use crate::members::Labels;
use crate::members::desk::{People, Whose};
use crate::members::evaluation::Standing;
use crate::members::person::Person;
use crate::members::purchase::{Purchase, Return};

/// What is stored of a member beside their purchases.
pub(in crate::members) struct Known {
    pub(in crate::members) tenant: Uuid,
    pub(in crate::members) member: Uuid,
    pub(in crate::members) joined_at: Option<SqlTimestamp>,
    pub(in crate::members) rfm_group: i16,
    pub(in crate::members) group_since: Option<SqlTimestamp>,
    pub(in crate::members) lifecycle: i16,
    pub(in crate::members) lifecycle_since: Option<SqlTimestamp>,
    pub(in crate::members) labels: i16,
    pub(in crate::members) snapshot: i64,
    pub(in crate::members) changes: i64,
    pub(in crate::members) settled_until: Option<SqlTimestamp>,
    pub(in crate::members) history_until: Option<SqlTimestamp>,
}

/// Some members with all their purchases.
pub(in crate::members) async fn load(
    connection: &mut PgConnection,
    all: &BTreeSet<Whose>,
) -> Result<People, StoreError> {
    let mut people = known(connection, all).await?;
    purchases(connection, all, &mut people).await?;
    returns(connection, all, &mut people).await?;
    Ok(people)
}

/// Some members, without their purchases.
pub(in crate::members) async fn known(
    connection: &mut PgConnection,
    all: &BTreeSet<Whose>,
) -> Result<People, StoreError> {
    let keys = Keys::of(all);
    let rows = sqlx::query_as!(
        Known,
        r#"SELECT person.tenant, person.member, joined_at, rfm_group, group_since, lifecycle, lifecycle_since, labels,
                  snapshot, changes, settled_until, history_until
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM person
               WHERE (person.tenant, person.shard, person.member) = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS person"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let whose = (TenantId::from(row.tenant), MemberId::from(row.member));
            Ok((whose, read_person(&row)?))
        })
        .collect()
}

/// A member as stored.
pub(in crate::members) fn read_person(row: &Known) -> Result<Person, StoreError> {
    let instant = |moment: Option<SqlTimestamp>| moment.map(Timestamp::from);
    Ok(Person {
        joined_at: instant(row.joined_at),
        standing: Standing {
            group: read_group(row.rfm_group)?,
            lifecycle: read_lifecycle(row.lifecycle)?,
            labels: Labels(u8::try_from(row.labels).map_err(StoreError::unreadable)?),
        },
        group_since: instant(row.group_since),
        lifecycle_since: instant(row.lifecycle_since),
        snapshot: row.snapshot,
        changes: row.changes,
        settled_until: instant(row.settled_until),
        history_until: instant(row.history_until),
        ..Person::new(row.member.into())
    })
}

/// A purchase as stored, without what came back of it.
pub(in crate::members) fn read_purchase(
    purchase: Uuid,
    occurred_at: SqlTimestamp,
    currency: &str,
    (net_minor, cost_minor): (i64, Option<i64>),
    channel: String,
    categories: Value,
) -> Result<Purchase, StoreError> {
    Ok(Purchase {
        order: OrderId::from(purchase),
        occurred_at: occurred_at.into(),
        currency: Currency::parse(currency).map_err(StoreError::unreadable)?,
        net_minor,
        cost_minor,
        channel,
        categories: serde_json::from_value(categories).map_err(StoreError::unreadable)?,
        returns: Vec::new(),
    })
}

async fn purchases(
    connection: &mut PgConnection,
    all: &BTreeSet<Whose>,
    people: &mut People,
) -> Result<(), StoreError> {
    let keys = Keys::of(all);
    let rows = sqlx::query!(
        r#"SELECT p.tenant, p.member, p.purchase, p.occurred_at, p.currency, p.net_minor, p.cost_minor, p.channel,
                  p.categories
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM purchase AS p
               WHERE (p.tenant, p.shard, p.member) = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS p
           ORDER BY p.occurred_at, p.purchase"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let money = (row.net_minor, row.cost_minor);
        let bought = read_purchase(row.purchase, row.occurred_at, &row.currency, money, row.channel, row.categories)?;
        if let Some(person) = people.get_mut(&(row.tenant.into(), row.member.into())) {
            person.purchases.push(bought);
        }
    }
    Ok(())
}

async fn returns(connection: &mut PgConnection, all: &BTreeSet<Whose>, people: &mut People) -> Result<(), StoreError> {
    let keys = Keys::of(all);
    let rows = sqlx::query!(
        r#"SELECT r.tenant, r.member, r.purchase, r.cause, r.occurred_at, r.net_minor, r.cost_minor, r.whole
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM purchase_return AS r
               WHERE (r.tenant, r.shard, r.member) = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS r
           ORDER BY r.occurred_at, r.cause"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let Some(person) = people.get_mut(&(row.tenant.into(), row.member.into())) else { continue };
        let order = OrderId::from(row.purchase);
        if let Some(bought) = person.purchases.iter_mut().find(|bought| bought.order == order) {
            bought.returns.push(Return {
                cause: row.cause,
                occurred_at: row.occurred_at.into(),
                net_minor: row.net_minor,
                cost_minor: row.cost_minor,
                whole: row.whole,
            });
        }
    }
    Ok(())
}
