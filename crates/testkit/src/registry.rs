//! A registry that knows whom a test tells it, and the keys of everybody else: for services that ask registry, and may not
//! lean on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kernel::MemberId;
use proto::registry::v1 as wire_registry;
use proto::registry::v1::registry_service_server::{RegistryService, RegistryServiceServer};
use tonic::{Request, Response, Status};
use wire::{RefusalKind, Violations};

/// Who is known to registry, by the value of an identity.
pub type People = Arc<Mutex<BTreeMap<String, MemberId>>>;

/// The registry.
#[derive(Debug)]
pub struct FakeRegistry(People);

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
        RegistryServiceServer::new(Self(people))
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
