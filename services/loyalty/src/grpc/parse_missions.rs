//! Calls about missions, read: every wrong field is told at once.

mod terms;

use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use proto::loyalty::v1::*;
use store::{RequestKey, StoreError};
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use super::parse_page::{Page, read_page};
use crate::mission::{Accept, Happened, Put};

/// A look at one mission.
pub(super) struct Which {
    pub tenant: TenantId,
    pub mission: String,
    pub version: i32,
    pub freshness: Freshness,
}

/// Whose missions.
pub(super) struct Whose {
    pub tenant: TenantId,
    pub member: MemberId,
    pub freshness: Freshness,
}

/// A page of a member's rewards.
pub(super) struct Rewards {
    pub tenant: TenantId,
    pub member: MemberId,
    pub before: Option<i64>,
    pub limit: i64,
    pub freshness: Freshness,
}

pub(super) const LIST: &str = "missions";
pub(super) const REWARDS: &str = "mission rewards";

pub(super) async fn put(keys: Keys, call: Request<PutMissionRequest>) -> Result<Put, Status> {
    let (envelope, ask) = open(call)?;
    let read = tokio::task::spawn_blocking(move || read_put(&keys, envelope.tenant, &ask));
    read.await.unwrap_or_else(|error| Err(wire::failure(StoreError::unreadable(error))))
}

fn read_put(keys: &Keys, tenant: TenantId, ask: &PutMissionRequest) -> Result<Put, Status> {
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.mission {
        Some(mission) => {
            let code = bad.code("mission.code", &mission.code, 1..=40);
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let terms = terms::read(&mut bad, mission);
            code.zip(terms)
        }
        None => {
            bad.add("mission", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (mission, terms))| Put {
        tenant,
        mission,
        terms,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "PutMission", id, digests: digests(keys, ask) },
    });
    bad.settle(read)
}

pub(super) fn which(keys: &Keys, call: Request<GetMissionRequest>) -> Result<Which, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let mission = bad.code("mission", &ask.mission, 1..=40);
    bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (mission, freshness) = bad.settle(mission.zip(freshness))?;
    Ok(Which { tenant: envelope.tenant, mission, version: ask.version, freshness })
}

pub(super) fn page(keys: &Keys, call: Request<ListMissionsRequest>) -> Result<Page, Status> {
    let (envelope, ask) = open(call)?;
    read_page(keys, (envelope.tenant, LIST), (ask.page_size, &ask.page_token), &ask.at_least_as_fresh)
}

pub(super) fn accept(keys: &Keys, call: Request<AcceptMissionRequest>) -> Result<Accept, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let mission = bad.code("mission", &ask.mission, 1..=40);
    let read = id.zip(member).zip(mission).map(|((id, member), mission)| Accept {
        tenant: envelope.tenant,
        member,
        mission,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "AcceptMission", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn event(keys: &Keys, call: Request<RecordMissionEventRequest>) -> Result<Happened, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let name = bad.code("name", &ask.name, 1..=40);
    let external_id = bad.text("external_id", &ask.external_id, 1..=100);
    let at = bad.instant("occur_time", ask.occur_time.as_ref());
    let read = id.zip(member).zip(name.zip(external_id)).map(|((id, member), (name, external_id))| Happened {
        tenant: envelope.tenant,
        member,
        name,
        external_id,
        at: at.map(kernel::to_microsecond),
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "RecordMissionEvent", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn of_member(keys: &Keys, call: Request<ListMemberMissionsRequest>) -> Result<Whose, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(Whose { tenant: envelope.tenant, member, freshness })
}

pub(super) fn rewards(keys: &Keys, call: Request<ListMissionRewardsRequest>) -> Result<Rewards, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let limit = page_size(&mut bad, ask.page_size);
    let token =
        member.and_then(|member| PageToken::open(&mut bad, keys, &ask.page_token, &[REWARDS, &member.to_string()]));
    let before = token.flatten().and_then(|token| token.0.first().and_then(|place| place.parse().ok()));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(Rewards { tenant: envelope.tenant, member, before, limit, freshness })
}

/// As the database keeps it.
pub(super) fn whole(at: Option<Timestamp>) -> Option<Timestamp> {
    at.map(kernel::to_microsecond)
}
