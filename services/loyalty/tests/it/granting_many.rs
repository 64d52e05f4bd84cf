//! Points given to many at once: each item has its own outcome, in whatever form it comes.

use futures::stream;
use kernel::{MemberId, Shard};
use proto::loyalty::v1::*;
use proto::registry::events::v1::TenantSettled;
use testkit::registry::NOBODY;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::repeat::grant;
use crate::shop::Shop;

const NAME: &str = "a friend came";

fn item(shop: &Shop, member: &str, n: u32) -> GrantPointsRequest {
    GrantPointsRequest { request_id: shop.request_id(), ..grant(member.to_owned(), n, NAME) }
}

async fn gives(shop: &Shop, grants: Vec<GrantPointsRequest>) -> Result<GrantPointsBatchResponse, Status> {
    shop.client().grant_points_batch(GrantPointsBatchRequest { grants }).await.map(tonic::Response::into_inner)
}

/// The refusal, or what can be spent after it.
fn told(outcomes: &[GrantOutcome]) -> Vec<(&str, Option<i64>)> {
    let told = |outcome: &GrantOutcome| outcome.receipt.as_ref().map(|receipt| receipt.spendable);
    outcomes.iter().map(|outcome| (outcome.refusal.as_str(), told(outcome))).collect()
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let told = status.get_details_bad_request().unwrap_or_else(|| panic!("no violations: {status:?}"));
    told.field_violations.into_iter().map(|one| one.field).collect()
}

async fn entries(shop: &Shop, members: &[MemberId]) -> Vec<usize> {
    let mut all = Vec::new();
    for member in members {
        all.push(shop.statement(*member).await.len());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_item_does_not_spoil_its_neighbours() {
    let shop = Shop::open().await;
    let (one, other) = (shop.enrolled().await, shop.enrolled().await);
    let (a, b) = (one.to_string(), other.to_string());
    let first = item(&shop, &a, 1);
    let reused = GrantPointsRequest { points: 8, ..first.clone() };
    let grants =
        vec![first, item(&shop, NOBODY, 1), item(&shop, &b, 1), item(&shop, &a, 1), reused, item(&shop, &a, 2)];
    let ask = testkit::in_language(GrantPointsBatchRequest { grants }, "zh-TW");
    let answer = shop.client().grant_points_batch(ask).await.expect("a batch answers").into_inner();
    let expected = [
        ("", Some(7)),
        ("MEMBER_NOT_FOUND", None),
        ("", Some(7)),
        ("ALREADY_APPLIED", None),
        ("REQUEST_ID_REUSED", None),
        ("", Some(14)),
    ];
    assert_eq!(told(&answer.outcomes), expected);
    let sentences = answer.outcomes.iter().map(|outcome| outcome.message.as_ref());
    let languages: Vec<&str> = sentences.map(|told| told.map_or("", |told| told.locale.as_str())).collect();
    assert_eq!(languages, ["", "zh-TW", "", "zh-TW", "zh-TW", ""]);
    assert_eq!(shop.account(one, &answer.freshness).await.balance, 14);
    assert_eq!(entries(&shop, &[one, other]).await, [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_answers_the_same_in_whatever_form_it_is_said_again() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await.to_string();
    let grants: Vec<_> = (1..=5).map(|n| item(&shop, &member, n)).collect();
    let first = gives(&shop, grants.clone()).await.expect("a batch answers");
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    assert_eq!(gives(&shop, grants.clone()).await.expect("said again"), first);

    let message = StreamGrantsRequest { grants: grants.clone() };
    let mut answers = shop.client().stream_grants(stream::iter([message])).await.expect("it begins").into_inner();
    let streamed = answers.message().await.expect("an answer").expect("there is one");
    assert_eq!((streamed.outcomes, streamed.freshness), (first.outcomes.clone(), first.freshness));

    for (grant, outcome) in grants.into_iter().zip(first.outcomes) {
        let alone = shop.client().grant_points(grant).await.expect("said again").into_inner();
        assert_eq!(Some(alone), outcome.receipt);
    }
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "said again, nothing happens");
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_within_one_batch_are_given_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    // And twins of somebody who is heard of only now.
    let stranger = shop.member();
    let (one, two) = (item(&shop, &member.to_string(), 1), item(&shop, &stranger.to_string(), 1));
    let answer = gives(&shop, vec![one.clone(), two.clone(), one, two]).await.expect("a batch answers");
    assert_eq!(told(&answer.outcomes), [("", Some(7)); 4]);
    assert_eq!(answer.outcomes[0], answer.outcomes[2]);
    assert_eq!(answer.outcomes[1], answer.outcomes[3]);
    assert_eq!(entries(&shop, &[member, stranger]).await, [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_whom_nothing_was_heard_are_given_theirs() {
    let shop = Shop::open().await;
    let (known, new, newer) = (shop.enrolled().await, shop.member(), shop.member());
    let of = |member: MemberId, n| item(&shop, &member.to_string(), n);
    let grants = vec![of(new, 1), of(known, 1), item(&shop, NOBODY, 1), of(newer, 1), of(new, 2), of(new, 1)];
    let answer = gives(&shop, grants).await.expect("a batch answers");
    let expected = [
        ("", Some(7)),
        ("", Some(7)),
        ("MEMBER_NOT_FOUND", None),
        ("", Some(7)),
        ("", Some(14)),
        ("ALREADY_APPLIED", None),
    ];
    assert_eq!(told(&answer.outcomes), expected);
    assert_eq!(entries(&shop, &[known, new, newer]).await, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_asks_is_told_and_nothing_is_written() {
    let shop = Shop::open().await;
    let (known, new) = (shop.enrolled().await, shop.member());
    let asks =
        [known, new].map(|member| GrantPointsRequest { validate_only: true, ..item(&shop, &member.to_string(), 1) });
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let answer = gives(&shop, asks.to_vec()).await.expect("a batch answers");
    assert_eq!(told(&answer.outcomes), [("", Some(7)); 2]);
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_1_to_1000_items_and_all_wrong_fields_are_told() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let many = |number| (0..number).map(|n| item(&shop, &member.to_string(), n)).collect::<Vec<_>>();
    assert_eq!(wrong_fields(&gives(&shop, Vec::new()).await.expect_err("there is none")), ["grants"]);
    assert_eq!(wrong_fields(&gives(&shop, many(1_001)).await.expect_err("there are too many")), ["grants"]);
    let mut wrong = many(3);
    (wrong[0].points, wrong[2].cause) = (0, "order_01h455vb4pex5vsknk084sn02q".to_owned());
    wrong[2].reason = String::new();
    let status = gives(&shop, wrong).await.expect_err("much is wrong");
    assert_eq!(wrong_fields(&status), ["grants[0].points", "grants[2].reason", "grants[2].cause"]);
    assert_eq!(entries(&shop, &[member]).await, [0], "a batch that cannot be read gives nothing");

    let answer = gives(&shop, many(1_000)).await.expect("so many are let in");
    assert!(answer.outcomes.iter().all(|outcome| outcome.refusal.is_empty()));
    assert_eq!(shop.account(member, &answer.freshness).await.balance, 7_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_gives_nothing_to_many() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let suspended = TenantSettled {
        tenant: shop.tenant.to_string(),
        currency_code: "TWD".to_owned(),
        zone: "Asia/Taipei".to_owned(),
        suspended: true,
        ..TenantSettled::default()
    };
    let shard = Shard::of_tenant(shop.tenant);
    let said = shop.registry.say_at(shop.tenant, shard, shop.tenant, shop.clock.now(), &suspended).await;
    shop.account(member, &shop.seal(&said)).await;
    let grants = vec![item(&shop, &member.to_string(), 1)];
    let refused = gives(&shop, grants.clone()).await.expect_err("it is suspended");
    let reason = |status: &Status| status.get_details_error_info().expect("a reason").reason;
    assert_eq!(reason(&refused), "TENANT_SUSPENDED");
    let batches = stream::iter([StreamGrantsRequest { grants }]);
    let mut answers = shop.client().stream_grants(batches).await.expect("it begins").into_inner();
    assert_eq!(reason(&answers.message().await.expect_err("it is suspended")), "TENANT_SUSPENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_loses_nothing_that_was_answered() {
    let shop = Shop::open().await;
    let members = [shop.enrolled().await, shop.enrolled().await];
    let batch = |place: u32| {
        let grants = (0..10).map(|n| item(&shop, &members[n as usize % 2].to_string(), place * 10 + n)).collect();
        StreamGrantsRequest { grants }
    };
    let batches: Vec<_> = (0..6).map(batch).collect();
    let mut first = Vec::new();
    let mut answers = shop.client().stream_grants(stream::iter(batches.clone())).await.expect("it begins").into_inner();
    for _ in 0..3 {
        first.push(answers.message().await.expect("an answer").expect("there is more"));
    }
    drop(answers);
    // What was answered can be read, whatever became of the rest.
    let known = first.iter().flat_map(|answer| &answer.outcomes).filter_map(|outcome| outcome.receipt.as_ref());
    let known: Vec<String> = known.map(|receipt| receipt.entry.clone()).collect();
    let mut written = Vec::new();
    for member in members {
        written.extend(shop.statement(member).await.into_iter().map(|entry| entry.id));
    }
    assert_eq!(known.len(), 30);
    assert!(known.iter().all(|entry| written.contains(entry)));

    let mut answers = shop.client().stream_grants(stream::iter(batches)).await.expect("it begins").into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.expect("an answer") {
        all.push(answer);
    }
    assert_eq!(all[..3], first[..]);
    assert_eq!(all.len(), 6);
    assert!(all.iter().flat_map(|answer| &answer.outcomes).all(|outcome| outcome.refusal.is_empty()));
    assert_eq!(entries(&shop, &members).await, [30, 30]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_read_ends_the_stream_after_those_before_it() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let batch = |n| StreamGrantsRequest { grants: vec![item(&shop, &member.to_string(), n)] };
    let mut wrong = batch(2);
    wrong.grants.push(GrantPointsRequest { points: -1, ..item(&shop, &member.to_string(), 3) });
    let batches = vec![batch(1), wrong, batch(4)];
    let mut answers = shop.client().stream_grants(stream::iter(batches)).await.expect("it begins").into_inner();
    let first = answers.message().await.expect("an answer").expect("there is more");
    assert_eq!(told(&first.outcomes), [("", Some(7))]);
    let status = answers.message().await.expect_err("the second cannot be read");
    assert_eq!(wrong_fields(&status), ["grants[1].points"]);
    assert_eq!(entries(&shop, &[member]).await, [1]);
}
