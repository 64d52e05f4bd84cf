//! Wallets beside points: earned by orders, spent, held, lapsed and proved each by itself.

use kernel::MemberId;
use proto::loyalty::v1::earn_rule::Award;
use proto::loyalty::v1::*;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

/// A stamp for every order of 100 and more, two in the app; ten weeks they keep. Tea leaves are earned by money alone.
fn with_stamps(shop: &Shop) -> PutProgrammeRequest {
    let days = |days| {
        let after = LapseAfter { months: 0, days, to_month_end: false };
        Some(ExpiryPolicy { policy: Some(expiry_policy::Policy::After(after)) })
    };
    let rate = |points, per_minor| EarnRate {
        currency_code: "TWD".to_owned(),
        points,
        per_minor,
        rounding: Rounding::Floor.into(),
        basis: EarnBasis::Net.into(),
    };
    let wallet = |code: &str, name: &str, rate, expiry| Wallet {
        code: code.to_owned(),
        display_name: name.to_owned(),
        earn_rates: vec![rate],
        expiry,
        grace_days: Some(3),
        deficit: DeficitPolicy::WithinBalance.into(),
        pending: None,
        transfers: None,
    };
    let rule = |code: &str, when: &str, points| EarnRule {
        code: code.to_owned(),
        display_name: code.to_owned(),
        when: when.to_owned(),
        award: Some(Award::FixedPoints(points)),
        wallet: "stamps".to_owned(),
        ..EarnRule::default()
    };
    let mut request = shop.programme();
    let programme = request.programme.as_mut().expect("there");
    programme.wallets =
        vec![wallet("stamps", "Stamps", rate(0, 1), days(70)), wallet("tea", "Tea leaves", rate(1, 1_000), days(7))];
    programme.earn_rules = vec![
        rule("stamp", "order.net_minor >= 100", 1),
        EarnRule {
            limits: vec![RuleLimit {
                period: LimitPeriod::Day.into(),
                most_points: 2,
                over: OverLimit::Cap.into(),
                most_orders: 0,
            }],
            ..rule("first", "member.first_purchase && member.tier == \"member\"", 5)
        },
    ];
    request
}

async fn open() -> Shop {
    let shop = Shop::without_programme().await;
    shop.client().put_programme(with_stamps(&shop)).await.expect("the terms are valid");
    shop
}

async fn wallet(shop: &Shop, member: MemberId, code: &str, fresh: &str) -> Account {
    let request =
        GetAccountRequest { member: member.to_string(), at_least_as_fresh: fresh.to_owned(), wallet: code.to_owned() };
    shop.client().get_account(request).await.expect("it can be read").into_inner().account.expect("it is there")
}

async fn statement(shop: &Shop, member: MemberId, code: &str) -> Vec<(EntryKind, i64, i64)> {
    let request =
        ListEntriesRequest { member: member.to_string(), wallet: code.to_owned(), ..ListEntriesRequest::default() };
    let mut entries = shop.client().list_entries(request).await.expect("it can be read").into_inner().entries;
    entries.reverse();
    assert!(entries.iter().all(|entry| entry.wallet == code));
    entries.iter().map(|entry| (entry.kind(), entry.points, entry.balance_after)).collect()
}

fn redeem(shop: &Shop, member: MemberId, code: &str, points: i64) -> RedeemPointsRequest {
    RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points,
        spent_on: "a cup".to_owned(),
        wallet: code.to_owned(),
        ..RedeemPointsRequest::default()
    }
}

async fn proved(shop: &Shop, member: MemberId) -> VerifyMemberResponse {
    let request = VerifyMemberRequest { member: member.to_string(), ..VerifyMemberRequest::default() };
    shop.client().verify_member(request).await.expect("it can be proved").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_earns_in_every_wallet_and_a_return_takes_from_every_one() {
    let shop = open().await;
    let member = shop.enrolled().await;
    let (order, token) = shop.buys(member, 2_500).await;
    let points = shop.account(member, &token).await;
    assert_eq!(points.balance, 50);
    let sums: Vec<(&str, i64)> = points.wallets.iter().map(|sum| (sum.wallet.as_str(), sum.balance)).collect();
    assert_eq!(sums, [("stamps", 3), ("tea", 2)], "the first purchase gives five, of which a day takes two");
    assert_eq!(points.wallets[0].next_lapse_points, 3);

    let (_, token) = shop.buys(member, 90).await;
    assert_eq!(wallet(&shop, member, "stamps", &token).await.balance, 3, "too little for a stamp, and no first one");
    let token = shop.returns(member, &order, 1_250, 1_250).await;
    assert_eq!(wallet(&shop, member, "stamps", &token).await.balance, 2, "half of three, rounded down, is taken");
    let token = shop.returns(member, &order, 2_500, 1_250).await;
    assert_eq!(wallet(&shop, member, "tea", &token).await.balance, 0);
    assert_eq!(
        statement(&shop, member, "stamps").await,
        [(EntryKind::Earn, 3, 3), (EntryKind::EarnReversal, -1, 2), (EntryKind::EarnReversal, -2, 0)]
    );
    assert_eq!(shop.account(member, "").await.balance, 1, "of points the second order's is left");
    let told = proved(&shop, member).await;
    assert!(told.holds, "{told:?}");
    let entries: Vec<(&str, i64)> = told.wallets.iter().map(|one| (one.wallet.as_str(), one.entries)).collect();
    assert_eq!((told.entries, entries), (4, vec![("stamps", 3), ("tea", 3)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wallet_is_spent_and_lapses_without_another() {
    let shop = open().await;
    let member = shop.enrolled().await;
    let (_, token) = shop.buys(member, 5_000).await;
    assert_eq!(wallet(&shop, member, "stamps", &token).await.balance, 3);

    let refused = shop.client().redeem_points(redeem(&shop, member, "stamps", 4)).await.expect_err("three are there");
    assert_eq!(refused.get_error_details().error_info().expect("told").reason, "INSUFFICIENT_POINTS");
    let spent = shop.client().redeem_points(redeem(&shop, member, "stamps", 2)).await.expect("there are three");
    let spent = spent.into_inner();
    assert_eq!((spent.spendable, shop.account(member, "").await.spendable), (1, 100));

    // The entry's id says the wallet: nobody has to name it to reverse or explain it.
    let request = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: spent.entry.clone(),
        ..ReverseRedemptionRequest::default()
    };
    assert_eq!(
        shop.client().reverse_redemption(request.clone()).await.expect("it was spent").into_inner().spendable,
        3
    );
    let again = ReverseRedemptionRequest { request_id: shop.request_id(), ..request };
    let refused = shop.client().reverse_redemption(again).await.expect_err("it was reversed");
    assert_eq!(refused.get_error_details().error_info().expect("told").reason, "ALREADY_REVERSED");
    for by in [member.to_string(), String::new()] {
        let ask = ExplainEntryRequest { entry: spent.entry.clone(), member: by, ..ExplainEntryRequest::default() };
        let told = shop.client().explain_entry(ask).await.expect("it is there").into_inner();
        assert_eq!(told.entry.expect("there").wallet, "stamps");
    }

    shop.days_pass(8).await;
    assert_eq!(wallet(&shop, member, "tea", "").await.balance, 0, "tea keeps a week");
    assert_eq!(statement(&shop, member, "tea").await, [(EntryKind::Earn, 5, 5), (EntryKind::Lapse, -5, 0)]);
    assert_eq!((wallet(&shop, member, "stamps", "").await.balance, shop.account(member, "").await.balance), (3, 100));
    shop.days_pass(63).await;
    assert_eq!((wallet(&shop, member, "stamps", "").await.balance, shop.account(member, "").await.balance), (0, 100));
    assert!(proved(&shop, member).await.holds);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_name_a_wallet_change_that_one() {
    let shop = open().await;
    let member = shop.enrolled().await;
    let adjust = |code: &str, points| AdjustPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points,
        reason: "a full card".to_owned(),
        wallet: code.to_owned(),
        ..AdjustPointsRequest::default()
    };
    shop.client().adjust_points(adjust("stamps", 10)).await.expect("stamps can be added");
    let grant = |code: &str| GrantPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points: 2,
        cause: "referral_01h455vb4pex5vsknk084sn02q".to_owned(),
        reason: "a friend".to_owned(),
        validate_only: false,
        wallet: code.to_owned(),
    };
    let given = shop.client().grant_points(grant("stamps")).await.expect("stamps can be given").into_inner();
    shop.client().grant_points(grant("")).await.expect("a cause gives once in each wallet");
    let refused = shop.client().grant_points(grant("stamps")).await.expect_err("and no more");
    assert_eq!(refused.get_error_details().error_info().expect("told").reason, "ALREADY_APPLIED");

    let hold = HoldPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points: 4,
        spent_on: "a cup".to_owned(),
        wallet: "stamps".to_owned(),
        ..HoldPointsRequest::default()
    };
    let held = shop.client().hold_points(hold).await.expect("there are twelve").into_inner();
    assert_eq!(held.spendable, 8);
    let capture = CaptureHoldRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        hold: held.hold,
        points: 3,
        ..CaptureHoldRequest::default()
    };
    assert_eq!(shop.client().capture_hold(capture).await.expect("four are held").into_inner().spendable, 9);
    let revoke = RevokeGrantRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: given.entry,
        reason: "no friend".to_owned(),
        validate_only: false,
    };
    assert_eq!(shop.client().revoke_grant(revoke).await.expect("it was given").into_inner().spendable, 7);
    let points = shop.account(member, "").await;
    assert_eq!((points.balance, points.wallets[0].balance), (2, 7));
    assert!(proved(&shop, member).await.holds);

    let overview = |code: &str| GetOverviewRequest { wallet: code.to_owned(), ..GetOverviewRequest::default() };
    let stamps = shop.client().get_overview(overview("stamps")).await.expect("it can be summed").into_inner();
    assert_eq!((stamps.outstanding, stamps.accounts, stamps.entries, stamps.tiers.len()), (7, 1, 4, 0));
    let points = shop.client().get_overview(overview("")).await.expect("it can be summed").into_inner();
    assert_eq!((points.outstanding, points.accounts, points.entries), (2, 1, 1));
    let balance = GetBalanceRequest {
        member: member.to_string(),
        as_of: Some(proto::timestamp(shop.clock.now())),
        wallet: "stamps".to_owned(),
        ..GetBalanceRequest::default()
    };
    assert_eq!(shop.client().get_balance(balance).await.expect("it can be read").into_inner().balance, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_nobody_named_is_refused_and_a_wrong_code_is_a_violation() {
    let shop = open().await;
    let member = shop.enrolled().await;
    let refused = shop.client().redeem_points(redeem(&shop, member, "coins", 1)).await.expect_err("there is none");
    let told = refused.get_error_details();
    let info = told.error_info().expect("told");
    assert_eq!((refused.code(), info.reason.as_str()), (Code::NotFound, "WALLET_NOT_FOUND"));
    assert_eq!(info.metadata.get("wallet").map(String::as_str), Some("coins"));
    for wrong in ["Coins", "1st", "seventeen-letters", "點數"] {
        let refused = shop.client().redeem_points(redeem(&shop, member, wrong, 1)).await.expect_err("no code");
        let fields = refused.get_details_bad_request().expect("violations").field_violations;
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["wallet"], "{wrong}");
    }

    let mut request = with_stamps(&shop);
    let programme = request.programme.as_mut().expect("there");
    programme.wallets[1].code = "stamps".to_owned();
    programme.wallets[0].display_name.clear();
    programme.wallets[0].expiry = None;
    programme.wallets[0].earn_rates[0].points = -1;
    programme.wallets.push(Wallet::default());
    programme.earn_rules[1].wallet = "coins".to_owned();
    let refused = shop.client().put_programme(request).await.expect_err("much is wrong");
    let fields = refused.get_details_bad_request().expect("violations").field_violations;
    let mut fields: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "programme.earn_rules[1].wallet",
            "programme.wallets[0].display_name",
            "programme.wallets[0].earn_rates[0].points",
            "programme.wallets[0].expiry",
            "programme.wallets[1].code",
            "programme.wallets[2].code",
            "programme.wallets[2].display_name",
            "programme.wallets[2].expiry",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_read_and_a_cart_is_quoted_for_every_wallet() {
    let shop = open().await;
    let read = shop.client().get_programme(GetProgrammeRequest::default()).await.expect("it is there").into_inner();
    let (put, read) = (with_stamps(&shop).programme.expect("there"), read.programme.expect("there"));
    assert_eq!((read.wallets, read.earn_rules), (put.wallets, put.earn_rules));
    let member = shop.enrolled().await;
    let cart = QuoteOrderRequest {
        member: member.to_string(),
        currency_code: "TWD".to_owned(),
        lines: vec![QuoteLine { quantity: 1, gross_minor: 90, ..QuoteLine::default() }],
        ..QuoteOrderRequest::default()
    };
    let quoted = shop.client().quote_order(cart).await.expect("it can be quoted").into_inner();
    assert_eq!((quoted.points, quoted.rules.len()), (1, 0), "rules of other wallets are none of points");
    let stamps = &quoted.wallets[0];
    assert_eq!((stamps.wallet.as_str(), stamps.display_name.as_str(), stamps.points), ("stamps", "Stamps", 2));
    let outcomes: Vec<RuleOutcome> = stamps.rules.iter().map(QuotedRule::outcome).collect();
    assert_eq!(outcomes, [RuleOutcome::NotMet, RuleOutcome::Capped]);
    assert!(stamps.rules[0].need.is_some(), "what is missing is told");
    assert_eq!((quoted.wallets[1].points, quoted.wallets[1].lapse_time), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_a_wallet_that_was_changed_is_found_and_named() {
    let shop = open().await;
    let member = shop.enrolled().await;
    let (_, token) = shop.buys(member, 5_000).await;
    wallet(&shop, member, "stamps", &token).await;
    let mut look = shop.database.look().await;
    sqlx::query("SET search_path TO loyalty").execute(&mut look).await.expect("there is such a schema");
    let first = "SELECT count(*) FILTER (WHERE line.link = entry_link(decode(repeat('00', 32), 'hex'), line))
                 FROM entry AS line WHERE number = 1";
    let in_sql: i64 = sqlx::query_scalar(first).fetch_one(&mut look).await.expect("it can be worked out in SQL");
    assert_eq!(in_sql, 3, "of every wallet");
    // An entry that is moved to another wallet does not fit there.
    let done =
        sqlx::query("UPDATE loyalty.entry SET wallet = 'coins' WHERE wallet = 'stamps'").execute(&mut look).await;
    assert_eq!(done.expect("the owner may").rows_affected(), 1);
    let told = proved(&shop, member).await;
    let divergence = told.divergence.expect("it is found");
    assert_eq!((divergence.wallet.as_str(), divergence.kind()), ("coins", DivergenceKind::Altered));
}
