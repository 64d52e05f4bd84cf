//! Points that another service gives and takes back.

use proto::loyalty::v1::*;
use testkit::registry::NOBODY;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::repeat::grant;
use crate::shop::Shop;

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

async fn gives(shop: &Shop, member: &str, n: u32) -> Result<GrantPointsResponse, Status> {
    let request = GrantPointsRequest { request_id: shop.request_id(), ..grant(member.to_owned(), n, "a friend came") };
    shop.client().grant_points(request).await.map(tonic::Response::into_inner)
}

async fn takes_back(shop: &Shop, member: &str, entry: &str) -> Result<RevokeGrantResponse, Status> {
    let request = RevokeGrantRequest {
        request_id: shop.request_id(),
        member: member.to_owned(),
        entry: entry.to_owned(),
        reason: "the friend left".to_owned(),
        validate_only: false,
    };
    shop.client().revoke_grant(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_grant_is_an_entry_with_its_cause_and_is_taken_back_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let given = gives(&shop, &member.to_string(), 1).await.expect("they are given");
    assert_eq!(given.spendable, 7);
    assert_eq!(given.lapse_time, Some(proto::timestamp(testkit::instant("2027-01-31T16:00:00Z"))));

    let statement = shop.statement(member).await;
    assert_eq!((statement[0].kind(), statement[0].points), (EntryKind::Earn, 7));
    assert_eq!(statement[0].cause, grant(String::new(), 1, "a friend came").cause);

    let taken = takes_back(&shop, &member.to_string(), &given.entry).await.expect("it is taken back");
    assert_eq!((taken.points, taken.spendable), (7, 0));
    let again = takes_back(&shop, &member.to_string(), &given.entry).await.expect_err("once is enough");
    assert_eq!(reason(&again), (Code::FailedPrecondition, "ALREADY_REVERSED".to_owned()));
}

#[tokio::test]
async fn a_cause_gives_once_to_each_member() {
    let shop = Shop::open().await;
    let (one, other) = (shop.enrolled().await.to_string(), shop.enrolled().await.to_string());
    let first = gives(&shop, &one, 1).await.expect("they are given");
    let second = gives(&shop, &one, 1).await.expect_err("they were given before");
    assert_eq!(reason(&second), (Code::AlreadyExists, "ALREADY_APPLIED".to_owned()));
    let facts = second.get_details_error_info().expect("it carries facts").metadata;
    assert_eq!(facts.get("id"), Some(&first.entry));
    gives(&shop, &other, 1).await.expect("another member");
    gives(&shop, &one, 2).await.expect("another cause");

    // Two processes at once, each with a request id of its own: one of them gives.
    let both = futures::future::join_all([gives(&shop, &one, 3), gives(&shop, &one, 3)]).await;
    assert_eq!(both.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn what_is_no_grant_is_not_revoked() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let (_, fresh) = shop.buys(member, 5_000).await;
    shop.account(member, &fresh).await;
    let earned = shop.statement(member).await.remove(0).id;
    let refused = takes_back(&shop, &member.to_string(), &earned).await.expect_err("an order earned it");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "NOT_A_GRANT".to_owned()));
    let spent = shop.redeem(member, 10).await.expect("there are 100").entry;
    let refused = takes_back(&shop, &member.to_string(), &spent).await.expect_err("it was spent");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "NOT_A_GRANT".to_owned()));
    let unknown = "entry_01h455vb4pex5vsknk084sn02q";
    let refused = takes_back(&shop, &member.to_string(), unknown).await.expect_err("nobody wrote it");
    assert_eq!(reason(&refused), (Code::NotFound, "ENTRY_NOT_FOUND".to_owned()));
    let refused = gives(&shop, NOBODY, 1).await.expect_err("nobody has this id");
    assert_eq!(reason(&refused), (Code::NotFound, "MEMBER_NOT_FOUND".to_owned()));
}

/// A grant reads no lots where nothing is due: what lies in them counts all the same, and lapses on its day.
#[tokio::test]
async fn points_that_were_there_before_a_grant_count_and_lapse_on_their_day() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let (_, token) = shop.buys(member, 1_000).await;
    assert_eq!(shop.account(member, &token).await.spendable, 20);
    shop.days_pass(100).await;
    let given = gives(&shop, &member.to_string(), 1).await.expect("they are given");
    assert_eq!(given.spendable, 27);
    let spent = shop.redeem(member, 25).await.expect("all of them can be spent");
    assert_eq!(spent.draws.len(), 2);
    let (_, token) = shop.buys(member, 500).await;
    assert_eq!(shop.account(member, &token).await.spendable, 12);

    // The first year's lot is spent; the grant's rest and the order's points lapse with their months, and no call is made
    // before that.
    shop.days_pass(500).await;
    let statement = shop.statement(member).await;
    let kinds: Vec<(EntryKind, i64)> = statement.iter().map(|entry| (entry.kind(), entry.points)).collect();
    assert_eq!(
        kinds,
        [
            (EntryKind::Earn, 20),
            (EntryKind::Earn, 7),
            (EntryKind::Redemption, -25),
            (EntryKind::Earn, 10),
            (EntryKind::Lapse, -12)
        ]
    );
}

#[tokio::test]
async fn what_is_due_lapses_before_a_grant_and_a_lot_untouched_by_it_lapses_by_the_clock() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let (_, token) = shop.buys(member, 1_000).await;
    shop.account(member, &token).await;
    shop.days_pass(200).await;
    gives(&shop, &member.to_string(), 1).await.expect("they are given");
    // The order's lot lapses 187 days later, the grant's after that: the timer is the order's.
    shop.days_pass(190).await;
    let last = shop.statement(member).await.pop().expect("there are entries");
    assert_eq!((last.kind(), last.points, last.balance_after), (EntryKind::Lapse, -20, 7));

    // Nobody rang: the grant itself finds what is due.
    let later = shop.clock.now() + jiff::SignedDuration::from_hours(24 * 300);
    shop.clock.move_to(later).expect("forward");
    let given = gives(&shop, &member.to_string(), 2).await.expect("they are given");
    assert_eq!(given.spendable, shop.account(member, "").await.spendable);
    let statement = shop.statement(member).await;
    let lapsed: i64 = statement.iter().filter(|entry| entry.kind() == EntryKind::Lapse).map(|entry| entry.points).sum();
    assert_eq!(lapsed, -27);
}
