//! The rows of lots. A new one is looked for nowhere first: that it is new was seen when the batch was loaded.

use std::collections::HashMap;

use ::store::{SqlTimestamp, StoreError, Tx};
use kernel::LotId;
use uuid::Uuid;

use super::{instant, keys, place_of};
use crate::account::holdings::{Holdings, Lot};
use crate::account::store::chaining::Chained;
use crate::account::store::loading::Found;
use crate::account::wallet::Owner;

/// New lots as columns.
pub(super) struct Columns<'a> {
    pub of_account: Vec<i32>,
    pub lots: Vec<Uuid>,
    pub origins: Vec<&'a str>,
    pub amounts: Vec<i64>,
    pub remaining: Vec<i64>,
    pub lapsed: Vec<i64>,
    pub earned_at: Vec<SqlTimestamp>,
    pub lapses_at: Vec<Option<SqlTimestamp>>,
    pub numbers: Vec<Option<i64>>,
    pub usable_from: Vec<Option<SqlTimestamp>>,
    pub held: Vec<i64>,
    pub slide_months: Vec<Option<i32>>,
    pub slide_days: Vec<Option<i32>>,
    pub wallets: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    /// The lots that were found nowhere, by the places of their accounts.
    pub fn of(statements: &'a [Chained<'a>], found: &Found) -> Result<Self, StoreError> {
        let mut rows: Vec<(i32, &Lot, Option<i64>)> = Vec::new();
        let mut wallets = Vec::new();
        for (place, account) in statements.iter().enumerate() {
            let made_by = made_by(account.holdings);
            for lot in account.holdings.lots.iter().filter(|lot| lot.touched && !found.lots.contains(&lot.id)) {
                rows.push((place_of(place)?, lot, made_by.get(&lot.id).copied()));
                wallets.push(account.owner.wallet.as_str());
            }
        }
        Ok(Self {
            of_account: rows.iter().map(|(place, ..)| *place).collect(),
            lots: rows.iter().map(|(_, lot, _)| lot.id.uuid()).collect(),
            origins: rows.iter().map(|(_, lot, _)| lot.origin.as_str()).collect(),
            amounts: rows.iter().map(|(_, lot, _)| lot.amount).collect(),
            remaining: rows.iter().map(|(_, lot, _)| lot.left).collect(),
            lapsed: rows.iter().map(|(_, lot, _)| lot.lapsed).collect(),
            earned_at: rows.iter().map(|(_, lot, _)| instant(lot.earned_at)).collect(),
            lapses_at: rows.iter().map(|(_, lot, _)| lot.lapses_at.map(instant)).collect(),
            numbers: rows.iter().map(|(.., number)| *number).collect(),
            usable_from: rows.iter().map(|(_, lot, _)| lot.usable_from.map(instant)).collect(),
            held: rows.iter().map(|(_, lot, _)| lot.held).collect(),
            slide_months: rows.iter().map(|(_, lot, _)| lot.slide.map(|slide| slide.months)).collect(),
            slide_days: rows.iter().map(|(_, lot, _)| lot.slide.map(|slide| slide.days)).collect(),
            wallets,
        })
    }
}

/// The number of the entry that first speaks of a lot, for lots of this batch.
fn made_by(holdings: &Holdings) -> HashMap<LotId, i64> {
    let mut numbers = HashMap::new();
    for posting in &holdings.postings {
        for draw in &posting.draws {
            numbers.entry(draw.lot).or_insert(posting.number);
        }
    }
    numbers
}

/// Writes what is left of lots that were found.
pub(super) async fn update(tx: &mut Tx, changed: &[(&Owner, &Holdings)], found: &Found) -> Result<(), StoreError> {
    let rows: Vec<(&Owner, &Lot)> = changed
        .iter()
        .flat_map(|(owner, holdings)| holdings.lots.iter().map(move |lot| (*owner, lot)))
        .filter(|(_, lot)| lot.touched && found.lots.contains(&lot.id))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (tenants, shards, members) = keys(rows.iter().map(|(owner, _)| *owner));
    let ids: Vec<Uuid> = rows.iter().map(|(_, lot)| lot.id.uuid()).collect();
    let left: Vec<i64> = rows.iter().map(|(_, lot)| lot.left).collect();
    let lapsed: Vec<i64> = rows.iter().map(|(_, lot)| lot.lapsed).collect();
    let usable: Vec<Option<SqlTimestamp>> = rows.iter().map(|(_, lot)| lot.usable_from.map(instant)).collect();
    let held: Vec<i64> = rows.iter().map(|(_, lot)| lot.held).collect();
    let lapses: Vec<Option<SqlTimestamp>> = rows.iter().map(|(_, lot)| lot.lapses_at.map(instant)).collect();
    sqlx::query!(
        "UPDATE lot SET remaining = new.remaining, lapsed = new.lapsed, usable_from = new.usable_from, held = new.held,
             lapses_at = new.lapses_at
         FROM (SELECT unnest($1::uuid[]) AS tenant, unnest($2::smallint[]) AS shard, unnest($3::uuid[]) AS member,
                unnest($4::uuid[]) AS lot, unnest($5::bigint[]) AS remaining, unnest($6::bigint[]) AS lapsed,
                unnest($7::timestamptz[]) AS usable_from, unnest($8::bigint[]) AS held,
                unnest($9::timestamptz[]) AS lapses_at) AS new
         WHERE (lot.tenant, lot.shard, lot.member, lot.lot) = (new.tenant, new.shard, new.member, new.lot)",
        &tenants,
        &shards,
        &members,
        &ids,
        &left,
        &lapsed,
        &usable as &[Option<SqlTimestamp>],
        &held,
        &lapses as &[Option<SqlTimestamp>],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
