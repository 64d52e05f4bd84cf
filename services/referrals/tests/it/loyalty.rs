//! A loyalty that gives points as the real one does, unless a test tells it otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::Stream;
use kernel::{EntryId, RequestId};
use proto::loyalty::v1 as wire_loyalty;
use proto::loyalty::v1::loyalty_service_server::{LoyaltyService, LoyaltyServiceServer};
use proto::loyalty::v1::*;
use tonic::{Request, Response, Status, Streaming};
use wire::RefusalKind;

/// How it answers a call about a member, before it answers well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum So {
    /// Not at all.
    Silent,
    /// It does what was asked, and the answer is lost.
    Lost,
    /// It would not.
    Refused(&'static str),
}

#[derive(Debug, Default)]
pub struct Told {
    /// Points each member has.
    pub points: BTreeMap<String, i64>,
    /// Every call, in its order: what, and about whom.
    pub calls: Vec<(&'static str, String)>,
    given: BTreeMap<(String, String), (String, i64)>,
    taken: BTreeMap<String, String>,
    answered: BTreeMap<String, String>,
    script: BTreeMap<String, VecDeque<So>>,
}

/// The loyalty. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub struct FakeLoyalty(Arc<Mutex<Told>>);

fn refused(reason: &'static str, facts: Vec<(&'static str, String)>) -> Status {
    wire::refuse(wire::Refusal { reason, kind: RefusalKind::FailedPrecondition, text: reason.to_owned(), facts })
}

impl FakeLoyalty {
    pub fn serve(&self) -> LoyaltyServiceServer<Self> {
        LoyaltyServiceServer::new(self.clone())
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().expect("nobody panics with it")
    }

    /// So are the next calls about this member answered.
    pub fn answers(&self, member: impl ToString, so: &[So]) {
        self.told().script.insert(member.to_string(), so.iter().copied().collect());
    }

    /// Points a member has.
    pub fn points(&self, member: impl ToString) -> i64 {
        self.told().points.get(&member.to_string()).copied().unwrap_or_default()
    }

    fn grant(&self, ask: &GrantPointsRequest) -> Result<GrantPointsResponse, Status> {
        let mut told = self.told();
        told.calls.push(("grant", ask.member.clone()));
        let so = told.script.get_mut(&ask.member).and_then(VecDeque::pop_front);
        match so {
            Some(So::Silent) => return Err(Status::unavailable("nobody is there")),
            Some(So::Refused(reason)) => return Err(refused(reason, Vec::new())),
            Some(So::Lost) | None => {}
        }
        let key = (ask.member.clone(), ask.cause.clone());
        let entry = match (told.answered.get(&ask.request_id).cloned(), told.given.get(&key).cloned()) {
            (Some(entry), _) => entry,
            (None, Some((entry, _))) => return Err(refused("ALREADY_APPLIED", vec![("id", entry)])),
            (None, None) => {
                let entry = EntryId::derived_from(RequestId::parse(&ask.request_id).expect("an id").uuid(), "entry");
                let entry = entry.to_string();
                told.answered.insert(ask.request_id.clone(), entry.clone());
                told.given.insert(key, (entry.clone(), ask.points));
                *told.points.entry(ask.member.clone()).or_default() += ask.points;
                entry
            }
        };
        match so {
            Some(So::Lost) => Err(Status::unavailable("the answer is lost")),
            _ => Ok(GrantPointsResponse { entry, ..Default::default() }),
        }
    }

    fn revoke(&self, ask: &RevokeGrantRequest) -> Result<RevokeGrantResponse, Status> {
        let mut told = self.told();
        told.calls.push(("revoke", ask.member.clone()));
        let so = told.script.get_mut(&ask.member).and_then(VecDeque::pop_front);
        match so {
            Some(So::Silent) => return Err(Status::unavailable("nobody is there")),
            Some(So::Refused(reason)) => return Err(refused(reason, Vec::new())),
            Some(So::Lost) | None => {}
        }
        if told.taken.get(&ask.entry).is_some_and(|by| *by != ask.request_id) {
            return Err(refused("ALREADY_REVERSED", Vec::new()));
        }
        let points = told.given.values().find(|(entry, _)| *entry == ask.entry).map(|(_, points)| *points);
        let Some(points) = points else { return Err(refused("ENTRY_NOT_FOUND", Vec::new())) };
        if told.taken.insert(ask.entry.clone(), ask.request_id.clone()).is_none() {
            *told.points.entry(ask.member.clone()).or_default() -= points;
        }
        match so {
            Some(So::Lost) => Err(Status::unavailable("the answer is lost")),
            _ => Ok(RevokeGrantResponse { entry: ask.entry.clone(), points, ..Default::default() }),
        }
    }
}

macro_rules! unused {
    ($($rpc:ident: $ask:ident -> $answer:ident,)*) => {
        #[tonic::async_trait]
        impl LoyaltyService for FakeLoyalty {
            type StreamGrantsStream = Pin<Box<dyn Stream<Item = Result<StreamGrantsResponse, Status>> + Send>>;

            async fn stream_grants(
                &self,
                _: Request<Streaming<StreamGrantsRequest>>,
            ) -> Result<Response<Self::StreamGrantsStream>, Status> {
                Err(Status::unimplemented("nobody asks for this"))
            }

            async fn grant_points(
                &self,
                call: Request<GrantPointsRequest>,
            ) -> Result<Response<GrantPointsResponse>, Status> {
                self.grant(&call.into_inner()).map(Response::new)
            }

            async fn revoke_grant(
                &self,
                call: Request<RevokeGrantRequest>,
            ) -> Result<Response<RevokeGrantResponse>, Status> {
                self.revoke(&call.into_inner()).map(Response::new)
            }
            $(
                async fn $rpc(
                    &self,
                    _: Request<wire_loyalty::$ask>,
                ) -> Result<Response<wire_loyalty::$answer>, Status> {
                    Err(Status::unimplemented("nobody asks for this"))
                }
            )*
        }
    };
}

unused! {
    put_programme: PutProgrammeRequest -> PutProgrammeResponse,
    get_programme: GetProgrammeRequest -> GetProgrammeResponse,
    get_account: GetAccountRequest -> GetAccountResponse,
    get_balance: GetBalanceRequest -> GetBalanceResponse,
    list_entries: ListEntriesRequest -> ListEntriesResponse,
    list_tier_changes: ListTierChangesRequest -> ListTierChangesResponse,
    redeem_points: RedeemPointsRequest -> RedeemPointsResponse,
    redeem_points_batch: RedeemPointsBatchRequest -> RedeemPointsBatchResponse,
    reverse_redemption: ReverseRedemptionRequest -> ReverseRedemptionResponse,
    hold_points: HoldPointsRequest -> HoldPointsResponse,
    transfer_points: TransferPointsRequest -> TransferPointsResponse,
    reverse_transfer: ReverseTransferRequest -> ReverseTransferResponse,
    capture_hold: CaptureHoldRequest -> CaptureHoldResponse,
    release_hold: ReleaseHoldRequest -> ReleaseHoldResponse,
    grant_points_batch: GrantPointsBatchRequest -> GrantPointsBatchResponse,
    adjust_points: AdjustPointsRequest -> AdjustPointsResponse,
    explain_entry: ExplainEntryRequest -> ExplainEntryResponse,
    explain_tier: ExplainTierRequest -> ExplainTierResponse,
    verify_member: VerifyMemberRequest -> VerifyMemberResponse,
    get_overview: GetOverviewRequest -> GetOverviewResponse,
    quote_order: QuoteOrderRequest -> QuoteOrderResponse,
}
