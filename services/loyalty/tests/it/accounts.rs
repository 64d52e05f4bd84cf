//! Looking at accounts: past balances, pages, reasons, and nobody else's rows.

use kernel::TenantId;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::loyalty::v1::*;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_known_as_of_any_moment() {
    let shop = Shop::open().await;
    let member = shop.member();
    let start = shop.clock.now();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    shop.days_pass(10).await;
    let late = shop.order(member, 1_000, start);
    let said = shop.activity.say(shop.tenant, member, &late).await;
    shop.account(member, &shop.seal(&said)).await;

    let ask = |as_of, as_of_occurred| GetBalanceRequest {
        member: member.to_string(),
        as_of,
        as_of_occurred,
        at_least_as_fresh: String::new(),
        wallet: String::new(),
    };
    let at = Some(proto::timestamp(start));
    let balance =
        |answer: Result<tonic::Response<GetBalanceResponse>, tonic::Status>| answer.expect("read").into_inner().balance;
    assert_eq!(balance(shop.client().get_balance(ask(at, None)).await), 50, "what we knew then");
    assert_eq!(balance(shop.client().get_balance(ask(None, at)).await), 70, "what was true then, as known now");
    assert_eq!(balance(shop.client().get_balance(ask(None, None)).await), 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_balance_has_lost_what_had_lapsed_before_anybody_wrote_it() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 50);
    // The clockwork sleeps: nothing is drained.
    let before = testkit::instant("2027-01-31T15:59:59Z");
    shop.clock.move_to(testkit::instant("2027-03-01T00:00:00Z")).expect("forward");
    let ask = |as_of: Option<&str>, as_of_occurred: Option<&str>| GetBalanceRequest {
        member: member.to_string(),
        as_of: as_of.map(|at| proto::timestamp(testkit::instant(at))),
        as_of_occurred: as_of_occurred.map(|at| proto::timestamp(testkit::instant(at))),
        ..Default::default()
    };
    let (last, gone) = (before.to_string(), "2027-01-31T16:00:00Z");
    let table = [
        (ask(Some(&last), None), 50),
        (ask(None, Some(&last)), 50),
        (ask(Some(gone), None), 0),
        (ask(None, Some(gone)), 0),
        (ask(None, Some("2099-01-01T00:00:00Z")), 0),
        (ask(None, None), 0),
    ];
    let written = shop.statement(member).await.len();
    assert_eq!(written, 1, "the lapse is not written");
    for (request, expected) in &table {
        let answer = shop.client().get_balance(request.clone()).await.expect("read").into_inner();
        assert_eq!(answer.balance, *expected, "{request:?}");
    }
    // Once it is written, each moment has the balance it had.
    shop.days_pass(1).await;
    assert_eq!(shop.statement(member).await.len(), 2);
    for (request, expected) in &table {
        let answer = shop.client().get_balance(request.clone()).await.expect("read").into_inner();
        assert_eq!(answer.balance, *expected, "written by now: {request:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_paged_newest_first() {
    let shop = Shop::open().await;
    let member = shop.member();
    let mut fresh = String::new();
    for amount in [500, 1_000, 1_500, 2_000, 2_500] {
        fresh = shop.buys(member, amount).await.1;
    }
    let (mut token, mut points) = (String::new(), Vec::new());
    loop {
        let request = ListEntriesRequest {
            member: member.to_string(),
            page_size: 2,
            page_token: token,
            at_least_as_fresh: fresh.clone(),
            wallet: String::new(),
        };
        let page = shop.client().list_entries(request).await.expect("a page").into_inner();
        points.extend(page.entries.iter().map(|entry| entry.points));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(points, [50, 40, 30, 20, 10]);

    let other = ListEntriesRequest {
        member: shop.member().to_string(),
        page_token: {
            let request = ListEntriesRequest { member: member.to_string(), page_size: 2, ..Default::default() };
            shop.client().list_entries(request).await.expect("a page").into_inner().next_page_token
        },
        ..Default::default()
    };
    let refused = shop.client().list_entries(other).await.expect_err("the token is another list's");
    assert_eq!(refused.get_details_bad_request().expect("violations").field_violations[0].field, "page_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_why_it_has_its_points_and_what_would_change_them() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 10_000).await;
    shop.account(member, &fresh).await;
    let (_, fresh) = shop.buys(member, 1_980).await;
    shop.account(member, &fresh).await;
    let entry = shop.statement(member).await.pop().expect("two entries");
    assert_eq!(entry.points, 47, "1,980 at Silver: 47.52");
    let request = ExplainEntryRequest { entry: entry.id.clone(), ..Default::default() };
    let answer = shop.client().explain_entry(request).await.expect("it can be explained").into_inner();
    let why = answer.decision.expect("a decision");
    assert_eq!((why.outcome.as_str(), why.rule_version.as_str()), ("earn", "programme/1"));
    let steps: Vec<(&str, i64)> = why.steps.iter().map(|step| (step.name.as_str(), step.contribution)).collect();
    assert_eq!(steps, [("base", 39), ("Silver", 8)]);
    let figures: Vec<(&str, &str)> =
        why.steps[0].figures.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(figures, [("points", "1"), ("per_minor", "50")]);
    assert_eq!(why.steps[1].detail, "x 1.2");
    let flip = why.nearest_flip.expect("more money earns more");
    assert_eq!((flip.fact.as_str(), flip.change, flip.outcome.as_str()), ("basis_minor", 20, "48"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_and_spends_nothing_of_it() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let entry = shop.statement(member).await.pop().expect("one entry");
    let stranger = TenantId::new_at(shop.clock.now());
    let mut client = LoyaltyServiceClient::new(shop.served.channel_for_everything(stranger));
    let request =
        GetAccountRequest { member: member.to_string(), at_least_as_fresh: String::new(), wallet: String::new() };
    let account = client.get_account(request).await.expect("an empty account").into_inner().account.expect("there");
    assert_eq!((account.balance, account.lots.len()), (0, 0));
    let request = ExplainEntryRequest { entry: entry.id, ..Default::default() };
    assert_eq!(client.explain_entry(request).await.expect_err("it is another's").code(), Code::NotFound);
    let request = RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points: 1,
        spent_on: "coffee".to_owned(),
        validate_only: false,
        explain: false,
        wallet: String::new(),
    };
    assert_eq!(client.redeem_points(request).await.expect_err("nothing to spend").code(), Code::FailedPrecondition);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_where_nothing_leads_here_is_refused() {
    let shop = Shop::open().await;
    let head = store::Head { epoch: uuid::Uuid::from_u128(1), position: 1 };
    let token = wire::Freshness::of("referrals", &[(kernel::Shard::from(3), head)]).seal(&shop.keys);
    let request =
        GetAccountRequest { member: shop.member().to_string(), at_least_as_fresh: token, wallet: String::new() };
    let refused = shop.client().get_account(request).await.expect_err("referrals is not heard");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "FRESHNESS_UNREACHABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_token_is_in_nobodys_way() {
    let shop = Shop::with_options(|options| options.seats.calls = 1).await;
    let member = shop.member();
    let (heads, _) = shop.activity.log().heads().await.expect("the log can be read");
    let shard = kernel::Shard::of_member(member);
    let next = store::Head { epoch: heads[&shard].epoch, position: heads[&shard].position + 1 };
    let token = wire::Freshness::of("activity", &[(shard, next)]).seal(&shop.keys);
    let mut client = shop.client();
    let request = GetAccountRequest { member: member.to_string(), at_least_as_fresh: token, wallet: String::new() };
    let waiting = tokio::spawn(async move {
        loop {
            match client.get_account(request.clone()).await {
                // Somebody else had the one seat.
                Err(shed) if shed.code() == Code::ResourceExhausted => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
    });

    // There is one seat; whoever waits without it leaves it to all the others, again and again.
    for _ in 0..5 {
        testkit::until("the seat is free", || async {
            let request = GetAccountRequest {
                member: shop.member().to_string(),
                at_least_as_fresh: String::new(),
                wallet: String::new(),
            };
            shop.client().get_account(request).await.is_ok()
        })
        .await;
    }
    assert!(!waiting.is_finished(), "nothing was said yet");
    shop.buys(member, 500).await;
    waiting.await.expect("it ran").expect("the position is reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lots_and_totals_agree_however_an_account_changes_meanwhile() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 50_000).await;
    shop.account(member, &fresh).await;
    let over = std::sync::atomic::AtomicBool::new(false);
    let write = async {
        for round in 0..60 {
            shop.redeem(member, 3).await.expect("there are a thousand");
            if round % 4 == 0 {
                shop.buys(member, 500).await;
            }
        }
        over.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let read = || async {
        let mut looks = 0;
        while !over.load(std::sync::atomic::Ordering::SeqCst) {
            let account = shop.account(member, "").await;
            let left: i64 = account.lots.iter().map(|lot| lot.left).sum();
            assert_eq!(left, account.balance + account.deficit, "{account:?}");
            assert_eq!(account.balance, account.earned - account.redeemed - account.lapsed, "{account:?}");
            looks += 1;
        }
        looks
    };
    let ((), first, second, third) = futures::join!(write, read(), read(), read());
    assert!(first + second + third >= 60, "it was hardly looked at");
}
