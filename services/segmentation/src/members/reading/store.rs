//! The statements behind lists and counts.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{ChangeView, MemberRow, Wanted};
use crate::members::Labels;
use crate::members::person::Moved;
use crate::members::report::Counts;
use crate::members::store::{GROUP_CHANGED, group, lifecycle, read_group, read_lifecycle};

pub(super) async fn changes(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    before: i64,
    limit: i64,
) -> Result<Vec<ChangeView>, StoreError> {
    let rows = sqlx::query!(
        "SELECT number, kind, before, after, labels, cause, snapshot, occurred_at, recorded_at FROM change
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND number < $4 ORDER BY number DESC LIMIT $5",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let moved = if row.kind == GROUP_CHANGED {
                Moved::Group(read_group(row.before)?, read_group(row.after)?)
            } else {
                Moved::Lifecycle(read_lifecycle(row.before)?, read_lifecycle(row.after)?)
            };
            Ok(ChangeView {
                number: row.number,
                moved,
                labels: Labels(u8::try_from(row.labels).map_err(StoreError::unreadable)?),
                cause: row.cause,
                snapshot: row.snapshot,
                occurred_at: row.occurred_at.into(),
                recorded_at: row.recorded_at.into(),
            })
        })
        .collect()
}

struct Row {
    member: Uuid,
    joined_at: Option<SqlTimestamp>,
    rfm_group: i16,
    group_since: Option<SqlTimestamp>,
    lifecycle: i16,
    lifecycle_since: Option<SqlTimestamp>,
    total_minor: i64,
    last_purchase_at: Option<SqlTimestamp>,
}

impl Row {
    fn read(self) -> Result<MemberRow, StoreError> {
        let since = |moment: Option<SqlTimestamp>| moment.or(self.joined_at).map(Timestamp::from);
        Ok(MemberRow {
            member: self.member.into(),
            group: read_group(self.rfm_group)?,
            group_since: since(self.group_since),
            lifecycle: read_lifecycle(self.lifecycle)?,
            lifecycle_since: since(self.lifecycle_since),
            total_minor: self.total_minor,
            last_purchase_at: self.last_purchase_at.map(Timestamp::from),
        })
    }
}

/// A page of members. Each way of asking has a statement of its own, so that each goes by its own index.
pub(super) async fn members(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted,
) -> Result<Vec<MemberRow>, StoreError> {
    let after = wanted.after.map_or(Uuid::nil(), |after| after.uuid());
    let stage = wanted.lifecycle.map(lifecycle);
    let rows = match (wanted.group.map(group), stage) {
        (Some(group), _) => {
            sqlx::query_as!(
                Row,
                "SELECT member, joined_at, rfm_group, group_since, lifecycle, lifecycle_since, total_minor, last_purchase_at
                 FROM person WHERE tenant = $1 AND rfm_group = $2 AND member > $3
                   AND ($4::smallint IS NULL OR lifecycle = $4) ORDER BY member LIMIT $5",
                tenant.uuid(),
                group,
                after,
                stage as Option<i16>,
                wanted.limit,
            )
            .fetch_all(connection)
            .await?
        }
        (None, Some(stage)) => {
            sqlx::query_as!(
                Row,
                "SELECT member, joined_at, rfm_group, group_since, lifecycle, lifecycle_since, total_minor, last_purchase_at
                 FROM person WHERE tenant = $1 AND lifecycle = $2 AND member > $3 ORDER BY member LIMIT $4",
                tenant.uuid(),
                stage,
                after,
                wanted.limit,
            )
            .fetch_all(connection)
            .await?
        }
        (None, None) => {
            sqlx::query_as!(
                Row,
                "SELECT member, joined_at, rfm_group, group_since, lifecycle, lifecycle_since, total_minor, last_purchase_at
                 FROM person WHERE tenant = $1 AND member > $2 ORDER BY member LIMIT $3",
                tenant.uuid(),
                after,
                wanted.limit,
            )
            .fetch_all(connection)
            .await?
        }
    };
    rows.into_iter().map(Row::read).collect()
}

/// How many members are still to be looked at: under the last snapshot, or because something is due.
pub(super) async fn waiting(
    connection: &mut PgConnection,
    tenant: TenantId,
    frame_since: i64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "waiting!" FROM person
           WHERE tenant = $1 AND ((snapshot < $2 AND lifecycle <> 1) OR next_change_at <= $3)"#,
        tenant.uuid(),
        frame_since,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_one(connection)
    .await?)
}

/// How many members stand where, as stored.
pub(super) async fn counts(connection: &mut PgConnection, tenant: TenantId) -> Result<Counts, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT rfm_group, lifecycle, count(*) AS "members!" FROM person WHERE tenant = $1
           GROUP BY rfm_group, lifecycle ORDER BY rfm_group, lifecycle"#,
        tenant.uuid(),
    )
    .fetch_all(connection)
    .await?;
    let mut counts = Counts::default();
    for row in rows {
        *counts.groups.entry(read_group(row.rfm_group)?).or_default() += row.members;
        *counts.lifecycles.entry(read_lifecycle(row.lifecycle)?).or_default() += row.members;
    }
    Ok(counts)
}
