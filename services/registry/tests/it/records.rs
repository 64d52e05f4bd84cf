//! A record changes by versions, and only what was asked for.

use std::collections::BTreeMap;

use proto::common::v1::Date;
use proto::registry::v1::{GetMemberRequest, MemberChange, TagMemberRequest, UpdateMemberRequest};
use tonic::Code;

use crate::shop::{Shop, fields, person, phone, reason};

fn update(shop: &Shop, member: impl ToString, mask: &[&str], change: MemberChange) -> UpdateMemberRequest {
    UpdateMemberRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        change: Some(change),
        update_mask: mask.iter().map(|path| (*path).to_owned()).collect(),
        etag: String::new(),
    }
}

#[tokio::test]
async fn only_the_fields_of_the_mask_change() {
    let mut shop = Shop::open().await;
    let mut wang = person(&[phone("0912345678")]);
    wang.name = "王小明".to_owned();
    wang.gender = "男".to_owned();
    wang.birthday = Some(Date { year: 0, month: 2, day: 29 });
    wang.attributes = BTreeMap::from([("shoe".to_owned(), "42".to_owned())]);
    let enrolled = shop.enrol(wang).await.expect("the number is free");

    let change = MemberChange { name: "王大明".to_owned(), gender: "ignored".to_owned(), ..MemberChange::default() };
    let request = update(&shop, &enrolled.member, &["name", "birthday", "attributes"], change);
    let changed = shop.client.update_member(request).await.expect("they may change").into_inner();
    let member = shop.get(&enrolled.member, &changed.freshness).await.expect("there");
    assert_eq!((member.name.as_str(), member.masked_name.as_str()), ("王大明", "王○明"));
    assert_eq!((member.gender.as_str(), member.birthday, member.attributes.len()), ("男", None, 0));
    assert_eq!((member.etag.as_str(), changed.etag.as_str()), ("2", "2"));
}

#[tokio::test]
async fn an_older_version_is_not_written_over() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let named = |name: &str| MemberChange { name: name.to_owned(), ..MemberChange::default() };
    let first = UpdateMemberRequest { etag: "1".to_owned(), ..update(&shop, member, &["name"], named("王")) };
    shop.client.update_member(first).await.expect("it is based on the latest");
    let late = UpdateMemberRequest { etag: "1".to_owned(), ..update(&shop, member, &["name"], named("李")) };
    let status = shop.client.update_member(late.clone()).await.expect_err("somebody was first");
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(reason(&status, "current"), ("ETAG_MISMATCH".to_owned(), "2".to_owned()));
    // Not pinned: based on the latest, the same request id works.
    let again = UpdateMemberRequest { etag: "2".to_owned(), ..late };
    assert_eq!(shop.client.update_member(again).await.expect("it may").into_inner().etag, "3");
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_heard_of_by_nobody() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let events = shop.rows("event").await;
    let request = update(&shop, member, &["name"], MemberChange::default());
    assert_eq!(shop.client.update_member(request).await.expect("it may").into_inner().etag, "1");
    let request = TagMemberRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        add: vec![],
        remove: vec!["gone".to_owned()],
    };
    assert_eq!(shop.client.tag_member(request).await.expect("it may").into_inner().etag, "1");
    assert_eq!(shop.rows("event").await, events);
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let tag = |shop: &Shop, add: &[&str], remove: &[&str]| TagMemberRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        add: add.iter().map(|tag| (*tag).to_owned()).collect(),
        remove: remove.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let request = tag(&shop, &["vip", "coffee"], &[]);
    shop.client.tag_member(request).await.expect("they may");
    let request = tag(&shop, &["tea"], &["coffee", "never"]);
    let done = shop.client.tag_member(request).await.expect("they may").into_inner();
    assert_eq!(shop.get(member, &done.freshness).await.expect("there").tags, ["tea", "vip"]);
    let request = tag(&shop, &["vip"], &["vip"]);
    assert_eq!(fields(&shop.client.tag_member(request).await.expect_err("which?")), ["remove[0]"]);
}

#[tokio::test]
async fn nobody_is_told_apart_from_somebody_elses() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let (_, mut strangers) = shop.another("other").await;
    let get = GetMemberRequest { member: member.to_string(), at_least_as_fresh: String::new() };
    let status = strangers.get_member(get).await.expect_err("it is not theirs");
    assert_eq!((status.code(), reason(&status, "member").0), (Code::NotFound, "MEMBER_NOT_FOUND".to_owned()));
    let request = update(&shop, member, &["name"], MemberChange::default());
    let status = strangers.update_member(request).await.expect_err("it is not theirs");
    assert_eq!(reason(&status, "member"), ("MEMBER_NOT_FOUND".to_owned(), member.to_string()));
}
