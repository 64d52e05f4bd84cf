//! The rows of names. Each lies in the shard of its own text.

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use store::{Reading, SqlTimestamp, StoreError, Tx};
use uuid::Uuid;

use super::Name;

/// Who is known by a name.
pub(in crate::members) async fn holder(
    reading: &mut Reading,
    tenant: TenantId,
    name: &Name,
) -> Result<Option<MemberId>, StoreError> {
    let holder = sqlx::query_scalar!(
        "SELECT member FROM identity WHERE tenant = $1 AND shard = $2 AND kind = $3 AND issuer = $4 AND value = $5",
        tenant.uuid(),
        name.shard(tenant).number(),
        name.kind.word(),
        name.issuer,
        name.value,
    )
    .fetch_optional(reading.connection())
    .await?;
    Ok(holder.map(MemberId::from))
}

/// Columns of names, for one statement about many.
struct Names<'a> {
    shards: Vec<i16>,
    kinds: Vec<&'a str>,
    issuers: Vec<&'a str>,
    values: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(tenant: TenantId, names: impl Iterator<Item = &'a Name> + Clone) -> Self {
        Self {
            shards: names.clone().map(|name| name.shard(tenant).number()).collect(),
            kinds: names.clone().map(|name| name.kind.word()).collect(),
            issuers: names.clone().map(|name| name.issuer.as_str()).collect(),
            values: names.map(|name| name.value.as_str()).collect(),
        }
    }
}

/// Who is known by these names, inside a transaction that holds their shards.
pub(in crate::members) async fn holders(
    tx: &mut Tx,
    tenant: TenantId,
    names: &[&Name],
) -> Result<HashMap<Name, MemberId>, StoreError> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let columns = Names::of(tenant, names.iter().copied());
    let rows = sqlx::query!(
        r#"SELECT asked.place AS "place!", found.member
           FROM unnest($2::smallint[], $3::text[], $4::text[], $5::text[])
                WITH ORDINALITY AS asked (shard, kind, issuer, value, place)
           CROSS JOIN LATERAL (
               SELECT i.member FROM identity AS i
               WHERE i.tenant = $1 AND i.shard = asked.shard AND i.kind = asked.kind AND i.issuer = asked.issuer
                 AND i.value = asked.value OFFSET 0
           ) AS found"#,
        tenant.uuid(),
        &columns.shards,
        &columns.kinds as _,
        &columns.issuers as _,
        &columns.values as _,
    )
    .fetch_all(tx.connection())
    .await?;
    let named = rows.into_iter().filter_map(|row| {
        let place = usize::try_from(row.place).ok()?.checked_sub(1)?;
        Some(((*names.get(place)?).clone(), MemberId::from(row.member)))
    });
    Ok(named.collect())
}

/// Writes names down for the members who are known by them.
pub(in crate::members) async fn add_names(
    tx: &mut Tx,
    tenant: TenantId,
    names: &[(MemberId, &Name)],
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    let columns = Names::of(tenant, names.iter().map(|(_, name)| *name));
    let members: Vec<Uuid> = names.iter().map(|(member, _)| member.uuid()).collect();
    sqlx::query!(
        "INSERT INTO identity (tenant, shard, kind, issuer, value, member, recorded_at)
         SELECT $1, unnest($2::smallint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),
                unnest($6::uuid[]), $7",
        tenant.uuid(),
        &columns.shards,
        &columns.kinds as _,
        &columns.issuers as _,
        &columns.values as _,
        &members,
        SqlTimestamp::from(recorded_at) as _,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Frees a name.
pub(in crate::members) async fn remove_name(tx: &mut Tx, tenant: TenantId, name: &Name) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM identity WHERE tenant = $1 AND shard = $2 AND kind = $3 AND issuer = $4 AND value = $5",
        tenant.uuid(),
        name.shard(tenant).number(),
        name.kind.word(),
        name.issuer,
        name.value,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
