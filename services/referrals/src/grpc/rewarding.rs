//! Asking loyalty to give points, and to take them back: the calls that follow from what happened to a referral.

use async_trait::async_trait;
use kernel::EntryId;
use outbox::{Carry, NotCarried, Open};
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::loyalty::v1::{GrantPointsRequest, RevokeGrantRequest};
use server::{Behalf, Outbound, Peers};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::referral::desk::{GRANT, REVOKE};
use crate::referral::{Answer, Errand, Referrals};

/// Carries calls to loyalty.
pub(crate) struct Carrier {
    referrals: Referrals,
    peers: Peers,
}

impl Carrier {
    pub(crate) const fn new(referrals: Referrals, peers: Peers) -> Self {
        Self { referrals, peers }
    }

    async fn ask(&self, call: &Open, errand: Errand) -> Result<Answer, NotCarried> {
        let told = match (call.kind.as_str(), errand.entry) {
            (GRANT, _) => self.grant(call, errand).await,
            (REVOKE, Some(entry)) => self.revoke(call, &errand, entry).await,
            // Its grant was refused: there is nothing to take back.
            (REVOKE, None) => return Ok(Answer::Revoked),
            (other, _) => return Err(NotCarried::Misunderstood(format!("nobody makes calls of the kind {other}"))),
        };
        told.or_else(|status| refused(call, &status))
    }

    async fn grant(&self, call: &Open, errand: Errand) -> Result<Answer, Status> {
        let ask = GrantPointsRequest {
            request_id: call.id.to_string(),
            member: errand.member.to_string(),
            points: errand.points,
            cause: errand.referral.to_string(),
            reason: errand.reason,
            validate_only: false,
            wallet: String::new(),
        };
        let given = self.loyalty(call)?.grant_points(ask).await?.into_inner();
        let entry = EntryId::parse(&given.entry).map_err(|wrong| Status::internal(format!("entry {wrong}")))?;
        Ok(Answer::Granted(entry))
    }

    async fn revoke(&self, call: &Open, errand: &Errand, entry: EntryId) -> Result<Answer, Status> {
        let ask = RevokeGrantRequest {
            request_id: call.id.to_string(),
            member: errand.member.to_string(),
            entry: entry.to_string(),
            reason: errand.reason.clone(),
            validate_only: false,
        };
        self.loyalty(call)?.revoke_grant(ask).await?;
        Ok(Answer::Revoked)
    }

    fn loyalty(&self, call: &Open) -> Result<LoyaltyServiceClient<Outbound>, Status> {
        let behalf = Behalf::of_process(crate::SERVICE).for_tenant(call.tenant).needing("points.grant");
        let way = self.peers.reach("loyalty", behalf).map_err(|error| Status::internal(error.to_string()))?;
        Ok(LoyaltyServiceClient::new(way))
    }
}

#[async_trait]
impl Carry for Carrier {
    async fn carry(&self, call: Open) -> Result<(), NotCarried> {
        let answer = match self.referrals.errand(&call).await? {
            Some(errand) => self.ask(&call, errand).await?,
            None => Answer::Revoked,
        };
        if let Answer::Refused { reason } = &answer {
            tracing::warn!(call = %call.id, kind = call.kind, reason, "loyalty refused");
        }
        Ok(self.referrals.answered(&call, answer).await?)
    }
}

/// What a status means for a call: an answer, or that it is to be made again.
fn refused(call: &Open, status: &Status) -> Result<Answer, NotCarried> {
    let told = || format!("loyalty said {:?}: {}", status.code(), status.message());
    let Some(info) = status.get_details_error_info() else {
        return Err(match status.code() {
            Code::InvalidArgument | Code::PermissionDenied | Code::Unauthenticated | Code::Unimplemented => {
                NotCarried::Misunderstood(told())
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::NotFound
            | Code::AlreadyExists
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => NotCarried::Unanswered(told()),
        });
    };
    match info.reason.as_str() {
        // Given before under an id that loyalty has forgotten: the entry is told.
        "ALREADY_APPLIED" if call.kind == GRANT => {
            let entry = info.metadata.get("id").and_then(|id| EntryId::parse(id).ok());
            entry.map(Answer::Granted).ok_or_else(|| NotCarried::Misunderstood(told()))
        }
        "ALREADY_REVERSED" if call.kind == REVOKE => Ok(Answer::Revoked),
        // Once the tenant is resumed it is heard.
        "TENANT_SUSPENDED" => Err(NotCarried::Unanswered(told())),
        "REQUEST_ID_REUSED" => Err(NotCarried::Misunderstood(told())),
        reason => Ok(Answer::Refused { reason: reason.to_owned() }),
    }
}
