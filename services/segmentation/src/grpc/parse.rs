//! Calls about members and snapshots, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use proto::segmentation::v1;
use proto::segmentation::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use crate::members::{self, NewSnapshot, Wanted};

/// A look at one snapshot.
pub(super) struct SnapshotLook {
    pub tenant: TenantId,
    pub number: Option<i64>,
    pub freshness: Freshness,
}

/// A look at one member.
pub(super) struct InsightLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub as_of_occurred: Option<Timestamp>,
    pub freshness: Freshness,
}

/// A page of what happened to a member, newest first.
pub(super) struct ChangesLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub before: Option<i64>,
    pub limit: i64,
    pub freshness: Freshness,
}

impl ChangesLook {
    /// The token of the page after this one; empty where this one is not full or ends with the first of all.
    pub(super) fn next(&self, keys: &Keys, shown: usize, last: Option<i64>) -> String {
        let full = i64::try_from(shown).is_ok_and(|shown| shown == self.limit);
        last.filter(|last| full && *last > 1).map_or_else(String::new, |last| {
            PageToken(vec![last.to_string()]).seal(keys, &["changes", &self.member.to_string()])
        })
    }
}

/// A page of members.
pub(super) struct MembersLook {
    pub tenant: TenantId,
    pub wanted: Wanted,
    pub freshness: Freshness,
    selection: [String; 3],
}

impl MembersLook {
    /// The token of the page after this one; empty where this one is not full.
    pub(super) fn next(&self, keys: &Keys, shown: usize, last: Option<MemberId>) -> String {
        let full = i64::try_from(shown).is_ok_and(|shown| shown == self.wanted.limit);
        last.filter(|_| full).map_or_else(String::new, |last| {
            PageToken(vec![last.to_string()]).seal(keys, &self.selection.each_ref().map(String::as_str))
        })
    }
}

/// A look at a whole tenant.
pub(super) struct TenantLook {
    pub tenant: TenantId,
    pub as_of_occurred: Option<Timestamp>,
    pub freshness: Freshness,
}

pub(super) fn new_snapshot(keys: &Keys, call: Request<TakeSnapshotRequest>) -> Result<NewSnapshot, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let id = bad.settle(id)?;
    let key = RequestKey { rpc: "TakeSnapshot", id, digests: digests(keys, &ask) };
    Ok(NewSnapshot { tenant: envelope.tenant, key, validate_only: ask.validate_only })
}

pub(super) fn which_snapshot(keys: &Keys, call: Request<GetSnapshotRequest>) -> Result<SnapshotLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let number = bad.number("number", ask.number, 0..=i64::MAX);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (number, freshness) = bad.settle(number.zip(freshness))?;
    Ok(SnapshotLook { tenant: envelope.tenant, number: Some(number).filter(|number| *number > 0), freshness })
}

pub(super) fn insight(keys: &Keys, call: Request<GetInsightRequest>) -> Result<InsightLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let as_of_occurred = bad.instant("as_of_occurred", ask.as_of_occurred.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(InsightLook { tenant: envelope.tenant, member, as_of_occurred, freshness })
}

pub(super) fn changes(keys: &Keys, call: Request<ListChangesRequest>) -> Result<ChangesLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let limit = page_size(&mut bad, ask.page_size);
    let selection = |member: MemberId| ["changes".to_owned(), member.to_string()];
    let token = member.and_then(|member| {
        let selection = selection(member);
        PageToken::open(&mut bad, keys, &ask.page_token, &selection.each_ref().map(String::as_str))
    });
    let before = token.flatten().and_then(|token| token.0.first().and_then(|number| number.parse().ok()));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(ChangesLook { tenant: envelope.tenant, member, before, limit, freshness })
}

pub(super) fn members(keys: &Keys, call: Request<ListMembersRequest>) -> Result<MembersLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let group = bad.take("group", v1::Group::try_from(ask.group).map_err(|_| "must be a group that is known"));
    let stage = v1::Lifecycle::try_from(ask.lifecycle).map_err(|_| "must be a lifecycle that is known");
    let stage = bad.take("lifecycle", stage);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let limit = page_size(&mut bad, ask.page_size);
    let selection = ["members".to_owned(), ask.group.to_string(), ask.lifecycle.to_string()];
    let token = PageToken::open(&mut bad, keys, &ask.page_token, &selection.each_ref().map(String::as_str));
    let after = token.flatten().and_then(|token| token.0.first().and_then(|after| MemberId::parse(after).ok()));
    let ((group, stage), freshness) = bad.settle(group.zip(stage).zip(freshness))?;
    let wanted = Wanted { group: read_group(group), lifecycle: read_lifecycle(stage), after, limit };
    Ok(MembersLook { tenant: envelope.tenant, wanted, freshness, selection })
}

const fn read_group(group: v1::Group) -> Option<members::Group> {
    match group {
        v1::Group::Unspecified => None,
        v1::Group::Prospect => Some(members::Group::Prospect),
        v1::Group::Vip => Some(members::Group::Vip),
        v1::Group::Watched => Some(members::Group::Watched),
        v1::Group::Promising => Some(members::Group::Promising),
        v1::Group::Developing => Some(members::Group::Developing),
        v1::Group::Keep => Some(members::Group::Keep),
        v1::Group::Maintain => Some(members::Group::Maintain),
        v1::Group::WinBack => Some(members::Group::WinBack),
        v1::Group::Dormant => Some(members::Group::Dormant),
        v1::Group::Unsorted => Some(members::Group::Unsorted),
    }
}

const fn read_lifecycle(lifecycle: v1::Lifecycle) -> Option<members::Lifecycle> {
    match lifecycle {
        v1::Lifecycle::Unspecified => None,
        v1::Lifecycle::Prospect => Some(members::Lifecycle::Prospect),
        v1::Lifecycle::New => Some(members::Lifecycle::New),
        v1::Lifecycle::Active => Some(members::Lifecycle::Active),
        v1::Lifecycle::Sleeping => Some(members::Lifecycle::Sleeping),
        v1::Lifecycle::Lost => Some(members::Lifecycle::Lost),
        v1::Lifecycle::Deep => Some(members::Lifecycle::Deep),
    }
}

pub(super) fn overview(keys: &Keys, call: Request<GetOverviewRequest>) -> Result<TenantLook, Status> {
    let (envelope, ask) = open(call)?;
    tenant(keys, envelope.tenant, ask.as_of_occurred.as_ref(), &ask.at_least_as_fresh)
}

pub(super) fn cohorts(keys: &Keys, call: Request<GetCohortsRequest>) -> Result<TenantLook, Status> {
    let (envelope, ask) = open(call)?;
    tenant(keys, envelope.tenant, ask.as_of_occurred.as_ref(), &ask.at_least_as_fresh)
}

fn tenant(
    keys: &Keys,
    tenant: TenantId,
    as_of_occurred: Option<&prost_types::Timestamp>,
    freshness: &str,
) -> Result<TenantLook, Status> {
    let mut bad = Violations::new();
    let as_of_occurred = bad.instant("as_of_occurred", as_of_occurred);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, freshness));
    Ok(TenantLook { tenant, as_of_occurred, freshness: bad.settle(freshness)? })
}
