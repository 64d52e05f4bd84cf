//! Lists are read page by page, each member once, in the order they joined.

use proto::common::v1::Date;
use proto::registry::v1::{
    BatchGetMembersRequest, EnrolMembersRequest, ListBirthdaysRequest, ListMembersRequest, MemberChange, NewMember,
    UpdateMemberRequest,
};

use crate::shop::{Shop, fields, person, phone};

async fn crowd(shop: &mut Shop, count: u32) -> Vec<String> {
    let members: Vec<NewMember> = (0..count)
        .map(|n| {
            let mut one = person(&[phone(&format!("0912{n:06}"))]);
            // Many join in one second, and later ids join earlier.
            let joined = 1_600_000_000 + i64::from((count - n) / 3);
            one.join_time = Some(prost_types::Timestamp { seconds: joined, nanos: 0 });
            one.tags = if n % 2 == 0 { vec!["even".to_owned()] } else { vec![] };
            one.acquisition_source = if n % 3 == 0 { "web".to_owned() } else { "till".to_owned() };
            one
        })
        .collect();
    let request = EnrolMembersRequest { request_id: shop.request_id(), members, ..Default::default() };
    let answer = shop.client.enrol_members(request).await.expect("they are new").into_inner();
    answer.outcomes.into_iter().map(|outcome| outcome.member).collect()
}

async fn all(shop: &mut Shop, page_size: i32, filter: &str) -> Vec<(i64, String)> {
    ordered(shop, page_size, filter, "").await
}

async fn ordered(shop: &mut Shop, page_size: i32, filter: &str, order_by: &str) -> Vec<(i64, String)> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let (filter, order_by) = (filter.to_owned(), order_by.to_owned());
        let request = ListMembersRequest { page_size, page_token, filter, order_by, ..Default::default() };
        let page = shop.client.list_members(request).await.expect("a page").into_inner();
        assert!(page.members.len() <= usize::try_from(page_size).expect("positive"));
        found.extend(page.members.into_iter().map(|member| (member.join_time.expect("known").seconds, member.id)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn every_member_is_on_one_page() {
    let mut shop = Shop::open().await;
    let mut ids = crowd(&mut shop, 50).await;
    ids.sort();
    for page_size in [1, 7, 25, 50, 1_000] {
        let found = all(&mut shop, page_size, "").await;
        assert!(found.windows(2).all(|pair| pair[0].0 <= pair[1].0), "in the order they joined");
        let mut listed: Vec<String> = found.into_iter().map(|(_, id)| id).collect();
        listed.sort();
        assert_eq!(listed, ids, "with {page_size} on a page");
    }
}

#[tokio::test]
async fn a_filter_lets_through_who_meets_all_of_it() {
    let mut shop = Shop::open().await;
    crowd(&mut shop, 30).await;
    let table = [
        ("tag = \"even\"", 15),
        ("acquisition_source = \"web\"", 10),
        ("tag = \"even\" AND acquisition_source = \"web\"", 5),
        ("state = \"ENROLLED\"", 30),
        ("state = \"LEFT\"", 0),
        ("tag = \"odd' OR true --\"", 0),
    ];
    for (filter, count) in table {
        assert_eq!(all(&mut shop, 4, filter).await.len(), count, "{filter}");
    }
}

#[tokio::test]
async fn a_page_token_belongs_to_its_list() {
    let mut shop = Shop::open().await;
    crowd(&mut shop, 3).await;
    let first = ListMembersRequest { page_size: 1, ..ListMembersRequest::default() };
    let token = shop.client.list_members(first.clone()).await.expect("a page").into_inner().next_page_token;
    let other = ListMembersRequest { page_token: token, filter: "tag = \"even\"".to_owned(), ..first.clone() };
    assert_eq!(fields(&shop.client.list_members(other).await.expect_err("another list")), ["page_token"]);
    let token = shop.client.list_members(first.clone()).await.expect("a page").into_inner().next_page_token;
    let turned = |order_by: &str| ListMembersRequest {
        page_token: token.clone(),
        order_by: order_by.to_owned(),
        ..first.clone()
    };
    let other = shop.client.list_members(turned("join_time desc")).await.expect_err("another order");
    assert_eq!(fields(&other), ["page_token"]);
    shop.client.list_members(turned("join_time")).await.expect("the same order in words");
    let wrong = ListMembersRequest {
        page_token: "x".to_owned(),
        filter: "tag".to_owned(),
        order_by: "name".to_owned(),
        ..first.clone()
    };
    let wrong = shop.client.list_members(wrong).await.expect_err("all three");
    assert_eq!(fields(&wrong), ["filter", "order_by", "page_token"]);
}

#[tokio::test]
async fn the_newest_members_come_first_where_that_is_asked_for() {
    let mut shop = Shop::open().await;
    crowd(&mut shop, 20).await;
    let mut oldest_first = all(&mut shop, 7, "").await;
    assert_eq!(ordered(&mut shop, 3, "", "join_time asc").await, oldest_first);
    oldest_first.reverse();
    for page_size in [1, 7, 20, 100] {
        assert_eq!(ordered(&mut shop, page_size, "", " join_time  desc ").await, oldest_first, "{page_size} on a page");
    }
    let even = ordered(&mut shop, 3, "tag = \"even\"", "join_time desc").await;
    assert!(even.len() == 10 && even.is_sorted_by(|one, next| one > next), "{even:?}");
}

#[tokio::test]
async fn a_batch_answers_in_the_order_asked_and_names_who_is_missing() {
    let mut shop = Shop::open().await;
    let ids = crowd(&mut shop, 5).await;
    let nobody = kernel::MemberId::new_at(shop.clock.now()).to_string();
    let members = vec![ids[3].clone(), nobody.clone(), ids[0].clone(), ids[3].clone()];
    for round in ["from the database", "from memory"] {
        let request = BatchGetMembersRequest { members: members.clone(), at_least_as_fresh: String::new() };
        let answer = shop.client.batch_get_members(request).await.expect("readable").into_inner();
        let found: Vec<&str> = answer.members.iter().map(|member| member.id.as_str()).collect();
        assert_eq!(found, [&ids[3], &ids[0]], "{round}");
        assert_eq!(answer.missing, std::slice::from_ref(&nobody));
    }
}

/// Whose birthday is on a day, page by page.
async fn celebrants(shop: &mut Shop, page_size: i32, ask: ListBirthdaysRequest) -> Vec<String> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let ask = ListBirthdaysRequest { page_size, page_token, ..ask.clone() };
        let page = shop.client.list_birthdays(ask).await.expect("a page").into_inner();
        assert!(page.celebrants.iter().all(|one| one.join_time.is_some()));
        found.extend(page.celebrants.into_iter().map(|one| one.member));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn birthdays_are_listed_by_day_without_a_year() {
    let mut shop = Shop::open().await;
    let members: Vec<NewMember> = (0..9)
        .map(|n| {
            let mut one = person(&[phone(&format!("0922{n:06}"))]);
            // Some tell the year, and some do not; every third is born on another day, or tells nothing.
            one.birthday = match n % 3 {
                0 => Some(Date { year: if n == 0 { 0 } else { 1992 }, month: 2, day: 29 }),
                1 => Some(Date { year: 1990, month: 2, day: 28 }),
                _ => None,
            };
            one
        })
        .collect();
    let request = EnrolMembersRequest { request_id: shop.request_id(), members, ..Default::default() };
    let answer = shop.client.enrol_members(request).await.expect("they are new").into_inner();
    let ids: Vec<String> = answer.outcomes.into_iter().map(|outcome| outcome.member).collect();
    let on = |day| ListBirthdaysRequest { month: 2, day, ..ListBirthdaysRequest::default() };
    let mut leap: Vec<String> = [0, 3, 6].iter().map(|place| ids[*place].clone()).collect();
    leap.sort();
    for page_size in [1, 2, 3, 10] {
        assert_eq!(celebrants(&mut shop, page_size, on(29)).await, leap, "with {page_size} on a page");
    }
    assert_eq!(celebrants(&mut shop, 10, on(27)).await, Vec::<String>::new());
    shop.clock.move_to(shop.clock.now() + jiff::SignedDuration::from_hours(1)).expect("forward");
    let since = Some(proto::timestamp(shop.clock.now()));
    let change = UpdateMemberRequest {
        request_id: shop.request_id(),
        member: ids[2].clone(),
        change: Some(MemberChange {
            birthday: Some(Date { year: 1980, month: 2, day: 29 }),
            ..MemberChange::default()
        }),
        update_mask: vec!["birthday".to_owned()],
        ..UpdateMemberRequest::default()
    };
    shop.client.update_member(change).await.expect("changed");
    let changed = ListBirthdaysRequest { changed_since: since, ..on(29) };
    assert_eq!(celebrants(&mut shop, 10, changed).await, [ids[2].clone()]);
    assert_eq!(celebrants(&mut shop, 10, on(29)).await.len(), 4);
    for (month, day) in [(2, 30), (13, 1), (0, 0)] {
        let ask = ListBirthdaysRequest { month, day, ..ListBirthdaysRequest::default() };
        let refused = shop.client.list_birthdays(ask).await.expect_err("no such day");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{month}-{day}");
    }
}
