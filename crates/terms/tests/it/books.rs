//! What a book of terms promises.

use std::collections::BTreeSet;

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Clock, Currency, RequestId, Shard, TenantId};
use proto::loyalty::events::v1::ProgrammePut;
use serde::{Deserialize, Serialize};
use store::{Digests, RequestKey, Store};
use terms::{Book, NewTerms, Settled, TermsRefusal, Version};
use testkit::{Database, clock_at, house_tables, instant};
use wire::Stop;

const SERVICE: &str = "loyalty";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rules {
    hold_days: i32,
}

fn say(tenant: TenantId, version: &Version<Rules>, at: Timestamp) -> NewEvent {
    let payload = ProgrammePut { tenant: tenant.to_string(), version: version.number, ..ProgrammePut::default() };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}

struct Scene {
    database: Database,
    store: Store,
    clock: Clock,
    tenant: TenantId,
}

impl Scene {
    async fn open() -> Self {
        let mut tables = house_tables();
        tables.push(&terms::MIGRATIONS);
        let database = Database::for_suite(&[(SERVICE, tables)]).await;
        let clock = clock_at("2026-01-10T02:00:00Z");
        let store = database.store(SERVICE).await;
        let tenant = TenantId::new_at(clock.now());
        Self { database, store, clock, tenant }
    }

    fn book(&self) -> Book<Rules> {
        Book::new(self.store.clone(), self.clock.clone(), say)
    }

    fn rules(&self, effective: &str, hold_days: i32) -> NewTerms<Rules> {
        NewTerms {
            tenant: self.tenant,
            key: RequestKey { rpc: "PutRules", id: RequestId::new_at(self.clock.now()), digests: Digests::default() },
            effective_at: instant(effective),
            terms: Rules { hold_days },
            validate_only: false,
        }
    }

    async fn settle(&self, settled: &Settled) {
        let mut tx = self.store.begin(self.tenant, [Shard::of_tenant(self.tenant)]).await.expect("it begins");
        terms::keep(&mut tx, self.tenant, settled, self.clock.now()).await.expect("it is kept");
        tx.commit().await.expect("it commits");
    }
}

#[tokio::test]
async fn versions_count_up_and_an_older_one_keeps_ruling_its_own_time() {
    let scene = Scene::open().await;
    let book = scene.book();
    assert!(matches!(book.get(scene.tenant, None, None).await, Err(Stop::Refused(TermsRefusal::NotFound { .. }))));

    let first = scene.rules("2020-01-01T00:00:00Z", 14);
    assert_eq!(book.put(first.clone()).await.expect("it is put").version, 1);
    assert_eq!(book.put(first).await.expect("said again").version, 1);
    assert_eq!(book.put(scene.rules("2026-02-01T00:00:00Z", 30)).await.expect("it is put").version, 2);

    let at = |text: &str| Some(instant(text));
    let held = book.get(scene.tenant, None, at("2026-01-31T23:59:59Z")).await.expect("it is there");
    assert_eq!((held.number, held.terms.hold_days), (1, 14));
    let held = book.get(scene.tenant, None, at("2026-02-01T00:00:00Z")).await.expect("it is there");
    assert_eq!((held.number, held.terms.hold_days), (2, 30));
    assert_eq!(scene.database.events_of(SERVICE).await, 2, "each version is told once");
}

#[tokio::test]
async fn what_is_refused_or_only_checked_writes_nothing() {
    let scene = Scene::open().await;
    let book = scene.book();
    book.put(scene.rules("2026-01-01T00:00:00Z", 14)).await.expect("it is put");
    let before = scene.database.effects_of(SERVICE).await;

    let past = book.put(scene.rules("2026-01-05T00:00:00Z", 1)).await;
    assert!(matches!(past, Err(Stop::Refused(TermsRefusal::InThePast { version: 1, .. }))), "{past:?}");
    let taken = book.put(scene.rules("2026-01-01T00:00:00Z", 1)).await;
    assert!(matches!(taken, Err(Stop::Refused(TermsRefusal::VersionTaken { version: 1, .. }))), "{taken:?}");
    let checked = NewTerms { validate_only: true, ..scene.rules("2027-01-01T00:00:00Z", 1) };
    assert_eq!(book.put(checked).await.expect("it would do").version, 2);
    scene
        .settle(&Settled {
            suspended: true,
            currency: Some(Currency::parse("TWD").expect("known")),
            ..Settled::default()
        })
        .await;
    let before = before + 1;
    let suspended = book.put(scene.rules("2027-01-01T00:00:00Z", 1)).await;
    assert!(matches!(suspended, Err(Stop::TenantSuspended)), "{suspended:?}");
    assert_eq!(scene.database.effects_of(SERVICE).await, before);
}

#[tokio::test]
async fn terms_put_by_another_process_are_seen_at_once() {
    let scene = Scene::open().await;
    let (one, other) = (scene.book(), scene.book());
    one.put(scene.rules("2026-01-01T00:00:00Z", 14)).await.expect("it is put");
    assert!(other.of(scene.tenant).await.expect("it is read").versions.last().is_some());
    one.put(scene.rules("2026-02-01T00:00:00Z", 30)).await.expect("it is put");

    let mut tx = scene.store.begin(scene.tenant, []).await.expect("it begins");
    let held = other.within(&mut tx, &BTreeSet::from([scene.tenant])).await.expect("it is read");
    assert_eq!(held[&scene.tenant].versions.last().map(|version| version.number), Some(2));
}

#[tokio::test]
async fn what_registry_settled_is_kept_with_the_last_word_winning() {
    let scene = Scene::open().await;
    assert_eq!(terms::now(&scene.store, scene.tenant).await.expect("it is read"), Settled::default());
    let settled = Settled {
        currency: Some(Currency::parse("GBP").expect("known")),
        minor_digits: 2,
        zone: kernel::calendar::zone("Europe/London").expect("known"),
        suspended: false,
    };
    scene.settle(&Settled { suspended: true, ..settled.clone() }).await;
    scene.settle(&settled).await;
    assert_eq!(terms::now(&scene.store, scene.tenant).await.expect("it is read"), settled);
}
