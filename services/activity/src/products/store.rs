//! The table of products.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use kernel::{Shard, TenantId};
use sqlx::PgConnection;
use store::StoreError;

use super::Product;

/// How many of these are there already.
pub(super) async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    products: &[Product],
) -> Result<i32, StoreError> {
    let (shards, codes) = keys(tenant, products.iter().map(|product| product.code.as_str()));
    let there = sqlx::query_scalar!(
        r#"SELECT count(*)::integer AS "count!"
           FROM unnest($2::smallint[], $3::text[]) AS asked (shard, code)
           CROSS JOIN LATERAL (
               SELECT FROM product AS p
               WHERE p.tenant = $1 AND p.shard = asked.shard AND p.code = asked.code OFFSET 0
           ) AS found"#,
        tenant.uuid(),
        &shards,
        &codes as &[&str],
    )
    .fetch_one(connection)
    .await?;
    Ok(there)
}

pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: TenantId,
    products: &[Product],
    updated_at: Timestamp,
) -> Result<(), StoreError> {
    let (shards, codes) = keys(tenant, products.iter().map(|product| product.code.as_str()));
    let names: Vec<&str> = products.iter().map(|product| product.display_name.as_str()).collect();
    let categories: Vec<&str> = products.iter().map(|product| product.category.as_str()).collect();
    let costs: Vec<&str> = products.iter().map(|product| product.unit_cost.as_str()).collect();
    sqlx::query!(
        "INSERT INTO product (tenant, shard, code, display_name, category, unit_cost, updated_at)
         SELECT $1, asked.shard, asked.code, asked.display_name, asked.category, asked.unit_cost, $7
         FROM unnest($2::smallint[], $3::text[], $4::text[], $5::text[], $6::text[])
              AS asked (shard, code, display_name, category, unit_cost)
         ON CONFLICT (tenant, shard, code) DO UPDATE
         SET display_name = excluded.display_name, category = excluded.category, unit_cost = excluded.unit_cost,
             updated_at = excluded.updated_at",
        tenant.uuid(),
        &shards,
        &codes as &[&str],
        &names as &[&str],
        &categories as &[&str],
        &costs as &[&str],
        updated_at.to_sqlx() as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn read(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &str,
) -> Result<Option<Product>, StoreError> {
    let row = sqlx::query!(
        "SELECT display_name, category, unit_cost, updated_at FROM product
         WHERE tenant = $1 AND shard = $2 AND code = $3",
        tenant.uuid(),
        Shard::of_text(tenant, &[code]).number(),
        code,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Product {
        code: code.to_owned(),
        display_name: row.display_name,
        category: row.category,
        unit_cost: row.unit_cost,
        updated_at: row.updated_at.to_jiff(),
    }))
}

pub(super) async fn categories(
    connection: &mut PgConnection,
    tenant: TenantId,
    asked: &BTreeSet<&str>,
) -> Result<HashMap<String, String>, StoreError> {
    let (shards, codes) = keys(tenant, asked.iter().copied());
    let rows = sqlx::query!(
        "SELECT found.code, found.category
         FROM unnest($2::smallint[], $3::text[]) AS asked (shard, code)
         CROSS JOIN LATERAL (
             SELECT p.code, p.category FROM product AS p
             WHERE p.tenant = $1 AND p.shard = asked.shard AND p.code = asked.code AND p.category <> '' OFFSET 0
         ) AS found",
        tenant.uuid(),
        &shards,
        &codes as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.code, row.category)).collect())
}

fn keys<'a>(tenant: TenantId, codes: impl Iterator<Item = &'a str>) -> (Vec<i16>, Vec<&'a str>) {
    codes.map(|code| (Shard::of_text(tenant, &[code]).number(), code)).unzip()
}
