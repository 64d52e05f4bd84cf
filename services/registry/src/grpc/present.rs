//! Answers as the contract writes them.

use std::collections::HashSet;

use bytes::Bytes;
use jiff::Timestamp;
use kernel::MemberId;
use prost::Message as _;
use proto::common::v1 as common;
use proto::registry::v1 as wire_registry;
use tonic::{Response, Status};
use wire::{Keys, Language, PageToken};

use super::parse::tenant::TenantPage;
use super::parse::{Birthdays, Listed};
use super::refuse;
use crate::hot::Found;
use crate::members::{ChangeReceipt, Enrolled, Kind, Member, Outcome, State, masked, taken};
use crate::tenants::{Receipt, Standing, Tenant};

/// As a member is kept in memory and in Redis.
pub(super) fn written(member: &Member) -> Bytes {
    presented(member).encode_to_vec().into()
}

fn presented(member: &Member) -> wire_registry::Member {
    let profile = &member.profile;
    wire_registry::Member {
        id: member.id.to_string(),
        name: profile.name.clone(),
        masked_name: masked(&profile.name),
        identities: member
            .identities
            .iter()
            .map(|known| wire_registry::Identity {
                kind: kind(known.name.kind).into(),
                issuer: known.name.issuer.clone(),
                value: known.name.value.clone(),
                verified: known.verified,
            })
            .collect(),
        birthday: profile.birthday.map(|birthday| common::Date {
            year: i32::from(birthday.year.unwrap_or_default()),
            month: i32::from(birthday.month),
            day: i32::from(birthday.day),
        }),
        gender: profile.gender.clone(),
        language: profile.language.clone(),
        attributes: profile.attributes.clone(),
        tags: member.tags.iter().cloned().collect(),
        consents: member
            .consents
            .iter()
            .map(|consent| wire_registry::Consent {
                purpose: consent.purpose.clone(),
                granted: consent.granted,
                source: consent.source.clone(),
                state_time: Some(proto::timestamp(consent.said_at)),
            })
            .collect(),
        acquisition_source: member.acquisition_source.clone(),
        touchpoint: profile.touchpoint.clone(),
        state: match member.state {
            State::Enrolled => wire_registry::MemberState::Enrolled,
            State::Left => wire_registry::MemberState::Left,
        }
        .into(),
        state_time: Some(proto::timestamp(member.state_at)),
        join_time: Some(proto::timestamp(member.joined_at)),
        update_time: Some(proto::timestamp(member.updated_at)),
        etag: member.version.to_string(),
    }
}

const fn kind(kind: Kind) -> wire_registry::IdentityKind {
    match kind {
        Kind::Phone => wire_registry::IdentityKind::Phone,
        Kind::Email => wire_registry::IdentityKind::Email,
        Kind::Line => wire_registry::IdentityKind::Line,
        Kind::Card => wire_registry::IdentityKind::Card,
        Kind::External => wire_registry::IdentityKind::External,
        Kind::TaxId => wire_registry::IdentityKind::TaxId,
    }
}

fn read(profile: &Bytes) -> Result<wire_registry::Member, Status> {
    wire_registry::Member::decode(profile.as_ref()).map_err(wire::status::internal)
}

pub(super) fn one(profile: &Bytes) -> Result<Response<wire_registry::GetMemberResponse>, Status> {
    Ok(Response::new(wire_registry::GetMemberResponse { member: Some(read(profile)?) }))
}

pub(super) fn member(profile: &Bytes) -> Result<wire_registry::Member, Status> {
    read(profile)
}

pub(super) fn found(profile: &Bytes) -> Result<Response<wire_registry::FindMemberResponse>, Status> {
    Ok(Response::new(wire_registry::FindMemberResponse { member: Some(read(profile)?) }))
}

pub(super) fn several(found: &Found) -> Result<Response<wire_registry::BatchGetMembersResponse>, Status> {
    let members = found.profiles.iter().map(read).collect::<Result<_, _>>()?;
    let missing = found.missing.iter().map(ToString::to_string).collect();
    Ok(Response::new(wire_registry::BatchGetMembersResponse { members, missing }))
}

/// A page stays well below the 4 MiB that clients read at once.
const PAGE_BYTES: usize = 3 << 20;

pub(super) fn page(keys: &Keys, page: &Listed, members: &[Member]) -> Response<wire_registry::ListMembersResponse> {
    let (mut told, mut bytes) = (Vec::with_capacity(members.len()), 0);
    for member in members {
        let message = presented(member);
        bytes += message.encoded_len();
        if bytes > PAGE_BYTES && !told.is_empty() {
            break;
        }
        told.push(message);
    }
    let is_full = i64::try_from(members.len()).ok() == Some(page.limit) || told.len() < members.len();
    let last = told.len().checked_sub(1).and_then(|last| members.get(last)).filter(|_| is_full);
    let place = |member: &Member| {
        PageToken(vec![member.joined_at.as_microsecond().to_string(), member.id.to_string()])
            .seal(keys, &page.selection())
    };
    let next_page_token = last.map(place).unwrap_or_default();
    Response::new(wire_registry::ListMembersResponse { members: told, next_page_token })
}

pub(super) fn birthdays(
    keys: &Keys,
    page: &Birthdays,
    members: &[(MemberId, Timestamp)],
) -> Response<wire_registry::ListBirthdaysResponse> {
    let is_full = i64::try_from(members.len()).ok() == Some(page.limit);
    let last = members.last().filter(|_| is_full);
    let place = |(member, _): &(MemberId, Timestamp)| PageToken(vec![member.to_string()]).seal(keys, &page.selection());
    let celebrant = |(member, joined_at): &(MemberId, Timestamp)| wire_registry::Celebrant {
        member: member.to_string(),
        join_time: Some(proto::timestamp(*joined_at)),
    };
    Response::new(wire_registry::ListBirthdaysResponse {
        celebrants: members.iter().map(celebrant).collect(),
        next_page_token: last.map(place).unwrap_or_default(),
    })
}

pub(super) fn enrolled(keys: &Keys, enrolled: &Enrolled) -> Response<wire_registry::EnrolMemberResponse> {
    let member = enrolled.outcomes.first().filter(|_| enrolled.written).map(|outcome| whose(outcome).to_string());
    let member = member.unwrap_or_default();
    // A new record is the first version of it; a rehearsal makes none.
    let etag = if member.is_empty() { String::new() } else { "1".to_owned() };
    let freshness = enrolled.reached.freshness().seal(keys);
    Response::new(wire_registry::EnrolMemberResponse { member, etag, freshness })
}

pub(super) fn outcomes(
    keys: &Keys,
    language: Language,
    enrolled: &Enrolled,
) -> Response<wire_registry::EnrolMembersResponse> {
    let freshness = enrolled.reached.freshness().seal(keys);
    Response::new(wire_registry::EnrolMembersResponse { outcomes: all_told(language, enrolled), freshness })
}

/// An id that was made for a rehearsal names nobody who could ever be read, so it is not told.
fn all_told(language: Language, enrolled: &Enrolled) -> Vec<wire_registry::EnrolOutcome> {
    let mut all: Vec<wire_registry::EnrolOutcome> =
        enrolled.outcomes.iter().map(|outcome| told(language, outcome)).collect();
    if !enrolled.written {
        let made = all.iter().filter(|one| one.refusal.is_empty()).map(|one| one.member.clone());
        let made: HashSet<String> = made.collect();
        all.iter_mut().map(|one| &mut one.member).filter(|id| made.contains(*id)).for_each(String::clear);
    }
    all
}

fn told(language: Language, outcome: &Outcome) -> wire_registry::EnrolOutcome {
    let refusal = taken(outcome).map(refuse::member);
    wire_registry::EnrolOutcome {
        member: whose(outcome).to_string(),
        message: refusal.as_ref().and_then(|refusal| refusal.localized(language)),
        refusal: refusal.map(|refusal| refusal.reason.to_owned()).unwrap_or_default(),
    }
}

/// The new member, or the one who has the name already.
const fn whose(outcome: &Outcome) -> MemberId {
    match outcome {
        Outcome::Enrolled(member) | Outcome::Taken { holder: member, .. } => *member,
    }
}

/// Etag and freshness of a changed record.
pub(super) fn changed(keys: &Keys, receipt: &ChangeReceipt) -> (String, String) {
    (receipt.version.to_string(), receipt.reached.freshness().seal(keys))
}

pub(super) fn opened(keys: &Keys, receipt: &Receipt) -> Response<wire_registry::CreateTenantResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(wire_registry::CreateTenantResponse { tenant: receipt.tenant.to_string(), freshness })
}

pub(super) fn settled(keys: &Keys, receipt: &Receipt) -> Response<wire_registry::UpdateTenantResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(wire_registry::UpdateTenantResponse { etag: receipt.version.to_string(), freshness })
}

pub(super) fn suspended(keys: &Keys, receipt: &Receipt) -> Response<wire_registry::SuspendTenantResponse> {
    Response::new(wire_registry::SuspendTenantResponse { freshness: receipt.reached.freshness().seal(keys) })
}

pub(super) fn resumed(keys: &Keys, receipt: &Receipt) -> Response<wire_registry::ResumeTenantResponse> {
    Response::new(wire_registry::ResumeTenantResponse { freshness: receipt.reached.freshness().seal(keys) })
}

pub(super) fn tenant(tenant: Tenant) -> Response<wire_registry::GetTenantResponse> {
    Response::new(wire_registry::GetTenantResponse { tenant: Some(as_told(tenant)) })
}

pub(super) fn tenants(
    keys: &Keys,
    page: &TenantPage,
    tenants: Vec<Tenant>,
) -> Response<wire_registry::ListTenantsResponse> {
    let is_full = i64::try_from(tenants.len()).ok() == Some(page.limit);
    let place = |tenant: &Tenant| {
        PageToken(vec![tenant.created_at.as_microsecond().to_string(), tenant.id.to_string()])
            .seal(keys, &TenantPage::SELECTION)
    };
    let next_page_token = tenants.last().filter(|_| is_full).map(place).unwrap_or_default();
    let tenants = tenants.into_iter().map(as_told).collect();
    Response::new(wire_registry::ListTenantsResponse { tenants, next_page_token })
}

fn as_told(tenant: Tenant) -> wire_registry::Tenant {
    wire_registry::Tenant {
        id: tenant.id.to_string(),
        code: tenant.code,
        display_name: tenant.settings.display_name,
        settings: Some(wire_registry::TenantSettings {
            zone: tenant.settings.zone,
            currency_code: tenant.settings.currency.to_string(),
            minor_digits: Some(i32::from(tenant.settings.minor_digits)),
            phone_region: tenant.settings.phone_region,
        }),
        state: match tenant.standing {
            Standing::Open => wire_registry::TenantState::Open,
            Standing::Suspended => wire_registry::TenantState::Suspended,
        }
        .into(),
        state_time: Some(proto::timestamp(tenant.state_at)),
        create_time: Some(proto::timestamp(tenant.created_at)),
        etag: tenant.version.to_string(),
    }
}
