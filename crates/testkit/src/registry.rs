//! A registry that knows whom a test tells it, and the keys of everybody else: for services that ask registry, and may not
//! lean on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kernel::MemberId;
use proto::registry::v1 as wire_registry;
use proto::registry::v1::registry_service_server::{RegistryService, RegistryServiceServer};
use tonic::{Request, Response, Status};
use wire::{RefusalKind, Violations};

/// Who is known to registry, by the value of an identity.
pub type People = Arc<Mutex<BTreeMap<String, MemberId>>>;

/// Somebody who has told their birthday.
#[derive(Clone, Debug)]
pub struct Celebrant {
    /// Who.
    pub member: MemberId,
    /// Month and day.
    pub day: (i8, i8),
    /// When they joined.
    pub joined_at: Timestamp,
    /// When their record was changed last.
    pub changed_at: Timestamp,
}

/// Whose birthday registry knows; it does not answer where that is nothing.
pub type Birthdays = Arc<Mutex<Option<Vec<Celebrant>>>>;

/// The registry.
#[derive(Debug)]
pub struct FakeRegistry(People, Birthdays);

/// A member whom this registry does not know.
pub const NOBODY: &str = "member_01h455vb4pex5vsknk084sn02q";

/// The key of an identity, as this registry makes it.
pub fn key_of(value: &str) -> String {
    format!("key of {value}")
}

/// The id of nobody at all, as the harness of bad input says it.
const NOBODY_AT_ALL: &str = "member_00000000000000000000000000";

impl FakeRegistry {
    /// One that knows some people, as a server answers for it.
    pub fn serve(people: People) -> RegistryServiceServer<Self> {
        Self::with_birthdays(people, Birthdays::default())
    }

    /// The same, one that knows birthdays as well.
    pub fn with_birthdays(people: People, birthdays: Birthdays) -> RegistryServiceServer<Self> {
        RegistryServiceServer::new(Self(people, birthdays))
    }
}

macro_rules! unused {
    ($($rpc:ident: $ask:ident -> $answer:ident,)*) => {
        #[tonic::async_trait]
        impl RegistryService for FakeRegistry {
            async fn find_member(
                &self,
                call: Request<wire_registry::FindMemberRequest>,
            ) -> Result<Response<wire_registry::FindMemberResponse>, Status> {
                self.find(&call.into_inner().identity.unwrap_or_default().value)
            }

            async fn batch_get_members(
                &self,
                call: Request<wire_registry::BatchGetMembersRequest>,
            ) -> Result<Response<wire_registry::BatchGetMembersResponse>, Status> {
                // Whoever a test makes up is a member here, but for the one everybody knows to be nobody.
                let (missing, known): (Vec<String>, Vec<String>) =
                    call.into_inner().members.into_iter().partition(|member| member == NOBODY || member == NOBODY_AT_ALL);
                let members = known.into_iter().map(|id| wire_registry::Member { id, ..Default::default() }).collect();
                Ok(Response::new(wire_registry::BatchGetMembersResponse { members, missing }))
            }

            async fn list_birthdays(
                &self,
                call: Request<wire_registry::ListBirthdaysRequest>,
            ) -> Result<Response<wire_registry::ListBirthdaysResponse>, Status> {
                self.celebrants(&call.into_inner()).map(Response::new)
            }
            $(
                async fn $rpc(
                    &self,
                    _: Request<wire_registry::$ask>,
                ) -> Result<Response<wire_registry::$answer>, Status> {
                    Err(Status::unimplemented("nobody asks for this"))
                }
            )*
        }
    };
}

unused! {
    enrol_member: EnrolMemberRequest -> EnrolMemberResponse,
    enrol_members: EnrolMembersRequest -> EnrolMembersResponse,
    get_member: GetMemberRequest -> GetMemberResponse,
    list_members: ListMembersRequest -> ListMembersResponse,
    update_member: UpdateMemberRequest -> UpdateMemberResponse,
    add_identity: AddIdentityRequest -> AddIdentityResponse,
    remove_identity: RemoveIdentityRequest -> RemoveIdentityResponse,
    tag_member: TagMemberRequest -> TagMemberResponse,
    set_consent: SetConsentRequest -> SetConsentResponse,
}

impl FakeRegistry {
    /// One on a page, so that whoever asks has to ask again.
    fn celebrants(
        &self,
        ask: &wire_registry::ListBirthdaysRequest,
    ) -> Result<wire_registry::ListBirthdaysResponse, Status> {
        let known = self.1.lock().expect("nobody panics with the list").clone();
        let known = known.ok_or_else(|| Status::unavailable("registry is away"))?;
        let since = ask.changed_since.as_ref().map(|since| proto::instant(since).expect("an instant"));
        let is_asked = |one: &&Celebrant| {
            (i32::from(one.day.0), i32::from(one.day.1)) == (ask.month, ask.day)
                && since.is_none_or(|since| one.changed_at >= since)
                && one.member.to_string() > ask.page_token
        };
        let mut asked: Vec<&Celebrant> = known.iter().filter(is_asked).collect();
        asked.sort_by_key(|one| one.member.to_string());
        let celebrants = asked.first().map(|one| wire_registry::Celebrant {
            member: one.member.to_string(),
            join_time: Some(proto::timestamp(one.joined_at)),
        });
        let next_page_token = celebrants.iter().filter(|_| asked.len() > 1).map(|one| one.member.clone()).collect();
        Ok(wire_registry::ListBirthdaysResponse { celebrants: celebrants.into_iter().collect(), next_page_token })
    }

    fn find(&self, value: &str) -> Result<Response<wire_registry::FindMemberResponse>, Status> {
        // What cannot be a phone number is told about the field, as registry does.
        if !value.starts_with('+') {
            let mut bad = Violations::new();
            bad.add("identity.value", "must be a phone number");
            return Err(bad.finish().expect_err("a field is wrong"));
        }
        let mut people = self.0.lock().expect("nobody panics with the list");
        // Somebody who enrols in the very moment between the first question and the second.
        if let Some(late) = people.remove(&format!("late {value}")) {
            people.insert(value.to_owned(), late);
        } else if let Some(member) = people.get(value) {
            let member = wire_registry::Member { id: member.to_string(), ..Default::default() };
            return Ok(Response::new(wire_registry::FindMemberResponse { member: Some(member) }));
        }
        Err(wire::refuse(wire::Refusal {
            reason: "MEMBER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: "nobody is known by that phone".to_owned(),
            facts: vec![("identity", "phone".to_owned()), ("identity_key", key_of(value))],
        }))
    }
}
