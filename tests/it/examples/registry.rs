//! Registry's rpcs.

use proto::portrait::v1::GetPortraitRequest;
use proto::registry::v1::{
    AddIdentityRequest, BatchGetMembersRequest, Consent, EnrolMemberRequest, EnrolMembersRequest, FindMemberRequest,
    GetMemberRequest, ListBirthdaysRequest, ListMembersRequest, MemberChange, RemoveIdentityRequest, SetConsentRequest,
    TagMemberRequest, UpdateMemberRequest,
};
use testkit::Examples;

use super::{World, make};
use crate::requests::{card, enrolment, person, phone};

/// A phone number nobody else has.
fn number(n: u32) -> String {
    format!("09{:08}", 20_000_000 + n % 70_000_000)
}

pub fn examples(world: &World) -> Examples {
    let examples = Examples::new(&world.shop.clock)
        .with(make!(world, |world, _n| GetMemberRequest { member: world.member, ..GetMemberRequest::default() }))
        .with(make!(world, |world, _n| GetPortraitRequest { member: world.member, ..GetPortraitRequest::default() }))
        .with(make!(world, |world, _n| BatchGetMembersRequest {
            members: vec![world.member],
            ..BatchGetMembersRequest::default()
        }))
        .with(make!(world, |_world, _n| FindMemberRequest {
            identity: Some(phone("+886911111111")),
            ..FindMemberRequest::default()
        }))
        .with(make!(world, |_world, _n| ListMembersRequest { page_size: 10, ..ListMembersRequest::default() }))
        .with(make!(world, |_world, _n| ListBirthdaysRequest { month: 2, day: 29, ..Default::default() }))
        .with_other(
            make!(world, |_world, n| enrolment(String::new(), &number(n))),
            |request: &mut EnrolMemberRequest| {
                request.member.iter_mut().for_each(|member| member.name = "王小明".to_owned());
            },
        )
        .with_other(
            make!(world, |_world, n| EnrolMembersRequest {
                members: vec![person(card(&format!("C{n}")))],
                ..EnrolMembersRequest::default()
            }),
            |request: &mut EnrolMembersRequest| request.members[0].name = "王小明".to_owned(),
        );
    identities(examples, world)
        .with_other(
            make!(world, |world, n| UpdateMemberRequest {
                member: world.member,
                change: Some(MemberChange { name: format!("王{n}"), ..MemberChange::default() }),
                update_mask: vec!["name".to_owned()],
                ..UpdateMemberRequest::default()
            }),
            |request: &mut UpdateMemberRequest| {
                request.change.iter_mut().for_each(|change| change.name.push('明'));
            },
        )
        .with_other(
            make!(world, |world, n| TagMemberRequest {
                member: world.member,
                add: vec![format!("tag-{n}")],
                ..TagMemberRequest::default()
            }),
            |request: &mut TagMemberRequest| request.add.push("another".to_owned()),
        )
        .with_other(
            make!(world, |world, n| SetConsentRequest {
                member: world.member,
                consents: vec![Consent {
                    purpose: format!("purpose-{n}"),
                    granted: true,
                    source: "till".to_owned(),
                    ..Consent::default()
                }],
                ..SetConsentRequest::default()
            }),
            |request: &mut SetConsentRequest| request.consents[0].granted = false,
        )
}

fn identities(examples: Examples, world: &World) -> Examples {
    examples
        .with_other(
            make!(world, |world, n| AddIdentityRequest {
                member: world.member,
                identity: Some(card(&format!("A{n}"))),
                ..AddIdentityRequest::default()
            }),
            |request: &mut AddIdentityRequest| request.identity = Some(card("another")),
        )
        .with_other(
            make!(world, |world, n| {
                let identity = Some(card(&format!("R{n}")));
                let member = world.member.clone();
                let request_id = world.shop.request_id();
                let added = AddIdentityRequest { request_id, member: member.clone(), identity: identity.clone() };
                world.shop.registry().add_identity(added).await.expect("it is added");
                RemoveIdentityRequest { member, identity, ..RemoveIdentityRequest::default() }
            }),
            |request: &mut RemoveIdentityRequest| request.identity = Some(card("another")),
        )
}
