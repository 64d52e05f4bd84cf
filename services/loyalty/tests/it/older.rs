//! Tables of an older build are brought along.

use std::borrow::Cow;

use kernel::{EntryId, MemberId, Shard, TenantId};
use loyalty::account::chain::{Line, Link, link, seal};
use loyalty::account::wallet::Owner;
use loyalty::programme::Programme;
use sqlx::migrate::Migrator;
use testkit::Database;
use uuid::Uuid;

/// As the builds before wrote it.
const TERMS: &str = r#"{"version":1,"effective_at":"2020-01-01T00:00:00Z","display_name":"Signature",
    "zone":"Asia/Taipei","rates":[{"currency":"TWD","points":1,"per_minor":50,"rounding":"Floor","basis":"NetOfPoints"}],
    "expiry":"Never","ladder":null,"grace_days":14,"deficit":"Unlimited"}"#;

/// Loyalty's tables as they were before a migration.
pub fn before(number: i64) -> &'static Migrator {
    let older = loyalty::MIGRATIONS.iter().filter(|one| one.version < number).cloned().collect();
    Box::leak(Box::new(Migrator { migrations: Cow::Owned(older), ..Migrator::DEFAULT }))
}

#[tokio::test]
async fn programmes_and_suspensions_of_an_older_build_rule_on() {
    // Beside the house's tables of that time: the calls and the terms came later.
    let parts = vec![&store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, before(103)];
    let database = Database::create(loyalty::SERVICE, &parts).await;
    let tenant = TenantId::new_at(testkit::instant("2026-01-01T00:00:00Z"));
    let shard = Shard::of_tenant(tenant).number();
    let mut look = database.look().await;
    sqlx::query(
        "INSERT INTO loyalty.programme (tenant, shard, version, effective_at, terms, recorded_at)
         VALUES ($1, $2, 1, '2020-01-01', $3::jsonb, '2026-01-01')",
    )
    .bind(tenant.uuid())
    .bind(shard)
    .bind(TERMS)
    .execute(&mut look)
    .await
    .expect("a programme");
    sqlx::query("INSERT INTO loyalty.tenant_terms (tenant, shard, suspended) VALUES ($1, $2, true)")
        .bind(tenant.uuid())
        .bind(shard)
        .execute(&mut look)
        .await
        .expect("a suspended tenant");

    store::migrate(database.url(), loyalty::SERVICE, &loyalty::migrations()).await.expect("it migrates");
    let store = database.store(loyalty::SERVICE).await;
    let held = terms::Book::<Programme>::new(store, testkit::clock_at("2026-06-01T00:00:00Z"), |tenant, _, at| {
        unreachable!("{tenant} at {at}: nothing is put here")
    });
    let held = held.of(tenant).await.expect("it can be read");
    let rules = held.versions.at(testkit::instant("2026-06-01T00:00:00Z")).expect("it rules");
    assert_eq!((rules.number, rules.zone.name(), rules.rates[0].per_minor), (1, "Asia/Taipei", 50));
    assert!(held.settled.suspended, "who may not write still may not");
}

#[tokio::test]
async fn entries_of_an_older_build_are_chained_as_they_stand() {
    let database = Database::create(
        loyalty::SERVICE,
        &[&store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, &terms::MIGRATIONS, before(104)],
    )
    .await;
    let moment = testkit::instant("2026-01-01T00:00:00.000001Z");
    let (tenant, member) = (TenantId::new_at(moment), MemberId::new_at(moment));
    let shard = Shard::of_member(member).number();
    let mut look = database.look().await;
    sqlx::query(
        "INSERT INTO loyalty.account (tenant, shard, member, joined_at, entries, tier_changes, spendable, deficit, earned,
             earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, settled_until)
         VALUES ($1, $2, $3, '2026-01-01', 2, 0, 30, 0, 30, 0, 0, 0, 0, 0, '2026-01-01')",
    )
    .bind(tenant.uuid())
    .bind(shard)
    .bind(member.uuid())
    .execute(&mut look)
    .await
    .expect("an account");
    for number in [1_i64, 2] {
        sqlx::query(
            r#"INSERT INTO loyalty.entry (tenant, shard, member, number, entry, kind, points, balance_after, cause, draws,
                   grounds, programme_version, occurred_at, recorded_at)
               VALUES ($1, $2, $3, $4, $5, 1, 15, 15 * $4, '咖啡', '[]', '{"b": 1, "aa": 2}', 1,
                   '2026-01-01T00:00:00.000001Z', '2026-01-01T00:00:00.000001Z')"#,
        )
        .bind(tenant.uuid())
        .bind(shard)
        .bind(member.uuid())
        .bind(number)
        .bind(Uuid::from_u128(u128::try_from(number).expect("small")))
        .execute(&mut look)
        .await
        .expect("an entry");
    }

    store::migrate(database.url(), loyalty::SERVICE, &loyalty::migrations()).await.expect("it migrates");
    let mut links = vec![Link::FIRST];
    for number in [1, 2] {
        let line = Line {
            number,
            entry: Uuid::from_u128(u128::try_from(number).expect("small")),
            kind: 1,
            points: 15,
            balance_after: 15 * number,
            cause: "咖啡",
            draws: "[]",
            // As PostgreSQL had kept it.
            grounds: r#"{"b": 1, "aa": 2}"#,
            programme_version: 1,
            occurred_us: moment.as_microsecond(),
            recorded_us: moment.as_microsecond(),
        };
        links.push(link(links[links.len() - 1], Owner::of_points(tenant, member), &line));
    }
    let kept: Vec<u8> =
        sqlx::query_scalar("SELECT link FROM loyalty.account").fetch_one(&mut look).await.expect("one account");
    assert_eq!(Link::read(&kept), Some(links[2]));
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT link FROM loyalty.seal WHERE entries = 2 AND shard = $1")
        .bind(shard)
        .fetch_one(&mut look)
        .await
        .expect("its seal");
    assert_eq!(Link::read(&sealed), Some(seal(Link::FIRST, links[1..].iter().copied())));
    let seals: i64 =
        sqlx::query_scalar("SELECT count(*) FROM loyalty.seal").fetch_one(&mut look).await.expect("counted");
    assert_eq!(seals, 256);
}

/// What older builds found by an index of causes: a grant, and the reversal of a redemption.
#[tokio::test]
async fn what_an_older_build_did_once_is_not_done_again() {
    let older = vec![&store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, &terms::MIGRATIONS, before(105)];
    let database = Database::create(loyalty::SERVICE, &older).await;
    let moment = testkit::instant("2026-01-01T00:00:00Z");
    let (tenant, member) = (TenantId::new_at(moment), MemberId::new_at(moment));
    let mut look = database.look().await;
    let entry = |number: u128| EntryId::from(Uuid::from_u128(number)).to_string();
    let lines = [
        (1_i64, 1_i16, "referral_01h455vb4pex5vsknk084sn02q".to_owned()),
        (2, 1, "order_01h455vb4pex5vsknk084sn02q".to_owned()),
        (3, 3, "coffee".to_owned()),
        (4, 4, entry(3)),
    ];
    for (number, kind, cause) in &lines {
        sqlx::query(
            "INSERT INTO loyalty.entry (tenant, shard, member, number, entry, kind, points, balance_after, cause, draws,
                 grounds, programme_version, occurred_at, recorded_at, link, batch)
             VALUES ($1, $2, $3, $4, $5, $6, 1, 1, $7, '[]', '{}', 1, '2026-01-01', '2026-01-01', sha256(''), 0)",
        )
        .bind(tenant.uuid())
        .bind(Shard::of_member(member).number())
        .bind(member.uuid())
        .bind(number)
        .bind(Uuid::from_u128(u128::try_from(*number).expect("small")))
        .bind(kind)
        .bind(cause)
        .execute(&mut look)
        .await
        .expect("an entry");
    }
    store::migrate(database.url(), loyalty::SERVICE, &loyalty::migrations()).await.expect("it migrates");
    let kept: Vec<(String, i64)> = sqlx::query_as("SELECT cause, number FROM loyalty.done_once ORDER BY number")
        .fetch_all(&mut look)
        .await
        .expect("they are kept");
    assert_eq!(kept, [(lines[0].2.clone(), 1), (entry(3), 4)], "orders are known by their purchases");
}
