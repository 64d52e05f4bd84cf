//! The one statement of most batches.

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::to_microsecond;

use super::{accounts, entries, instant, lots};
use crate::account::store::chaining::{Added, Chained, added};
use crate::account::store::loading::Found;

/// Writes accounts where they were found, new lots, lines, seals. Accounts that are new are written by themselves.
pub(super) async fn post(
    tx: &mut Tx,
    statements: &[Chained<'_>],
    found: &Found,
    now: Timestamp,
) -> Result<(), StoreError> {
    let all: Vec<&Chained<'_>> = statements.iter().collect();
    let places: Vec<Option<&str>> =
        all.iter().map(|account| found.accounts.get(account.owner).map(|found| found.place.as_str())).collect();
    let wanted = i64::try_from(places.iter().flatten().count()).map_err(StoreError::unreadable)?;
    let lots = lots::Columns::of(statements, found)?;
    let lines = entries::Columns::of(statements, tx.heads())?;
    let updated =
        run(tx, (&accounts::Columns::of(&all)?, &places), (&lots, &lines), (&added(statements, tx.heads())?, now))
            .await?;
    if updated == wanted {
        return Ok(());
    }
    // Whoever moved it did so without its shard's lock. Read anew, it is found.
    Err(StoreError::Retry(sqlx::Error::RowNotFound))
}

async fn run(
    tx: &mut Tx,
    (accounts, places): (&accounts::Columns<'_>, &[Option<&str>]),
    (lots, lines): (&lots::Columns<'_>, &entries::Columns<'_>),
    (seals, now): (&Added, Timestamp),
) -> Result<i64, StoreError> {
    // In the order of the statement's columns, those of one thing in a line.
    #[rustfmt::skip]
    let posted = sqlx::query_file_scalar!(
        "src/account/store/writing/post.sql",
        &accounts.tenants, &accounts.shards, &accounts.members, places as &[Option<&str>],
        &accounts.joined_at as &[SqlTimestamp], &accounts.entries, &accounts.tier_changes,
        &accounts.spendable, &accounts.deficit,
        &accounts.earned, &accounts.earn_reversed, &accounts.redeemed, &accounts.redemption_reversed,
        &accounts.lapsed, &accounts.adjusted,
        &accounts.settled_until as &[SqlTimestamp],
        &accounts.review_at as &[Option<SqlTimestamp>],
        &accounts.links, &accounts.next_lapse_at as &[Option<SqlTimestamp>], &accounts.pending, &accounts.held,
        &lots.of_account, &lots.lots, &lots.origins as &[&str],
        &lots.amounts, &lots.remaining, &lots.lapsed,
        &lots.earned_at as &[SqlTimestamp], &lots.lapses_at as &[Option<SqlTimestamp>],
        &lots.numbers as &[Option<i64>], &lots.usable_from as &[Option<SqlTimestamp>], &lots.held,
        &lines.of_account, &lines.numbers, &lines.entries, &lines.kinds,
        &lines.points, &lines.balances, &lines.causes as &[&str],
        &lines.draws as &[&str], &lines.grounds as &[&str], &lines.versions,
        &lines.occurred_at as &[SqlTimestamp], &lines.links, &lines.batches,
        instant(to_microsecond(now)) as SqlTimestamp,
        &seals.shards, &seals.batches, &seals.entries, &seals.links,
        &lots.wallets as &[&str], &lots.slide_months as &[Option<i32>], &lots.slide_days as &[Option<i32>],
        &lines.wallets as &[&str],
        &accounts.transferred,
    );
    Ok(posted.fetch_one(tx.connection()).await?)
}
