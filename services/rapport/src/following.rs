//! Waiting until points, tiers and groups have followed what was told to activity.

use std::time::Duration;

use proto::clock::v1::GetClockRequest;
use proto::operations::v1::{GetStatusRequest, ServiceStatus};
use proto::segmentation::v1::{ListMembersRequest, TakeSnapshotRequest};
use tonic::Code;

use crate::client::{CliError, Suite, long_call, patiently};
use crate::progress::Progress;

const PAUSE: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until no service is behind another, and shows how far they are. A caller who may not ask does not wait.
pub async fn until_settled(suite: &Suite) -> Result<(), CliError> {
    let mut behind = match patiently(PATIENCE, || events_behind(suite)).await {
        Ok(behind) => behind,
        Err(status) if matches!(status.code(), Code::PermissionDenied | Code::Unimplemented) => return Ok(()),
        Err(status) => return Err(status.into()),
    };
    if behind == 0 {
        return Ok(());
    }
    let progress = Progress::new("points follow", "events", behind);
    while behind > 0 {
        tokio::time::sleep(PAUSE).await;
        let now = patiently(PATIENCE, || events_behind(suite)).await?;
        progress.add(behind.saturating_sub(now));
        behind = now;
    }
    progress.finish();
    Ok(())
}

/// Has a snapshot taken of what was told, so that members are compared with the shop as it is now, and waits until all were
/// looked at again. A caller who may not leaves it to the next midnight.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn until_sorted(suite: &Suite, operator: &Suite, request_id: String) -> Result<(), CliError> {
    let request = TakeSnapshotRequest { request_id, validate_only: false };
    let taken = patiently(PATIENCE, || async { suite.segmentation().take_snapshot(long_call(request.clone())).await });
    match taken.await {
        Ok(_) => {}
        Err(status) if matches!(status.code(), Code::PermissionDenied | Code::Unimplemented) => return Ok(()),
        Err(status) => return Err(status.into()),
    }
    // Where time is moved by hand, members are looked at when it is moved next.
    let clock = operator.clock().get_clock(GetClockRequest {}).await;
    if clock.is_ok_and(|clock| clock.into_inner().manual) {
        return Ok(());
    }
    let mut waiting = patiently(PATIENCE, || members_waiting(suite)).await?;
    let progress = Progress::new("groups follow", "members", waiting);
    while waiting > 0 {
        tokio::time::sleep(PAUSE).await;
        let now = patiently(PATIENCE, || members_waiting(suite)).await?;
        progress.add(waiting.saturating_sub(now));
        waiting = now;
    }
    progress.finish();
    Ok(())
}

async fn members_waiting(suite: &Suite) -> Result<u64, tonic::Status> {
    let request = ListMembersRequest { page_size: 1, ..ListMembersRequest::default() };
    let waiting = suite.segmentation().list_members(request).await?.into_inner().waiting;
    Ok(u64::try_from(waiting).unwrap_or(0))
}

async fn events_behind(suite: &Suite) -> Result<u64, tonic::Status> {
    Ok(behind(&suite.status(GetStatusRequest::default()).await?.services))
}

fn behind(services: &[ServiceStatus]) -> u64 {
    let events = services.iter().flat_map(|service| &service.lags).map(|lag| u64::try_from(lag.events).unwrap_or(0));
    events.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::operations::v1::Lag;

    #[test]
    fn the_suite_is_behind_by_all_its_lags() {
        let lag = |events| Lag { source: "activity".to_owned(), events, ..Lag::default() };
        let service = |lags| ServiceStatus { lags, ..Default::default() };
        assert_eq!(behind(&[service(vec![lag(3), lag(0)]), service(vec![]), service(vec![lag(4)])]), 7);
    }
}
