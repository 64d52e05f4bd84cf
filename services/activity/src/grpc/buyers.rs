//! Buyers who named an identity: registry knows whether they are members.
//!
//! Registry is asked before the transaction, never inside. Somebody may enrol between its answer and our commit; so
//! whoever was not found is looked for once more after the commit. One who enrols later still is heard of in registry's
//! log, and their orders are found by the identity's key.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kernel::{MemberId, OrderId, TenantId};
use proto::registry::v1::FindMemberRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use server::{Behalf, Outbound, Peers};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::{Violations, status};

use super::parse::{Asked, Named};
use super::refuse;
use crate::guests::Guests;
use crate::journal::{Buyer, NewEntry, Outcome, Recorded, Recording};

/// Questions under way at once.
const AT_ONCE: usize = 8;

/// What registry says of an identity.
enum Known {
    Member(MemberId),
    /// Nobody's; by this key the identity is told when somebody enrols with it.
    Nobody(String),
}

/// Buyers who named an identity, as registry knew them before the transaction.
pub(super) struct LookedFor {
    unknown: Vec<Named>,
    /// By the place of their entry.
    known: Vec<(usize, MemberId)>,
}

/// Looks for all who named an identity; answers them beside the entries.
pub(super) async fn look(peers: &Peers, behalf: &Behalf, asked: Asked) -> Result<(Recording, LookedFor), Status> {
    let Asked { mut recording, identities } = asked;
    let (mut unknown, mut members) = (Vec::new(), Vec::new());
    for (named, known) in ask_registry(peers, behalf, identities).await? {
        let buyer = match known {
            Known::Member(member) => {
                members.push((named.entry, member));
                Buyer::Member(member)
            }
            Known::Nobody(key) => {
                unknown.push(named.clone());
                Buyer::Guest { key: Some(key) }
            }
        };
        if let Some(NewEntry::Order(order)) = recording.entries.get_mut(named.entry) {
            order.buyer = buyer;
        }
    }
    Ok((recording, LookedFor { unknown, known: members }))
}

/// Looks once more for those nobody knew, and gives them their orders. The call answers what it would answer when it is
/// said again: that a guest's order was recorded.
///
/// An earlier attempt may have written the orders and got no further. Then the answer is that attempt's, and speaks of
/// guests whom registry knows by now: these get their orders too.
pub(super) async fn look_again(
    peers: &Peers,
    behalf: &Behalf,
    guests: &Guests,
    tenant: TenantId,
    looked_for: LookedFor,
    recorded: &Recorded,
) -> Result<(), Status> {
    if !recorded.written {
        return Ok(());
    }
    let recorded_as_guest = |named: &Named| guest_order(recorded, named.entry).is_some();
    let LookedFor { unknown, known: members } = looked_for;
    let unknown: Vec<Named> = unknown.into_iter().filter(recorded_as_guest).collect();
    let mut found: BTreeMap<MemberId, Vec<OrderId>> = BTreeMap::new();
    for (entry, member) in members {
        found.entry(member).or_default().extend(guest_order(recorded, entry));
    }
    found.retain(|_, orders| !orders.is_empty());
    for (named, known) in ask_registry(peers, behalf, unknown).await? {
        match (known, guest_order(recorded, named.entry)) {
            (Known::Member(member), Some(order)) => found.entry(member).or_default().push(order),
            (Known::Member(_) | Known::Nobody(_), _) => {}
        }
    }
    if found.is_empty() { Ok(()) } else { guests.join_found(tenant, &found).await.map_err(refuse::journal) }
}

fn guest_order(recorded: &Recorded, entry: usize) -> Option<OrderId> {
    match recorded.outcomes.get(entry)? {
        Outcome::Order { order, member: None } => Some(*order),
        Outcome::Order { .. }
        | Outcome::Return { .. }
        | Outcome::Adjustment { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Refused { .. } => None,
    }
}

async fn ask_registry(peers: &Peers, behalf: &Behalf, all: Vec<Named>) -> Result<Vec<(Named, Known)>, Status> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let behalf = behalf.clone().needing("members.read");
    let registry = RegistryServiceClient::new(peers.reach("registry", behalf).map_err(status::internal)?);
    stream::iter(all.into_iter().map(|named| one(registry.clone(), named))).buffered(AT_ONCE).try_collect().await
}

async fn one(mut registry: RegistryServiceClient<Outbound>, named: Named) -> Result<(Named, Known), Status> {
    let ask = FindMemberRequest { identity: Some(named.identity.clone()), at_least_as_fresh: String::new() };
    let answer = registry.find_member(ask).await;
    let known = match answer {
        Ok(found) => {
            let member = found.into_inner().member.unwrap_or_default();
            Known::Member(MemberId::parse(&member.id).map_err(status::internal)?)
        }
        Err(refused) => Known::Nobody(key_of(&named, refused)?),
    };
    Ok((named, known))
}

/// The key of an identity nobody has, or the answer to the call where registry did not get so far.
fn key_of(named: &Named, refused: Status) -> Result<String, Status> {
    if let Some(info) = refused.get_details_error_info()
        && info.reason == "MEMBER_NOT_FOUND"
    {
        let key = info.metadata.get("identity_key").filter(|key| !key.is_empty());
        return key.cloned().ok_or_else(|| status::internal("registry names no key for an identity nobody has"));
    }
    Err(match refused.code() {
        Code::InvalidArgument => malformed(named, &refused),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => server::unanswered("registry", refused),
    })
}

/// What registry says is wrong with an identity, told about the caller's own field.
fn malformed(named: &Named, refused: &Status) -> Status {
    let mut bad = Violations::new();
    let told = refused.get_details_bad_request().map(|told| told.field_violations).unwrap_or_default();
    for one in &told {
        let below = one.field.strip_prefix("identity").unwrap_or_default();
        bad.add(format!("{}{below}", named.field), &one.description);
    }
    if told.is_empty() {
        bad.add(&named.field, refused.message());
    }
    bad.settle(None::<()>).err().unwrap_or_else(|| Status::invalid_argument("the identity is malformed"))
}
