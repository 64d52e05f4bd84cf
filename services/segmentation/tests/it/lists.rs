//! Lists come in pages whose tokens belong to them.

use std::collections::BTreeSet;

use proto::segmentation::v1::*;
use tonic::Code;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn members_are_listed_by_group_and_stage_page_by_page() {
    let shop = Shop::open().await;
    let mut fresh = String::new();
    let (mut all, mut buyers) = (BTreeSet::new(), BTreeSet::new());
    for number in 0..7 {
        let member = shop.member();
        all.insert(member.to_string());
        fresh = shop.joins(member).await;
        shop.insight(member, &fresh).await;
        if number % 2 == 0 {
            (_, fresh) = shop.buys(member, 100).await;
            shop.insight(member, &fresh).await;
            buyers.insert(member.to_string());
        }
    }
    let table = [
        (Group::Unspecified, Lifecycle::Unspecified, all.clone()),
        (Group::Unsorted, Lifecycle::Unspecified, buyers.clone()),
        (Group::Unspecified, Lifecycle::New, buyers.clone()),
        (Group::Unsorted, Lifecycle::New, buyers.clone()),
        (Group::Unsorted, Lifecycle::Active, BTreeSet::new()),
        (Group::Prospect, Lifecycle::Unspecified, &all - &buyers),
    ];
    for (group, lifecycle, expected) in table {
        let (mut token, mut found) = (String::new(), Vec::new());
        loop {
            let request = ListMembersRequest {
                group: group.into(),
                lifecycle: lifecycle.into(),
                page_size: 2,
                page_token: token,
                at_least_as_fresh: fresh.clone(),
            };
            let page = shop.client().list_members(request).await.expect("a page").into_inner();
            assert!(page.members.len() <= 2);
            found.extend(page.members.into_iter().map(|one| one.member));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
            let another = ListMembersRequest {
                group: Group::Dormant.into(),
                page_token: token.clone(),
                ..ListMembersRequest::default()
            };
            let refused = shop.client().list_members(another).await.expect_err("the token is of another list");
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
        assert_eq!(found.len(), expected.len(), "nobody twice");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{group:?} {lifecycle:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_paged_newest_first() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 100).await;
    shop.insight(member, &fresh).await;
    shop.days_pass(200).await;
    let all = shop.changes(member).await;
    assert!(all.len() >= 4, "{all:?}");
    let (mut token, mut paged) = (String::new(), Vec::new());
    loop {
        let request = ListChangesRequest {
            member: member.to_string(),
            page_size: 1,
            page_token: token,
            ..ListChangesRequest::default()
        };
        let page = shop.client().list_changes(request).await.expect("a page").into_inner();
        paged.extend(page.changes);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let another =
            ListChangesRequest { member: shop.member().to_string(), page_token: token.clone(), ..Default::default() };
        let refused = shop.client().list_changes(another).await.expect_err("the token is of another member");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    paged.reverse();
    assert_eq!(paged, all);
}
