//! Snapshots are taken at midnight, on demand and with a new scheme; everybody is looked at again afterwards.

use jiff::{SignedDuration, Timestamp};
use proto::segmentation::v1::*;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::shop::{Shop, when};

async fn snapshot(shop: &Shop, number: i64) -> Result<Snapshot, tonic::Status> {
    let asked = GetSnapshotRequest { number, ..GetSnapshotRequest::default() };
    shop.client().get_snapshot(asked).await.map(|told| told.into_inner().snapshot.expect("it is there"))
}

fn group(told: &Insight) -> Group {
    told.rfm.as_ref().expect("letters").group()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_taken_at_each_midnight_at_which_another_may_come_out() {
    let shop = Shop::open().await;
    let refused = snapshot(&shop, 0).await.expect_err("none was taken");
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.get_details_error_info().expect("it has a reason").reason, "SNAPSHOT_NOT_FOUND");
    let (rich, poor) = (shop.member(), shop.member());
    shop.buys(rich, 900).await;
    let (_, fresh) = shop.buys(poor, 100).await;
    assert_eq!(group(&shop.insight(poor, &fresh).await), Group::Unsorted);
    // Midnight in Taipei.
    let midnight = testkit::instant("2026-01-10T16:00:00Z");
    shop.pass_until(midnight - SignedDuration::from_secs(1)).await;
    assert!(snapshot(&shop, 0).await.is_err());
    shop.pass_until(midnight).await;
    let taken = snapshot(&shop, 0).await.expect("it is taken");
    assert_eq!((taken.number, taken.population, taken.monetary_from), (1, 2, 500));
    assert_eq!(when(taken.take_time), midnight.to_string());
    assert_eq!(taken.cut_rules, ["median", "median", "median"]);
    for (member, expected) in [(rich, Group::Vip), (poor, Group::Promising)] {
        assert_eq!(group(&shop.insight(member, "").await), expected);
        let last = shop.changes(member).await.pop().expect("it was told");
        assert_eq!((last.from_group(), last.to_group()), (Group::Unsorted, expected));
        assert_eq!((when(last.occur_time), last.snapshot, last.cause.as_str()), (midnight.to_string(), 1, ""));
    }
    assert_eq!(shop.overview(None).await.waiting, 0);
    // Nothing is heard, so nothing can come out otherwise until the purchases leave the period.
    shop.days_pass(3).await;
    assert_eq!(snapshot(&shop, 0).await.expect("it is taken").number, 1);
    let (_, fresh) = shop.buys(poor, 100).await;
    shop.insight(poor, &fresh).await;
    shop.days_pass(1).await;
    let second = snapshot(&shop, 0).await.expect("it is taken");
    assert_eq!((second.number, when(second.take_time)), (2, "2026-01-14T16:00:00Z".to_owned()));
    shop.days_pass(362).await;
    let third = snapshot(&shop, 0).await.expect("it is taken");
    assert_eq!((third.number, third.population, when(third.take_time)), (3, 1, "2027-01-10T16:00:00Z".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_exact_while_members_still_wait() {
    let shop = Shop::open().await;
    let (rich, poor) = (shop.member(), shop.member());
    shop.buys(rich, 900).await;
    let (_, fresh) = shop.buys(poor, 100).await;
    shop.insight(poor, &fresh).await;
    let request = TakeSnapshotRequest { request_id: shop.request_id(), validate_only: false };
    shop.client().take_snapshot(request).await.expect("it is taken");
    // Nothing has rung yet.
    assert_eq!(group(&shop.insight(poor, "").await), Group::Promising);
    let listed = ListMembersRequest { group: Group::Unsorted.into(), ..ListMembersRequest::default() };
    let page = shop.client().list_members(listed.clone()).await.expect("a page").into_inner();
    assert_eq!((page.members.len(), page.waiting), (2, 2));
    assert_eq!(shop.overview(None).await.waiting, 2);
    shop.rings().await;
    let page = shop.client().list_members(listed).await.expect("a page").into_inner();
    assert_eq!((page.members.len(), page.waiting), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_can_be_tried_and_a_suspended_tenant_takes_none() {
    let shop = Shop::open().await;
    let (_, fresh) = shop.buys(shop.member(), 900).await;
    shop.insight(shop.member(), &fresh).await;
    let tried = TakeSnapshotRequest { request_id: shop.request_id(), validate_only: true };
    let told = shop.client().take_snapshot(tried).await.expect("it is worked out").into_inner();
    assert_eq!((told.number, told.population, told.freshness.as_str()), (1, 1, ""));
    assert!(snapshot(&shop, 0).await.is_err(), "nothing was written");
    shop.settled(true).await;
    let request = TakeSnapshotRequest { request_id: shop.request_id(), validate_only: false };
    let refused = shop.client().take_snapshot(request).await.expect_err("it is suspended");
    assert_eq!(refused.get_details_error_info().expect("it has a reason").reason, "TENANT_SUSPENDED");
}

fn scheme(effective_at: Timestamp) -> Scheme {
    Scheme {
        effective_time: Some(proto::timestamp(effective_at)),
        monetary: Some(Cut { rule: Some(cut::Rule::Value(1_000)) }),
        ..Scheme::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheme_rules_from_its_instant_on_by_a_snapshot_of_its_own() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 900).await;
    shop.insight(member, &fresh).await;
    shop.snapshot().await;
    assert_eq!(group(&shop.insight(member, "").await), Group::Vip);
    let at = shop.clock.now() + SignedDuration::from_hours(3);
    let asked = PutSchemeRequest { request_id: shop.request_id(), scheme: Some(scheme(at)), validate_only: false };
    let put = shop.client().put_scheme(asked).await.expect("it is put").into_inner();
    assert_eq!(put.version, 1);
    shop.pass_until(at - SignedDuration::from_secs(1)).await;
    assert_eq!(group(&shop.insight(member, "").await), Group::Vip);
    shop.pass_until(at).await;
    let told = shop.insight(member, "").await;
    assert_eq!(group(&told), Group::Promising);
    let decision = told.rfm.expect("letters").decision.expect("grounds");
    assert_eq!((decision.outcome.as_str(), decision.rule_version.as_str()), ("PROMISING", "scheme/1"));
    assert_eq!(
        testkit::sentence(Some(&decision)),
        "Promising: bought recently and often, for small amounts; purchases in 12 months: 1."
    );
    let taken = snapshot(&shop, 0).await.expect("it is taken");
    assert_eq!((taken.number, taken.scheme_version, when(taken.take_time)), (2, 1, at.to_string()));
    let read = shop.client().get_scheme(GetSchemeRequest::default()).await.expect("it rules").into_inner().scheme;
    let read = read.expect("it is there");
    assert_eq!((read.version, read.rfm_period_months), (1, Some(12)));
}

#[tokio::test(flavor = "multi_thread")]
async fn schemes_follow_one_another() {
    let shop = Shop::open().await;
    let built_in = shop.client().get_scheme(GetSchemeRequest::default()).await.expect("it rules").into_inner().scheme;
    assert_eq!(built_in.expect("it is there").version, 0);
    let put = |effective_at: Timestamp| {
        let asked = PutSchemeRequest {
            request_id: shop.request_id(),
            scheme: Some(scheme(effective_at)),
            validate_only: false,
        };
        let mut client = shop.client();
        async move {
            let refused = client.put_scheme(asked).await.err()?;
            Some(refused.get_details_error_info().expect("it has a reason").reason)
        }
    };
    assert_eq!(put(testkit::instant("2020-01-01T00:00:00Z")).await, None, "the first may rule the past");
    assert_eq!(put(testkit::instant("2019-01-01T00:00:00Z")).await.as_deref(), Some("TERMS_VERSION_TAKEN"));
    assert_eq!(put(testkit::instant("2025-01-01T00:00:00Z")).await.as_deref(), Some("TERMS_IN_THE_PAST"));
    let unknown = GetSchemeRequest { version: 7, ..GetSchemeRequest::default() };
    let refused = shop.client().get_scheme(unknown).await.expect_err("it was never put");
    assert_eq!(refused.get_details_error_info().expect("it has a reason").reason, "TERMS_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_said_once_however_it_came_about() {
    let shop = Shop::open().await;
    let (rich, poor, bought) = (shop.member(), shop.member(), shop.clock.now());
    let (much, fresh) = shop.buys(rich, 900).await;
    shop.insight(rich, &fresh).await;
    let (little, fresh) = shop.buys(poor, 100).await;
    shop.insight(poor, &fresh).await;
    let tried = TakeSnapshotRequest { request_id: shop.request_id(), validate_only: true };
    shop.client().take_snapshot(tried).await.expect("it is worked out");
    assert_eq!(shop.said_of_tenant().await, Vec::<String>::new(), "what is only tried is not said");
    let midnight = testkit::instant("2026-01-10T16:00:00Z");
    shop.pass_until(midnight).await;
    let by_hand = midnight + SignedDuration::from_hours(2);
    shop.pass_until(by_hand).await;
    let request = TakeSnapshotRequest { request_id: shop.request_id(), validate_only: false };
    for _ in 0..2 {
        let taken = shop.client().take_snapshot(request.clone()).await.expect("it is taken").into_inner();
        assert_eq!(taken.number, 2);
    }
    shop.rings().await;
    let ruled = by_hand + SignedDuration::from_hours(3);
    let put = PutSchemeRequest { request_id: shop.request_id(), scheme: Some(scheme(ruled)), validate_only: false };
    shop.client().put_scheme(put).await.expect("it is put");
    shop.pass_until(ruled).await;
    assert_eq!(
        shop.said_of_tenant().await,
        [
            format!("{midnight} SnapshotTaken 1"),
            format!("{by_hand} SnapshotTaken 2"),
            format!("{by_hand} TermsPut 1 from {ruled}"),
            format!("{ruled} SnapshotTaken 3"),
        ]
    );
    // The second compares as the first did, and moves nobody; under the scheme of the third 900 is little.
    let begins = |order: &str| {
        [
            format!("{bought} LifecycleChanged PROSPECT > NEW [NEW] by {order}"),
            format!("{bought} GroupChanged PROSPECT > UNSORTED under 0 by {order}"),
        ]
    };
    let sorted = |to: &str| format!("{midnight} GroupChanged UNSORTED > {to} under 1");
    let moved = [sorted("VIP"), format!("{ruled} GroupChanged VIP > PROMISING under 3")];
    assert_eq!(shop.said_of(rich).await, [begins(&much.order), moved].concat());
    assert_eq!(shop.said_of(poor).await, [&begins(&little.order)[..], &[sorted("PROMISING")]].concat());
}
