//! Calls as the doors take them. Every wrong field of a call is told at once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use proto::portrait::v1 as wire_portrait;
use proto::registry::v1 as wire_registry;
use server::Behalf;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Direction, Freshness, Keys, PageToken, Violations};

use super::Desk;
use super::portrait::Sitting;
use crate::hot::Ask;
use crate::members::{Change, ChangeAsk, Enrolment, Filter, Identity, Name, Page, ProfileChange};

mod birthday;
mod person;
pub(super) mod tenant;

pub(super) use birthday::{Birthdays, birthdays};

use person::{Setting, consents_of, identity_of, person_of};

const MOST_PEOPLE: usize = 500;
const MOST_READ: usize = 1_000;
const MOST_TAGS_A_CALL: usize = 50;

/// The request id of a mutation, with what the request said.
fn key<M: prost::Message + prost::Name>(
    bad: &mut Violations,
    keys: &Keys,
    rpc: &'static str,
    request_id: &str,
    said: &M,
) -> Option<RequestKey> {
    bad.request_id(request_id).map(|id| RequestKey { rpc, id, digests: wire::digests(keys, said) })
}

fn member(bad: &mut Violations, text: &str) -> Option<MemberId> {
    bad.take("member", MemberId::parse(text))
}

/// Any text of a sane length: one that is no etag of ours is simply not the present one.
fn etag(bad: &mut Violations, text: &str) -> Option<String> {
    bad.text("etag", text, 0..=60)
}

fn fresh(bad: &mut Violations, keys: &Keys, text: &str) -> Option<Freshness> {
    bad.take("at_least_as_fresh", Freshness::open(keys, text))
}

pub(super) async fn enrolment(
    desk: &Desk,
    call: Request<wire_registry::EnrolMemberRequest>,
) -> Result<Enrolment, Status> {
    let (envelope, asked) = wire::open(call)?;
    let setting = Setting::of(desk, envelope.tenant).await?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "EnrolMember", &asked.request_id, &asked);
    let person = match &asked.member {
        Some(person) => person_of(&mut bad, "member", person, &setting),
        None => {
            bad.add("member", "is required");
            None
        }
    };
    let validate_only = asked.validate_only;
    let read = key.zip(person);
    bad.settle(read.map(|(key, person)| Enrolment {
        tenant: envelope.tenant,
        key,
        people: vec![person],
        validate_only,
    }))
}

pub(super) async fn enrolments(
    desk: &Desk,
    call: Request<wire_registry::EnrolMembersRequest>,
) -> Result<Enrolment, Status> {
    let (envelope, asked) = wire::open(call)?;
    let setting = Setting::of(desk, envelope.tenant).await?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "EnrolMembers", &asked.request_id, &asked);
    let mut people = Vec::with_capacity(asked.members.len().min(MOST_PEOPLE));
    if bad.count("members", asked.members.len(), 1..=MOST_PEOPLE) {
        for (place, person) in asked.members.iter().enumerate() {
            people.extend(person_of(&mut bad, &format!("members[{place}]"), person, &setting));
        }
    }
    let validate_only = asked.validate_only;
    bad.settle(key.map(|key| Enrolment { tenant: envelope.tenant, key, people, validate_only }))
}

pub(super) fn one(desk: &Desk, call: Request<wire_registry::GetMemberRequest>) -> Result<Ask<MemberId>, Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let member = member(&mut bad, &asked.member);
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    bad.settle(member.zip(fresh).map(|(what, fresh)| Ask { tenant: envelope.tenant, what, fresh }))
}

/// Orders shown where the caller names no number, and at most.
const USUAL_ORDERS: i32 = 5;
const MOST_ORDERS: i64 = 50;

pub(super) fn portrait(
    desk: &Desk,
    behalf: Behalf,
    call: Request<wire_portrait::GetPortraitRequest>,
) -> Result<(Ask<MemberId>, Sitting), Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let member = member(&mut bad, &asked.member);
    let orders = bad.number("orders", i64::from(asked.orders), 0..=MOST_ORDERS);
    let orders = orders.map(|_| if asked.orders == 0 { USUAL_ORDERS } else { asked.orders });
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    let read = member.zip(orders).zip(fresh).map(|((member, orders), fresh)| {
        let own = fresh.only(crate::SERVICE);
        (Ask { tenant: envelope.tenant, what: member, fresh: own }, Sitting { member, orders, fresh, behalf })
    });
    bad.settle(read)
}

pub(super) fn several(
    desk: &Desk,
    call: Request<wire_registry::BatchGetMembersRequest>,
) -> Result<Ask<Vec<MemberId>>, Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let (mut members, mut seen) = (Vec::new(), HashSet::new());
    if bad.count("members", asked.members.len(), 1..=MOST_READ) {
        for (place, text) in asked.members.iter().enumerate() {
            let read = MemberId::parse(text).map_err(|wrong| bad.add(format!("members[{place}]"), wrong)).ok();
            members.extend(read.filter(|member| seen.insert(*member)));
        }
    }
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    bad.settle(fresh.map(|fresh| Ask { tenant: envelope.tenant, what: members, fresh }))
}

pub(super) async fn known_by(
    desk: &Desk,
    call: Request<wire_registry::FindMemberRequest>,
) -> Result<Ask<Name>, Status> {
    let (envelope, asked) = wire::open(call)?;
    let setting = Setting::of(desk, envelope.tenant).await?;
    let mut bad = Violations::new();
    let identity = required_identity(&mut bad, asked.identity.as_ref(), &setting);
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    bad.settle(identity.zip(fresh).map(|(known, fresh)| Ask { tenant: envelope.tenant, what: known.name, fresh }))
}

fn required_identity(
    bad: &mut Violations,
    identity: Option<&wire_registry::Identity>,
    setting: &Setting,
) -> Option<Identity> {
    match identity {
        Some(identity) => identity_of(bad, "identity", identity, setting),
        None => {
            bad.add("identity", "is required");
            None
        }
    }
}

/// What a page token is bound to.
pub(super) struct Listed {
    pub(super) limit: i64,
    tenant: TenantId,
    filter: String,
    order: Direction,
}

impl Listed {
    pub(super) fn selection(&self) -> Vec<&str> {
        vec!["members", &self.filter, self.order.word()]
    }
}

pub(super) fn list(
    desk: &Desk,
    call: Request<wire_registry::ListMembersRequest>,
) -> Result<(Ask<Page>, Listed), Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let limit = wire::page_size(&mut bad, asked.page_size);
    let filter = bad.take("filter", Filter::parse(&asked.filter));
    let order = wire::order_by(&mut bad, &asked.order_by, "join_time", Direction::Ascending);
    // A token is judged also where the order cannot be read, so that both are told.
    let judged_by = order.unwrap_or(Direction::Ascending);
    let listed = Listed { limit, tenant: envelope.tenant, filter: asked.filter, order: judged_by };
    let token = PageToken::open(&mut bad, &desk.keys, &asked.page_token, &listed.selection());
    let after = token.and_then(|token| place_of(&mut bad, token.as_ref(), |text| MemberId::parse(text).ok()));
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    let page = filter.zip(order).zip(after).zip(fresh).map(|(((filter, order), after), fresh)| {
        let what = Page { filter, order, after, limit };
        (Ask { tenant: listed.tenant, what, fresh }, listed)
    });
    bad.settle(page)
}

/// The place a page token holds: an instant and an id. The token is signed, so another content is of another list.
fn place_of<I>(
    bad: &mut Violations,
    token: Option<&PageToken>,
    id: impl Fn(&str) -> Option<I>,
) -> Option<Option<(Timestamp, I)>> {
    let Some(token) = token else { return Some(None) };
    let place = match token.0.as_slice() {
        [at, of] => at.parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok()).zip(id(of)),
        _ => None,
    };
    if place.is_none() {
        bad.add("page_token", "belongs to another list");
    }
    place.map(Some)
}

pub(super) async fn update(
    desk: &Desk,
    call: Request<wire_registry::UpdateMemberRequest>,
) -> Result<ChangeAsk, Status> {
    let (envelope, asked) = wire::open(call)?;
    let setting = Setting::of(desk, envelope.tenant).await?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "UpdateMember", &asked.request_id, &asked);
    let member = member(&mut bad, &asked.member);
    let etag = etag(&mut bad, &asked.etag);
    let change = Change::Profile(profile_change(&mut bad, &asked, &setting));
    let read = key.zip(member).zip(etag);
    bad.settle(read.map(|((key, member), etag)| ChangeAsk { tenant: envelope.tenant, key, member, etag, change }))
}

fn profile_change(
    bad: &mut Violations,
    asked: &wire_registry::UpdateMemberRequest,
    setting: &Setting,
) -> ProfileChange {
    let mut change = ProfileChange::default();
    let given = asked.change.clone().unwrap_or_default();
    if asked.update_mask.is_empty() {
        bad.add("update_mask", "must name the fields to change");
    }
    for (place, path) in asked.update_mask.iter().enumerate() {
        match path.as_str() {
            "name" => change.name = person::name(bad, "change.name", &given.name),
            "birthday" => {
                change.birthday = person::birthday(bad, "change.birthday", given.birthday.as_ref(), setting);
            }
            "gender" => change.gender = person::gender(bad, "change.gender", &given.gender),
            "language" => change.language = person::language(bad, "change.language", &given.language),
            "touchpoint" => change.touchpoint = person::touchpoint(bad, "change.touchpoint", &given.touchpoint),
            "attributes" => change.attributes = person::attributes(bad, "change.attributes", &given.attributes),
            _ => bad.add(
                format!("update_mask[{place}]"),
                "must be one of name, birthday, gender, language, touchpoint, attributes",
            ),
        }
    }
    change
}

pub(super) async fn identity_to_add(
    desk: &Desk,
    call: Request<wire_registry::AddIdentityRequest>,
) -> Result<ChangeAsk, Status> {
    let (envelope, asked) = wire::open(call)?;
    let setting = Setting::of(desk, envelope.tenant).await?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "AddIdentity", &asked.request_id, &asked);
    let member = member(&mut bad, &asked.member);
    let identity = required_identity(&mut bad, asked.identity.as_ref(), &setting);
    bad.settle(ask(envelope.tenant, key, member, identity.map(Change::AddIdentity)))
}

pub(super) async fn identity_to_remove(
    desk: &Desk,
    call: Request<wire_registry::RemoveIdentityRequest>,
) -> Result<ChangeAsk, Status> {
    let (envelope, asked) = wire::open(call)?;
    let setting = Setting::of(desk, envelope.tenant).await?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "RemoveIdentity", &asked.request_id, &asked);
    let member = member(&mut bad, &asked.member);
    let identity = required_identity(&mut bad, asked.identity.as_ref(), &setting);
    bad.settle(ask(envelope.tenant, key, member, identity.map(|identity| Change::RemoveIdentity(identity.name))))
}

fn ask(
    tenant: TenantId,
    key: Option<RequestKey>,
    member: Option<MemberId>,
    change: Option<Change>,
) -> Option<ChangeAsk> {
    Some(ChangeAsk { tenant, key: key?, member: member?, etag: String::new(), change: change? })
}

pub(super) fn tags(desk: &Desk, call: Request<wire_registry::TagMemberRequest>) -> Result<ChangeAsk, Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "TagMember", &asked.request_id, &asked);
    let member = member(&mut bad, &asked.member);
    let add = person::tags(&mut bad, "add", &asked.add);
    let remove = person::tags(&mut bad, "remove", &asked.remove);
    if asked.add.is_empty() && asked.remove.is_empty() {
        bad.add("add", "must name a tag, or remove must");
    }
    let both: BTreeMap<&String, usize> = asked.add.iter().enumerate().map(|(place, tag)| (tag, place)).collect();
    for (place, tag) in asked.remove.iter().enumerate().filter(|(_, tag)| both.contains_key(tag)) {
        bad.add(format!("remove[{place}]"), format!("is added too, as add[{}]", both[tag]));
    }
    bad.settle(ask(envelope.tenant, key, member, Some(Change::Tags { add, remove })))
}

pub(super) fn consents(desk: &Desk, call: Request<wire_registry::SetConsentRequest>) -> Result<ChangeAsk, Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "SetConsent", &asked.request_id, &asked);
    let member = member(&mut bad, &asked.member);
    let now = desk.clock.now();
    if asked.consents.is_empty() {
        bad.add("consents", "must have 1 to 20 items, not 0");
    }
    let said = consents_of(&mut bad, "consents", &asked.consents, now, now);
    bad.settle(ask(envelope.tenant, key, member, Some(Change::Consents(said))))
}

/// A list of short texts, each once.
fn set_of(bad: &mut Violations, field: &str, texts: &[String], longest: usize) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    if bad.count(field, texts.len(), 0..=MOST_TAGS_A_CALL) {
        for (place, text) in texts.iter().enumerate() {
            set.extend(bad.text(&format!("{field}[{place}]"), text, 1..=longest));
        }
    }
    set
}
