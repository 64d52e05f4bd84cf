//! Waiting until points and tiers have followed what was told to activity.

use std::time::Duration;

use proto::operations::v1::{GetStatusRequest, ServiceStatus};
use tonic::Code;

use crate::client::{CliError, Suite, patiently};
use crate::progress::Progress;

const PAUSE: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until no service is behind another, and shows how far they are. A caller who may not ask does not wait.
pub async fn until_settled(suite: &Suite) -> Result<(), CliError> {
    let mut behind = match events_behind(suite).await {
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

async fn events_behind(suite: &Suite) -> Result<u64, tonic::Status> {
    let answer = suite.operations().get_status(GetStatusRequest::default()).await?.into_inner();
    Ok(behind(&answer.services))
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
        let lag = |events| Lag { source: "activity".to_owned(), events };
        let service = |lags| ServiceStatus { lags, ..Default::default() };
        assert_eq!(behind(&[service(vec![lag(3), lag(0)]), service(vec![]), service(vec![lag(4)])]), 7);
    }
}
