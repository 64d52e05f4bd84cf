//! Redis is killed and started again while shops read, change and sell: no answer is wrong, and none is an error.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proto::loyalty::v1::GetBalanceRequest;
use proto::registry::v1::{GetMemberRequest, MemberChange, UpdateMemberRequest};
use testkit::{Promise, count};

use crate::labour::{Labour, Worker};
use crate::requests::{line, of, order, purchase};
use crate::stage::{Shop, Stage};

/// What registry promises of a read without a token.
const STALE: Duration = Duration::from_secs(1);
const MEMBERS: u64 = 3;
/// Checked answers of each client before, during and after each outage.
const ANSWERS: u64 = 5;
const BREATH: Duration = Duration::from_millis(10);

/// A member whose name is a number that only grows, and what was said about it.
struct Known {
    member: String,
    begun: AtomicU64,
    told: Mutex<Vec<Told>>,
}

#[derive(Clone)]
struct Told {
    at: Instant,
    number: u64,
    freshness: String,
}

impl Known {
    fn newest(&self) -> Option<Told> {
        self.told.lock().expect("nobody panicked").last().cloned()
    }

    /// What a read without a token may answer that begins now; asked when its answer is there.
    fn allowed(&self, began: Instant) -> RangeInclusive<u64> {
        let told = self.told.lock().expect("nobody panicked");
        let old = told.iter().rev().find(|told| told.at + STALE < began);
        old.map_or(0, |told| told.number)..=self.begun.load(Ordering::SeqCst)
    }
}

/// Gives a member one name after another.
async fn rename(shop: Shop, known: Arc<Known>, worker: Worker) {
    for number in 1.. {
        if !worker.goes_on() {
            return;
        }
        known.begun.store(number, Ordering::SeqCst);
        let asked = UpdateMemberRequest {
            request_id: shop.request_id(),
            member: known.member.clone(),
            change: Some(MemberChange { name: number.to_string(), ..MemberChange::default() }),
            update_mask: vec!["name".to_owned()],
            etag: String::new(),
        };
        let freshness = shop.registry().update_member(asked).await.expect("they are renamed").into_inner().freshness;
        known.told.lock().expect("nobody panicked").push(Told { at: Instant::now(), number, freshness });
        worker.done();
        tokio::time::sleep(BREATH).await;
    }
}

async fn name(shop: &Shop, member: &str, at_least_as_fresh: String) -> u64 {
    let asked = GetMemberRequest { member: member.to_owned(), at_least_as_fresh };
    let answer = shop.registry().get_member(asked).await.expect("a read without an error").into_inner();
    let name = answer.member.expect("a member").name;
    if name.is_empty() { 0 } else { name.parse().expect("a number") }
}

/// Reads with and without the newest token.
async fn read(shop: Shop, known: Arc<Known>, worker: Worker) {
    while worker.goes_on() {
        let began = Instant::now();
        let found = name(&shop, &known.member, String::new()).await;
        let allowed = known.allowed(began);
        assert!(allowed.contains(&found), "a read without a token answers {found}, and not one of {allowed:?}");
        if let Some(told) = known.newest() {
            let found = name(&shop, &known.member, told.freshness).await;
            assert!(found >= told.number, "a read with the token of {} answers {found}", told.number);
        }
        worker.done();
        tokio::time::sleep(BREATH).await;
    }
}

/// Enrols somebody, sells them something and looks at their points.
async fn sell(shop: Shop, till: u64, worker: Worker) {
    for number in 0.. {
        if !worker.goes_on() {
            return;
        }
        let member = shop.enrol(&format!("09{till:02}-{number:06}")).await;
        let bought = order(&format!("{till}-{number}"), of(&member), vec![line(1, "mug", 1, "1000")]);
        let bought = shop.activity().record_order(purchase(shop.request_id(), bought)).await;
        let at_least_as_fresh = bought.expect("the order is recorded").into_inner().freshness;
        let asked = GetBalanceRequest { member, at_least_as_fresh, ..GetBalanceRequest::default() };
        let answer = shop.loyalty().get_balance(asked).await.expect("a read without an error").into_inner();
        assert_eq!(answer.balance, 20, "the order is seen by a read with its token");
        worker.done();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_killed_under_load_is_noticed_by_nobody() {
    let Some(mut redis) = testkit::OwnRedis::start("stories") else { return };
    let (url, stage) = (redis.url(), Stage::with_redis(redis.url(), "2011-12-02T04:00:00Z").await);
    let (shop, twin) = (stage.shop("signature").await, stage.another_registry().await);
    let mut labour = Labour::new();
    for number in 0..MEMBERS {
        let member = shop.enrol(&format!("0800-000-00{number}")).await;
        let known = Arc::new(Known { member, begun: AtomicU64::new(0), told: Mutex::default() });
        labour.employ(|worker| rename(shop.clone(), Arc::clone(&known), worker));
        for reader in [shop.clone(), shop.at(&twin)] {
            labour.employ(|worker| read(reader, Arc::clone(&known), worker));
        }
    }
    for till in [10, 11] {
        labour.employ(|worker| sell(shop.clone(), till, worker));
    }

    for round in 0..count(Promise::RedisKills) {
        labour.goes_on(ANSWERS, &format!("with Redis, round {round}")).await;
        tokio::task::block_in_place(|| redis.crash());
        labour.goes_on(ANSWERS, &format!("without Redis, round {round}")).await;
        tokio::task::block_in_place(|| redis.start_again());
        // It came back empty. Where somebody took its port meanwhile, the suite goes on without it, and rightly so.
        if redis.url() == url {
            let used = || redis.keys() > 0;
            testkit::until("profiles are kept in Redis again", || async { used() }).await;
        }
    }
    labour.goes_on(ANSWERS, "when all is over").await;
    labour.end().await;
    twin.stop().await;
    stage.stop().await;
}
