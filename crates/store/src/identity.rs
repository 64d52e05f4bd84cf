//! Which database this is, and whether it was restored.
//!
//! A restored database gives out positions a second time. So its heads must carry another epoch before anything is
//! written in it, and nobody tells us that it was restored. What can be seen is told apart here:
//!
//! - restored from a dump, the table of heads is another relation than the one its rows speak of: seen at every
//!   transaction ([`crate::Store::begin`]), because a dump can be loaded under a running service;
//! - in another database or on another server, or recovered from a base backup, the names of server and database or the
//!   timeline differ: seen at every new connection, because none outlives such a change.
//!
//! A standby's timeline is not known before it is promoted, and its connections outlive that: nobody is let in before.
//!
//! A snapshot of the disk put back shows none of this. It is found by its readers, who are ahead of it
//! ([`crate::Store::end_epoch`]).

use kernel::Shard;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use uuid::Uuid;

use crate::StoreError;

/// Why an epoch ends.
#[derive(Clone, Copy)]
enum Cause {
    /// The place differs.
    Place,
    /// Somebody was told of positions that are not there, in this epoch of this shard.
    Reader { shard: Shard, epoch: Uuid },
}

const HERE: &str = "WITH here AS (
        SELECT (SELECT system_identifier FROM pg_control_system()) AS server,
               (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
               CASE WHEN pg_is_in_recovery() THEN NULL ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
                   AS timeline
    )";

/// Looks whether a connection leads to the database that was used before, and begins a new epoch where it does not.
///
/// A schema that was never migrated is left to whoever needs its tables.
pub(crate) async fn prove(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match same_place(connection).await {
        Ok(true) => Ok(()),
        Ok(false) => change(connection, Cause::Place).await.map(drop),
        Err(sqlx::Error::Database(told)) if told.code().as_deref() == Some("42P01") => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ends the present epoch of all shards because a reader stands where this database has nothing; false where it had
/// ended before.
pub(crate) async fn end_epoch(connection: &mut PgConnection, shard: Shard, epoch: Uuid) -> Result<bool, StoreError> {
    Ok(change(connection, Cause::Reader { shard, epoch }).await?)
}

/// True where the place is the one that is written down, or is written down now for the first time.
async fn same_place(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let looked = sqlx::query(sqlx::AssertSqlSafe(format!(
        "{HERE} SELECT whereabouts.server = here.server AND whereabouts.database = here.database
                    AND whereabouts.timeline = here.timeline
                    AND NOT EXISTS (SELECT FROM head WHERE head.shard = 0 AND head.relation <> head.tableoid),
                whereabouts.server IS NULL, here.timeline IS NULL
         FROM here LEFT JOIN whereabouts ON true"
    )))
    .fetch_one(&mut *connection)
    .await?;
    let (same, never_used, standby): (Option<bool>, bool, bool) =
        (looked.try_get(0)?, looked.try_get(1)?, looked.try_get(2)?);
    if standby {
        return Err(sqlx::Error::Protocol("the server is a standby that was not promoted yet".to_owned()));
    }
    if !never_used {
        return Ok(same.unwrap_or(false));
    }
    let written = sqlx::query(sqlx::AssertSqlSafe(format!(
        "{HERE} INSERT INTO whereabouts (server, database, timeline) SELECT server, database, timeline FROM here
         ON CONFLICT DO NOTHING"
    )));
    written.execute(connection).await?;
    Ok(true)
}

/// Gives all heads a new epoch and notes where the former one ended, in one transaction under their locks.
async fn change(connection: &mut PgConnection, cause: Cause) -> Result<bool, sqlx::Error> {
    #[expect(clippy::disallowed_methods, reason = "on a connection of its own, which is closed if this is dropped")]
    let mut transaction = connection.begin().await?;
    let heads = sqlx::query("SELECT shard, epoch, relation <> tableoid FROM head ORDER BY shard FOR UPDATE")
        .fetch_all(&mut *transaction)
        .await?;
    // A twin may have waited for the same locks: what is written down now counts.
    // Whoever writes here has proved the place before, so where it differs nothing was written yet, whoever says so.
    let certain = !same_place(&mut transaction).await?;
    let needed = match cause {
        Cause::Place => certain,
        Cause::Reader { shard, epoch } => {
            let mut same = certain;
            for row in &heads {
                same |= row.try_get::<i16, _>(0)? == shard.number() && row.try_get::<Uuid, _>(1)? == epoch;
            }
            same
        }
    };
    if !needed {
        transaction.rollback().await?;
        return Ok(false);
    }
    sqlx::query(
        "WITH next AS MATERIALIZED (SELECT shard, gen_random_uuid() AS epoch FROM head),
              noted AS (
                  INSERT INTO former_epoch (shard, epoch, position, certain, follower)
                  SELECT head.shard, head.epoch, head.position, $1, next.epoch FROM head JOIN next USING (shard)
              )
         UPDATE head SET epoch = next.epoch, relation = head.tableoid FROM next WHERE head.shard = next.shard",
    )
    .bind(certain)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "{HERE} UPDATE whereabouts SET server = here.server, database = here.database, timeline = here.timeline
         FROM here"
    )))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    tracing::warn!(
        certain,
        "this database was restored or promoted: its log begins a new epoch. Readers of whose events some are gone wait \
         for `rapport doctor --repair`"
    );
    Ok(true)
}
