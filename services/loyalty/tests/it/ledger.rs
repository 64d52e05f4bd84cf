//! A ledger that proves itself: whatever is changed behind its back is found, and named.

use std::time::Duration;

use kernel::{MemberId, Shard};
use proto::loyalty::v1::ledger_service_client::LedgerServiceClient;
use proto::loyalty::v1::*;
use sqlx::{AssertSqlSafe, PgConnection};
use testkit::Spoken;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

pub async fn proved(shop: &Shop, member: MemberId) -> VerifyMemberResponse {
    let request = VerifyMemberRequest { member: member.to_string(), at_least_as_fresh: String::new() };
    shop.client().verify_member(request).await.expect("a statement can be proved").into_inner()
}

/// The first thing that is wrong: its kind and the entry it is about.
async fn found(shop: &Shop, member: MemberId) -> Option<(DivergenceKind, i64)> {
    let told = proved(shop, member).await;
    assert_eq!(told.holds, told.divergence.is_none());
    told.divergence.map(|divergence| (divergence.kind(), divergence.number))
}

fn operator(shop: &Shop) -> LedgerServiceClient<Spoken> {
    LedgerServiceClient::new(shop.served.channel_for_everything(None))
}

async fn seals(shop: &Shop) -> Vec<Seal> {
    operator(shop).list_seals(ListSealsRequest {}).await.expect("seals can be read").into_inner().seals
}

async fn audited(shop: &Shop, member: MemberId, known: Vec<Seal>) -> AuditLedgerResponse {
    let shards = vec![u32::try_from(Shard::of_member(member).number()).expect("small")];
    let asked = AuditLedgerRequest { shards, known };
    let mut told = operator(shop).audit_ledger(asked).await.expect("an audit can be asked for").into_inner();
    let audit = told.message().await.expect("it does not break off").expect("one shard");
    assert_eq!(told.message().await.expect("it does not break off"), None);
    audit
}

async fn run(connection: &mut PgConnection, statement: &str, member: MemberId) {
    let text = statement.to_owned();
    let done = sqlx::query(AssertSqlSafe(text)).bind(member.uuid()).execute(connection).await.expect(statement);
    assert!(done.rows_affected() > 0, "nothing was changed by {statement}");
}

/// A member with eight entries of most kinds.
async fn with_history(shop: &Shop) -> MemberId {
    let member = shop.enrolled().await;
    let (order, _) = shop.buys(member, 20_000).await;
    let (_, token) = shop.buys(member, 5_000).await;
    shop.account(member, &token).await;
    let spent = shop.redeem(member, 60).await.expect("there is enough");
    let request_id = shop.request_id();
    let reverse =
        ReverseRedemptionRequest { request_id, member: member.to_string(), entry: spent.entry, ..Default::default() };
    shop.client().reverse_redemption(reverse).await.expect("it was spent");
    shop.redeem(member, 20).await.expect("there is enough");
    let token = shop.returns(member, &order, 10_000, 10_000).await;
    shop.account(member, &token).await;
    let adjust = |points| AdjustPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points,
        reason: "繁體, a comma: and a \"quote\"".to_owned(),
        ..Default::default()
    };
    shop.client().adjust_points(adjust(7)).await.expect("points can be added");
    shop.client().adjust_points(adjust(-3)).await.expect("points can be taken");
    assert_eq!(shop.statement(member).await.len(), 8);
    member
}

#[tokio::test]
async fn a_statement_is_proved_and_so_it_is_in_sql() {
    let shop = Shop::open().await;
    let member = with_history(&shop).await;
    let told = proved(&shop, member).await;
    let account = shop.account(member, "").await;
    assert_eq!((told.holds, told.entries, told.balance), (true, 8, account.balance));
    let mut connection = shop.database.look().await;
    let sql = "WITH RECURSIVE proof (number, link) AS (
            SELECT 0::bigint, decode(repeat('00', 32), 'hex')
            UNION ALL
            SELECT line.number, loyalty.entry_link(proof.link, line)
            FROM proof JOIN loyalty.entry AS line ON line.member = $1 AND line.number = proof.number + 1
        ) SELECT encode(link, 'hex') FROM proof ORDER BY number DESC LIMIT 1";
    sqlx::query("SET search_path TO loyalty").execute(&mut connection).await.expect("there is such a schema");
    let link: String = sqlx::query_scalar(sql).bind(member.uuid()).fetch_one(&mut connection).await.expect("a link");
    assert_eq!(told.link, link);
    let nobody = proved(&shop, shop.member()).await;
    assert_eq!((nobody.holds, nobody.entries, nobody.balance), (true, 0, 0));
}

#[tokio::test]
async fn a_change_of_anything_an_entry_says_is_found_and_the_entry_is_named() {
    let shop = Shop::open().await;
    let mut owner = shop.database.look().await;
    for change in [
        "entry = gen_random_uuid()",
        "kind = kind + 1",
        "points = points + 1",
        "balance_after = balance_after - 1",
        "cause = cause || ' '",
        "draws = (draws::text || ' ')::json",
        "grounds = replace(grounds::text, '0', '1')::json",
        "programme_version = programme_version + 1",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 microsecond'",
        "recorded_at = 'infinity'",
        "link = set_byte(link, 31, get_byte(link, 31) # 1)",
    ] {
        let member = with_history(&shop).await;
        let statement = format!("UPDATE loyalty.entry SET {change} WHERE member = $1 AND number = 5");
        run(&mut owner, &statement, member).await;
        assert_eq!(found(&shop, member).await, Some((DivergenceKind::Altered, 5)), "{change}");
    }
}

#[tokio::test]
async fn an_entry_that_is_gone_or_moved_is_found() {
    let shop = Shop::open().await;
    let mut owner = shop.database.look().await;
    for (change, expected) in [
        ("DELETE FROM loyalty.entry WHERE member = $1 AND number = 4", (DivergenceKind::Missing, 4)),
        ("DELETE FROM loyalty.entry WHERE member = $1 AND number = 1", (DivergenceKind::Missing, 1)),
        ("DELETE FROM loyalty.entry WHERE member = $1 AND number = 8", (DivergenceKind::CutOff, 8)),
        ("DELETE FROM loyalty.entry WHERE member = $1", (DivergenceKind::CutOff, 1)),
        (
            "UPDATE loyalty.entry SET number = CASE number WHEN 3 THEN 104 ELSE 103 END WHERE member = $1 AND number IN (3, 4)",
            (DivergenceKind::Missing, 3),
        ),
        ("UPDATE loyalty.account SET entries = 7 WHERE member = $1", (DivergenceKind::Unclaimed, 8)),
        ("DELETE FROM loyalty.account WHERE member = $1", (DivergenceKind::Unclaimed, 1)),
        ("UPDATE loyalty.account SET link = sha256(link) WHERE member = $1", (DivergenceKind::OtherEnd, 8)),
        (
            "UPDATE loyalty.account SET spendable = spendable + 5, adjusted = adjusted + 5 WHERE member = $1",
            (DivergenceKind::Sum, 0),
        ),
        (
            "UPDATE loyalty.lot SET remaining = remaining - 1 WHERE member = $1 AND remaining > 0",
            (DivergenceKind::Lots, 0),
        ),
    ] {
        let member = with_history(&shop).await;
        assert_eq!(found(&shop, member).await, None);
        run(&mut owner, change, member).await;
        assert_eq!(found(&shop, member).await, Some(expected), "{change}");
        let audit = audited(&shop, member, Vec::new()).await;
        let named: Vec<_> = audit.divergences.iter().filter(|one| one.member == member.to_string()).collect();
        assert_eq!(named.len(), 1, "{change}: {audit:?}");
        assert_eq!(named[0].divergence.as_ref().map(|one| (one.kind(), one.number)), Some(expected), "{change}");
    }
}

/// Entries that changed places: two that say the same but for their numbers could not be told apart by their sums.
#[tokio::test]
async fn entries_that_changed_places_are_found() {
    let shop = Shop::open().await;
    let member = with_history(&shop).await;
    let mut owner = shop.database.look().await;
    run(&mut owner, "UPDATE loyalty.entry SET number = 99 WHERE member = $1 AND number = 3", member).await;
    run(&mut owner, "UPDATE loyalty.entry SET number = 3 WHERE member = $1 AND number = 4", member).await;
    run(&mut owner, "UPDATE loyalty.entry SET number = 4 WHERE member = $1 AND number = 99", member).await;
    assert_eq!(found(&shop, member).await, Some((DivergenceKind::Altered, 3)));
}

/// Cuts the last entry off and covers every track on the statement.
async fn cut_off(owner: &mut PgConnection, member: MemberId) {
    for statement in [
        "UPDATE loyalty.lot SET remaining = remaining + 3
         WHERE lot = (SELECT lot FROM loyalty.lot WHERE member = $1 AND remaining + 3 <= amount LIMIT 1)",
        "DELETE FROM loyalty.entry WHERE member = $1 AND number = 8",
        "UPDATE loyalty.account SET entries = 7, spendable = spendable + 3, adjusted = adjusted + 3,
             link = (SELECT link FROM loyalty.entry WHERE member = $1 AND number = 7) WHERE member = $1",
    ] {
        run(owner, statement, member).await;
    }
}

/// Makes the seal of a shard anew in which one member has entries.
const SEAL_ANEW: &str =
    "UPDATE loyalty.seal SET entries = 7, batch = (SELECT max(batch) FROM loyalty.entry WHERE member = $1),
            link = (WITH RECURSIVE batch AS (
                        SELECT batch, string_agg(link, ''::bytea ORDER BY number) AS links,
                               row_number() OVER (ORDER BY batch) AS place
                        FROM loyalty.entry WHERE member = $1 GROUP BY batch
                    ), sealed (place, link) AS (
                        SELECT 0::bigint, decode(repeat('00', 32), 'hex')
                        UNION ALL
                        SELECT batch.place, sha256(sealed.link || batch.links)
                        FROM sealed JOIN batch ON batch.place = sealed.place + 1
                    ) SELECT link FROM sealed ORDER BY place DESC LIMIT 1)
        WHERE shard = (SELECT shard FROM loyalty.entry WHERE member = $1 LIMIT 1)";

#[tokio::test]
async fn a_tail_cut_off_with_every_track_covered_is_found_by_the_seals() {
    let shop = Shop::open().await;
    let member = with_history(&shop).await;
    let kept = seals(&shop).await;
    assert_eq!(kept.len(), 256);
    let audit = audited(&shop, member, kept.clone()).await;
    assert_eq!((audit.diverging, audit.seal, audit.entries), (0, None, 8));
    let mut owner = shop.database.look().await;
    cut_off(&mut owner, member).await;
    assert_eq!(found(&shop, member).await, None, "the statement itself tells nothing");
    let audit = audited(&shop, member, Vec::new()).await;
    let seal = audit.seal.expect("the seal tells");
    assert_eq!((seal.kind(), seal.expected, seal.found), (SealDivergenceKind::Entries, 8, 7));

    // Whoever makes the seal anew as well is found by one that was kept elsewhere.
    run(&mut owner, SEAL_ANEW, member).await;
    let audit = audited(&shop, member, Vec::new()).await;
    assert_eq!((audit.diverging, audit.seal), (0, None), "the database alone tells nothing any more");
    let seal = audited(&shop, member, kept).await.seal.expect("the kept seal tells");
    assert_eq!((seal.kind(), seal.expected, seal.found, seal.after_batch), (SealDivergenceKind::Known, 8, 7, None));
}

#[tokio::test]
async fn kept_seals_of_any_age_hold_while_the_ledger_grows() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let mut kept = Vec::new();
    for _ in 0..4 {
        let (_, token) = shop.buys(member, 1_000).await;
        shop.account(member, &token).await;
        shop.redeem(member, 5).await.expect("there is enough");
        kept.extend(seals(&shop).await);
    }
    let audit = audited(&shop, member, kept.clone()).await;
    assert_eq!((audit.diverging, audit.seal, audit.entries), (0, None, 8));
    // The third round's entries were others: all is well up to the second seal.
    let mut owner = shop.database.look().await;
    let own = u32::try_from(Shard::of_member(member).number()).expect("small");
    let known: Vec<&Seal> = kept.iter().filter(|seal| seal.shard == own).collect();
    run(&mut owner, "UPDATE loyalty.entry SET link = sha256(link) WHERE member = $1 AND number = 6", member).await;
    let seal = audited(&shop, member, kept.clone()).await.seal.expect("a seal tells");
    assert_eq!(
        (seal.kind(), seal.batch, seal.after_batch),
        (SealDivergenceKind::Known, known[2].batch, Some(known[1].batch))
    );
}

#[tokio::test]
async fn the_whole_ledger_is_for_operators_only_and_wrong_seals_are_told() {
    let shop = Shop::open().await;
    let mut strangers = LedgerServiceClient::new(shop.served.channel_for_everything(shop.tenant));
    let refused = strangers.list_seals(ListSealsRequest {}).await.expect_err("a tenant's token");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let refused = strangers.audit_ledger(AuditLedgerRequest::default()).await.expect_err("a tenant's token");
    assert_eq!(refused.code(), Code::PermissionDenied);

    let wrong = Seal { shard: 256, entries: -1, batch: -2, link: "0g".repeat(32), record_time: None };
    let asked = AuditLedgerRequest { shards: vec![255, 256], known: vec![wrong] };
    let refused = operator(&shop).audit_ledger(asked).await.expect_err("nothing of it is right");
    let told = refused.get_details_bad_request().expect("violations");
    let fields: Vec<&str> = told.field_violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["shards[1]", "known[0].shard", "known[0].link", "known[0].entries", "known[0].batch"]);

    let mut told = operator(&shop).audit_ledger(AuditLedgerRequest::default()).await.expect("all shards").into_inner();
    let mut shards = 0;
    while let Some(audit) = told.message().await.expect("it does not break off") {
        assert_eq!((audit.shard, audit.diverging, audit.seal), (shards, 0, None));
        shards += 1;
    }
    assert_eq!(shards, 256);
}

#[tokio::test]
async fn the_auditor_finds_what_nobody_asked_for_and_keeps_the_seals() {
    let shop = Shop::open().await;
    let member = with_history(&shop).await;
    let file = std::env::temp_dir().join(format!("rapport-seals-{}.jsonl", std::process::id()));
    let auditor = shop.service.clone().auditing(Some(file.clone()), Duration::from_millis(1));
    tokio::spawn(auditor.run(shop.stop.clone()));
    let own = format!("{{\"shard\":{},\"entries\":8,", Shard::of_member(member).number());
    testkit::until("the seal is kept", || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let kept = text.lines().filter(|line| line.starts_with(&own)).count() == 1;
        async move { kept }
    })
    .await;
    std::fs::remove_file(&file).expect("it was there");

    let line = format!("rapport_ledger_divergences{{shard=\"{}\"}} 0", Shard::of_member(member).number());
    testkit::until("the shard was audited", || {
        let told = telemetry::metrics::text().contains(&line);
        async move { told }
    })
    .await;

    // With every track covered, in the seal as well: what held before tells.
    let mut owner = shop.database.look().await;
    cut_off(&mut owner, member).await;
    run(&mut owner, SEAL_ANEW, member).await;
    let line = format!("rapport_ledger_divergences{{shard=\"{}\"}} 1", Shard::of_member(member).number());
    testkit::until("the auditor finds it", || {
        let told = telemetry::metrics::text().contains(&line);
        async move { told }
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_two_members_of_one_shard_is_sealed_in_their_order() {
    let shop = Shop::open().await;
    let first = shop.enrolled().await;
    let second = loop {
        let other = shop.enrolled().await;
        if Shard::of_member(other) == Shard::of_member(first) {
            break other;
        }
    };
    // Handed in in the other order.
    let grants = [second, first, second].into_iter().zip(1..).map(|(member, n)| GrantPointsRequest {
        request_id: shop.request_id(),
        ..crate::repeat::grant(member.to_string(), n, "a friend came")
    });
    let grants = GrantPointsBatchRequest { grants: grants.collect() };
    shop.client().grant_points_batch(grants).await.expect("they are given");
    let audit = audited(&shop, first, seals(&shop).await).await;
    assert_eq!((audit.diverging, audit.seal, audit.entries, audit.members), (0, None, 3, 2));

    let mut owner = shop.database.look().await;
    let later = "UPDATE loyalty.seal SET batch = batch + 1 WHERE entries > 0 AND $1::uuid IS NOT NULL";
    run(&mut owner, later, first).await;
    let seal = audited(&shop, first, Vec::new()).await.seal.expect("the seal tells");
    assert_eq!(seal.kind(), SealDivergenceKind::Other);
    run(&mut owner, "DELETE FROM loyalty.seal WHERE $1::uuid IS NOT NULL", first).await;
    let seal = audited(&shop, first, Vec::new()).await.seal.expect("it is gone");
    assert_eq!(seal.kind(), SealDivergenceKind::Gone);
}
