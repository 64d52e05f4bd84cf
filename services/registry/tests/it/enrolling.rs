//! One identity makes a member, and makes one.

use std::collections::BTreeSet;

use futures::future::join_all;
use proto::registry::v1::{EnrolMemberRequest, EnrolMembersRequest};
use tonic::Code;

use crate::shop::{Shop, email, person, phone, reason};

#[tokio::test]
async fn a_phone_number_is_enough() {
    let mut shop = Shop::open().await;
    let enrolled = shop.enrol(person(&[phone("0912-345-678")])).await.expect("the number is free");
    let member = shop.get(&enrolled.member, &enrolled.freshness).await.expect("the member is there");
    assert_eq!(member.id, enrolled.member);
    assert_eq!(member.etag, enrolled.etag);
    assert_eq!(member.identities[0].value, "+886912345678");
    assert_eq!((member.acquisition_source.as_str(), member.name.as_str()), ("till", ""));
    assert_eq!(member.join_time, Some(proto::timestamp(shop.clock.now())));
}

#[tokio::test]
async fn an_identity_is_one_members() {
    let mut shop = Shop::open().await;
    let first = shop.enrol_phone("0912345678").await;
    let status =
        shop.enrol(person(&[email("a@example.com"), phone("０９１２ 345 678")])).await.expect_err("it is taken");
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status, "member"), ("IDENTITY_TAKEN".to_owned(), first.to_string()));
    assert_eq!((reason(&status, "kind").1, reason(&status, "position").1), ("phone".to_owned(), "1".to_owned()));
    assert_eq!(shop.rows("member").await, 1, "a refusal writes nothing");
    shop.enrol(person(&[email("a@example.com")])).await.expect("the refused request took no name");
}

#[tokio::test]
async fn many_at_once_with_one_number_make_one_member() {
    let mut shop = Shop::open().await;
    let tills = (0..16).map(|_| {
        let (mut client, request_id) = (shop.client.clone(), shop.request_id());
        let member = Some(person(&[phone("0912345678")]));
        async move { client.enrol_member(EnrolMemberRequest { request_id, member, validate_only: false }).await }
    });
    let answers = join_all(tills).await;
    let (enrolled, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((enrolled.len(), refused.len()), (1, 15));
    let winner = enrolled.into_iter().flatten().next().expect("one won").into_inner().member;
    for status in refused.into_iter().filter_map(Result::err) {
        assert_eq!(reason(&status, "member"), ("IDENTITY_TAKEN".to_owned(), winner.clone()));
    }
    assert_eq!((shop.rows("member").await, shop.rows("identity").await), (1, 1));
    assert_eq!(shop.get(&winner, "").await.expect("the winner is there").id, winner);
}

#[tokio::test]
async fn a_rehearsal_writes_nothing_and_decides_the_same() {
    let mut shop = Shop::open().await;
    let request = |shop: &Shop| EnrolMemberRequest {
        request_id: shop.request_id(),
        member: Some(person(&[phone("0912345678")])),
        validate_only: true,
    };
    let rehearsal = request(&shop);
    let rehearsed = shop.client.enrol_member(rehearsal.clone()).await.expect("nothing is against it").into_inner();
    assert_eq!((rehearsed.member.as_str(), rehearsed.freshness.as_str()), ("", ""));
    assert_eq!((shop.rows("member").await, shop.rows("identity").await), (0, 0));
    let done = EnrolMemberRequest { validate_only: false, ..rehearsal };
    shop.client.enrol_member(done).await.expect("a rehearsal does not use the request id up");
    let again = request(&shop);
    let status = shop.client.enrol_member(again).await.expect_err("now it is taken");
    assert_eq!(reason(&status, "kind").0, "IDENTITY_TAKEN");
}

#[tokio::test]
async fn a_batch_has_an_outcome_for_each() {
    let mut shop = Shop::open().await;
    let known = shop.enrol_phone("0912000001").await;
    let people = [
        person(&[phone("0912000002")]),
        person(&[phone("0912000001")]),
        person(&[phone("0912000003"), email("c@example.com")]),
        person(&[email("C@example.com")]),
    ];
    let request = EnrolMembersRequest { request_id: shop.request_id(), members: people.to_vec(), ..Default::default() };
    let answer = shop.client.enrol_members(request.clone()).await.expect("a batch is not refused").into_inner();
    let refusals: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    assert_eq!(refusals, ["", "IDENTITY_TAKEN", "", "IDENTITY_TAKEN"]);
    assert_eq!(answer.outcomes[1].member, known.to_string());
    assert_eq!(answer.outcomes[3].member, answer.outcomes[2].member, "the earlier one of a batch has the name");
    assert_eq!((shop.rows("member").await, shop.rows("identity").await), (3, 4));
    let again = shop.client.enrol_members(request.clone()).await.expect("said again").into_inner();
    assert_eq!(again, answer);
    for (language, sentence) in
        [("zh-TW", "這個 phone 已屬於另一位會員。"), ("en", "Another member is known by this phone.")]
    {
        let mut call = tonic::Request::new(request.clone());
        call.metadata_mut().insert("accept-language", language.parse().expect("a header"));
        let told = shop.client.enrol_members(call).await.expect("said again").into_inner();
        let messages: Vec<Option<&str>> = told
            .outcomes
            .iter()
            .map(|outcome| outcome.message.as_ref().map(|message| message.message.as_str()))
            .collect();
        assert_eq!(messages[..3], [None, Some(sentence), None]);
        assert_eq!(told.outcomes[1].message.as_ref().map(|message| message.locale.as_str()), Some(language));
    }
    for outcome in answer.outcomes {
        shop.get(&outcome.member, &answer.freshness).await.expect("everybody named is there");
    }
}

#[tokio::test]
async fn a_rehearsed_batch_tells_the_true_outcomes_and_writes_nothing() {
    let mut shop = Shop::open().await;
    let known = shop.enrol_phone("0912000001").await;
    let people = [
        person(&[phone("0912000002")]),
        person(&[phone("0912000001")]),
        person(&[email("c@example.com")]),
        person(&[email("C@example.com")]),
    ];
    let before = shop.database.effects_of(registry::SERVICE).await;
    let mut request =
        EnrolMembersRequest { request_id: shop.request_id(), members: people.to_vec(), validate_only: true };
    let answer = shop.client.enrol_members(request.clone()).await.expect("a batch is not refused").into_inner();
    let told: Vec<(&str, &str)> =
        answer.outcomes.iter().map(|outcome| (outcome.refusal.as_str(), outcome.member.as_str())).collect();
    // Whoever the fourth one's address would have been is nobody yet.
    let holder = known.to_string();
    assert_eq!(told, [("", ""), ("IDENTITY_TAKEN", holder.as_str()), ("", ""), ("IDENTITY_TAKEN", "")]);
    assert_eq!(answer.freshness, "");
    assert_eq!(shop.database.effects_of(registry::SERVICE).await, before, "it leaves something behind");
    request.validate_only = false;
    let done = shop.client.enrol_members(request).await.expect("a rehearsal does not use the id up").into_inner();
    let refusals: Vec<&str> = done.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    assert_eq!(refusals, ["", "IDENTITY_TAKEN", "", "IDENTITY_TAKEN"]);
}

#[tokio::test]
async fn the_largest_batch_fits() {
    let mut shop = Shop::open().await;
    let members =
        (0..500).map(|n| person(&[phone(&format!("0912{n:06}")), email(&format!("m{n}@example.com"))])).collect();
    let request = EnrolMembersRequest { request_id: shop.request_id(), members, ..Default::default() };
    let answer = shop.client.enrol_members(request).await.expect("it fits").into_inner();
    let ids: BTreeSet<&str> = answer.outcomes.iter().map(|outcome| outcome.member.as_str()).collect();
    assert_eq!((ids.len(), shop.rows("identity").await), (500, 1_000));
}

#[tokio::test]
async fn no_personal_data_leaves_the_tables_of_members() {
    let mut shop = Shop::open().await;
    let mut wang = person(&[phone("0912345678"), email("wang@example.com")]);
    wang.name = "王小明".to_owned();
    shop.enrol(wang).await.expect("the names are free");
    for table in ["event", "request"] {
        let told = format!(
            "SELECT count(*) FROM registry.{table} AS row
             WHERE row::text LIKE '%912345678%' OR row::text LIKE '%wang%' OR row::text LIKE '%小明%'"
        );
        assert_eq!(shop.number(&told).await, 0, "{table} tells who somebody is");
    }
    let plain = "SELECT count(*) FROM registry.event WHERE encode(payload, 'escape') LIKE '%912345678%'";
    assert_eq!(shop.number(plain).await, 0);
    assert!(shop.rows("event").await >= 2, "the tenant and the member were told of");
}
