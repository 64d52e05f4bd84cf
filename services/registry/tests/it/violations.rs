//! What is wrong with a call is told at once, field by field.

use std::collections::BTreeMap;

use proto::common::v1::Date;
use proto::registry::v1::{
    CreateTenantRequest, EnrolMembersRequest, Identity, IdentityKind, NewMember, TenantSettings, UpdateMemberRequest,
};

use crate::shop::{Shop, email, fields, identity, person, phone};

#[tokio::test]
async fn a_person_is_read_to_the_end() {
    let mut shop = Shop::open().await;
    let day = |year, month, day| Some(Date { year, month, day });
    let one = || person(&[phone("0912345678")]);
    let table: Vec<(NewMember, Vec<&str>)> = vec![
        (NewMember::default(), vec!["identities", "acquisition_source"]),
        (person(&[]), vec!["identities"]),
        (person(&[phone("0912")]), vec!["identities[0].value"]),
        (person(&[email("wang")]), vec!["identities[0].value"]),
        (person(&[phone("0912345678"), phone("+886912345678")]), vec!["identities[1].value"]),
        (person(&[identity(IdentityKind::Line, "", "U1")]), vec!["identities[0].issuer"]),
        (person(&[identity(IdentityKind::Phone, "shop", "x")]), vec!["identities[0].issuer", "identities[0].value"]),
        (person(&[Identity::default()]), vec!["identities[0].kind"]),
        (person(&[Identity { kind: 99, ..phone("0912345678") }]), vec!["identities[0].kind"]),
        (person(&vec![phone("0912345678"); 21]), vec!["identities"]),
        (NewMember { birthday: day(1990, 2, 29), ..one() }, vec!["birthday"]),
        (NewMember { birthday: day(2026, 11, 23), ..one() }, vec!["birthday"]),
        (NewMember { name: "王\u{0}".to_owned(), ..one() }, vec!["name"]),
        (NewMember { name: "x".repeat(201), ..one() }, vec!["name"]),
        (NewMember { language: "not a tag".to_owned(), ..one() }, vec!["language"]),
        (NewMember { gender: "x".repeat(41), touchpoint: " x".to_owned(), ..one() }, vec!["gender", "touchpoint"]),
        (NewMember { tags: vec![String::new()], ..one() }, vec!["tags[0]"]),
        (NewMember { tags: vec!["x".to_owned(); 51], ..one() }, vec!["tags"]),
        (
            NewMember { attributes: BTreeMap::from([("shoe".to_owned(), "x".repeat(1_001))]), ..one() },
            vec!["attributes.shoe"],
        ),
        (
            NewMember { join_time: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }), ..one() },
            vec!["join_time"],
        ),
    ];
    for (person, wrong) in table {
        let told = person.clone();
        let status = shop.enrol(person).await.expect_err("something is wrong");
        let wrong: Vec<String> = wrong.into_iter().map(|field| format!("member.{field}")).collect();
        assert_eq!(fields(&status), wrong, "{told:?}");
    }
    assert_eq!(shop.rows("request").await, 1, "the tenant's opening is all that was written down");
}

#[tokio::test]
async fn the_place_in_a_batch_is_told() {
    let mut shop = Shop::open().await;
    let members = vec![person(&[phone("0912345678")]), person(&[phone("x")]), NewMember::default()];
    let request = EnrolMembersRequest { request_id: "x".to_owned(), members, ..Default::default() };
    let status = shop.client.enrol_members(request).await.expect_err("four are wrong");
    let wrong =
        ["request_id", "members[1].identities[0].value", "members[2].identities", "members[2].acquisition_source"];
    assert_eq!(fields(&status), wrong);
    let none = EnrolMembersRequest { request_id: shop.request_id(), members: vec![], ..Default::default() };
    assert_eq!(fields(&shop.client.enrol_members(none).await.expect_err("nobody")), ["members"]);
}

#[tokio::test]
async fn a_mask_names_what_there_is() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await.to_string();
    let update_mask = vec!["name".to_owned(), "state".to_owned(), "tags".to_owned()];
    let request = UpdateMemberRequest { request_id: shop.request_id(), member, update_mask, ..Default::default() };
    let status = shop.client.update_member(request.clone()).await.expect_err("two cannot be updated");
    assert_eq!(fields(&status), ["update_mask[1]", "update_mask[2]"]);
    let nothing = UpdateMemberRequest { update_mask: vec![], ..request };
    assert_eq!(fields(&shop.client.update_member(nothing).await.expect_err("nothing")), ["update_mask"]);
}

#[tokio::test]
async fn a_tenant_is_read_to_the_end() {
    let mut shop = Shop::open().await;
    let settings = TenantSettings {
        zone: "Mars/Olympus".to_owned(),
        currency_code: "twd".to_owned(),
        minor_digits: Some(5),
        phone_region: "Taiwan".to_owned(),
    };
    let request = CreateTenantRequest {
        request_id: String::new(),
        code: "No Code".to_owned(),
        display_name: String::new(),
        settings: Some(settings),
    };
    let status = shop.operator.create_tenant(request).await.expect_err("everything is wrong");
    let wrong = [
        "request_id",
        "code",
        "display_name",
        "settings.zone",
        "settings.currency_code",
        "settings.minor_digits",
        "settings.phone_region",
    ];
    assert_eq!(fields(&status), wrong);
}
