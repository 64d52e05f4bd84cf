//! The rows of what orders and occasions earned by rules that count. Either has its id in the column of purchases.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError, Tx};
use kernel::Shard;
use sqlx::PgConnection;
use uuid::Uuid;

use super::RuleUse;
use crate::account::books::Books;
use crate::account::desk::Whose;
use crate::account::store::wallet;
use crate::account::wallet::Owner;

/// Reads all of some members.
pub(in crate::account) async fn load(
    connection: &mut PgConnection,
    whose: &BTreeSet<Whose>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let (mut tenants, mut shards, mut members) = (Vec::new(), Vec::new(), Vec::new());
    let known = |(tenant, member): &&Whose| books.contains_key(&Owner::of_points(*tenant, *member));
    for (tenant, member) in whose.iter().filter(known) {
        tenants.push(tenant.uuid());
        shards.push(Shard::of_member(*member).number());
        members.push(member.uuid());
    }
    if members.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"SELECT rule_use.tenant, rule_use.member, wallet, purchase, rule, points, back, used_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM rule_use
               WHERE (rule_use.tenant, rule_use.shard, rule_use.member)
                   = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS rule_use"#,
        &tenants,
        &shards,
        &members
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let owner = Owner { tenant: row.tenant.into(), member: row.member.into(), wallet: wallet(&row.wallet)? };
        if let Some(holdings) = books.get_mut(&owner) {
            holdings.uses.push(RuleUse {
                of: row.purchase,
                rule: row.rule,
                points: row.points,
                back: row.back,
                used_at: row.used_at.into(),
                touched: false,
            });
        }
    }
    Ok(())
}

/// Writes what changed.
pub(in crate::account) async fn write(tx: &mut Tx, books: &Books) -> Result<(), StoreError> {
    let changed: Vec<(&Owner, &RuleUse)> = books
        .iter()
        .flat_map(|(owner, holdings)| holdings.uses.iter().map(move |known| (owner, known)))
        .filter(|(_, known)| known.touched)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let column = |read: fn(&Owner, &RuleUse) -> Uuid| -> Vec<Uuid> {
        changed.iter().map(|(owner, known)| read(owner, known)).collect()
    };
    let shards: Vec<i16> = changed.iter().map(|(owner, _)| Shard::of_member(owner.member).number()).collect();
    let wallets: Vec<&str> = changed.iter().map(|(owner, _)| owner.wallet.as_str()).collect();
    let rules: Vec<String> = changed.iter().map(|(_, known)| known.rule.clone()).collect();
    let points: Vec<i64> = changed.iter().map(|(_, known)| known.points).collect();
    let back: Vec<i64> = changed.iter().map(|(_, known)| known.back).collect();
    let used: Vec<SqlTimestamp> = changed.iter().map(|(_, known)| known.used_at.into()).collect();
    sqlx::query!(
        "INSERT INTO rule_use (tenant, shard, member, purchase, rule, points, back, used_at, wallet)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::text[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::timestamptz[]),
                unnest($9::text[])
         ON CONFLICT (tenant, shard, member, purchase, rule) DO UPDATE SET back = excluded.back",
        &column(|owner, _| owner.tenant.uuid()),
        &shards,
        &column(|owner, _| owner.member.uuid()),
        &column(|_, known| known.of),
        &rules,
        &points,
        &back,
        &used as &[SqlTimestamp],
        &wallets as &[&str],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
