//! Profiles come from memory, and yet are what was written.

use std::time::{Duration, Instant};

use proto::registry::v1::{GetMemberRequest, MemberChange, UpdateMemberRequest};
use tonic::Code;

use crate::shop::{Shop, reason};

impl Shop {
    async fn rename(&mut self, member: impl ToString, name: &str) -> String {
        let request = UpdateMemberRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            change: Some(MemberChange { name: name.to_owned(), ..MemberChange::default() }),
            update_mask: vec!["name".to_owned()],
            etag: String::new(),
        };
        self.client.update_member(request).await.expect("they may").into_inner().freshness
    }

    /// Reads a member until the answers come from memory.
    async fn warm(&mut self, member: impl ToString) {
        let end = Instant::now() + Duration::from_millis(600);
        while Instant::now() < end {
            self.get(member.to_string(), "").await.expect("there");
        }
    }
}

#[tokio::test]
async fn a_read_with_the_writes_token_sees_it() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    shop.warm(member).await;
    for round in 0..50 {
        let name = format!("王{round}");
        let fresh = shop.rename(member, &name).await;
        assert_eq!(shop.get(member, &fresh).await.expect("there").name, name);
    }
}

#[tokio::test]
async fn a_read_without_a_token_sees_it_within_a_second() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    shop.warm(member).await;
    for round in 0..10 {
        let name = format!("王{round}");
        shop.rename(member, &name).await;
        let written = Instant::now();
        while shop.get(member, "").await.expect("there").name != name {
            assert!(written.elapsed() < Duration::from_secs(1), "an old name is still told");
        }
    }
}

#[tokio::test]
async fn what_another_replica_wrote_is_seen_within_a_second() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    shop.warm(member).await;
    // Another replica: the same database, a store and a memory of its own.
    let store = shop.database.store(registry::SERVICE).await;
    let other = registry::Registry::open(store, shop.clock.clone(), shop.served.keys(), None, shop.served.peers(&[]));
    let served = testkit::serve(other.mount(server::Services::new()));
    let mut elsewhere = shop.client.clone();
    std::mem::swap(&mut shop.client, &mut elsewhere);
    shop.client = proto::registry::v1::registry_service_client::RegistryServiceClient::new(
        served.channel_for_everything(shop.tenant),
    );
    let fresh = shop.rename(member, "王一").await;
    let written = Instant::now();
    std::mem::swap(&mut shop.client, &mut elsewhere);
    assert_eq!(shop.get(member, &fresh).await.expect("there").name, "王一", "its token is honoured here");
    while shop.get(member, "").await.expect("there").name != "王一" {
        assert!(written.elapsed() < Duration::from_secs(1), "an old name is still told");
    }
}

#[tokio::test]
async fn without_background_work_every_read_is_the_latest() {
    let mut shop = Shop::without_background_work().await;
    let member = shop.enrol_phone("0912345678").await;
    for round in 0..10 {
        let name = format!("王{round}");
        shop.rename(member, &name).await;
        assert_eq!(shop.get(member, "").await.expect("there").name, name);
    }
}

#[tokio::test]
async fn a_token_that_leads_nowhere_is_refused() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let head = store::Head { epoch: uuid::Uuid::new_v4(), position: 1 };
    let token = wire::Freshness::of("loyalty", &[(kernel::Shard::from(1), head)]).seal(&shop.served.keys());
    let request = GetMemberRequest { member: member.to_string(), at_least_as_fresh: token };
    let status = shop.client.get_member(request).await.expect_err("registry does not hear loyalty");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status, "source"), ("FRESHNESS_UNREACHABLE".to_owned(), "loyalty".to_owned()));
}
