//! The names of a member come and go; the last one stays.

use proto::registry::v1::{AddIdentityRequest, FindMemberRequest, Identity, IdentityKind, RemoveIdentityRequest};
use tonic::{Code, Status};

use crate::shop::{Shop, email, identity, person, phone, reason};

impl Shop {
    async fn add(&mut self, member: impl ToString, identity: Identity) -> Result<(String, String), Status> {
        let request =
            AddIdentityRequest { request_id: self.request_id(), member: member.to_string(), identity: Some(identity) };
        let done = self.client.add_identity(request).await?.into_inner();
        Ok((done.etag, done.freshness))
    }

    async fn remove(&mut self, member: impl ToString, identity: Identity) -> Result<String, Status> {
        let request = RemoveIdentityRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            identity: Some(identity),
        };
        Ok(self.client.remove_identity(request).await?.into_inner().freshness)
    }

    async fn find(&mut self, identity: Identity) -> Result<String, Status> {
        let request = FindMemberRequest { identity: Some(identity), at_least_as_fresh: String::new() };
        Ok(self.client.find_member(request).await?.into_inner().member.expect("a member is answered").id)
    }
}

#[tokio::test]
async fn a_member_is_found_by_every_name_in_any_usual_form() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let line = identity(IdentityKind::Line, "shop-a", "U4af4980629f0");
    shop.add(member, email("Wang@Example.com")).await.expect("it is free");
    let (_, fresh) = shop.add(member, line.clone()).await.expect("it is free");
    for known in [phone("+886 912 345 678"), phone("0912-345-678"), email("wang@EXAMPLE.com"), line.clone()] {
        assert_eq!(shop.find(known).await.expect("known"), member.to_string());
    }
    let identities = shop.get(member, &fresh).await.expect("there").identities;
    let kinds: Vec<IdentityKind> = identities.iter().map(Identity::kind).collect();
    assert_eq!(kinds, [IdentityKind::Phone, IdentityKind::Email, IdentityKind::Line], "in the order they were added");
    let elsewhere = Identity { issuer: "shop-b".to_owned(), ..line };
    let status = shop.find(elsewhere).await.expect_err("another provider's id is another name");
    assert_eq!(reason(&status, "identity"), ("MEMBER_NOT_FOUND".to_owned(), "line".to_owned()));
}

#[tokio::test]
async fn what_somebody_else_is_known_by_is_taken() {
    let mut shop = Shop::open().await;
    let first = shop.enrol_phone("0912000001").await;
    let second = shop.enrol_phone("0912000002").await;
    let status = shop.add(second, phone("0912000001")).await.expect_err("it is taken");
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status, "member"), ("IDENTITY_TAKEN".to_owned(), first.to_string()));
    shop.add(first, email("a@example.com")).await.expect("it is free");
    shop.remove(first, phone("0912000001")).await.expect("another is left");
    shop.add(second, phone("0912000001")).await.expect("it is free now");
    assert_eq!(shop.find(phone("0912000001")).await.expect("known"), second.to_string());
}

#[tokio::test]
async fn adding_what_is_there_only_marks_it_verified() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    assert_eq!(shop.add(member, phone("0912345678")).await.expect("it may").0, "1");
    let verified = Identity { verified: true, ..phone("0912345678") };
    let (etag, fresh) = shop.add(member, verified).await.expect("it may");
    assert_eq!(etag, "2");
    let identities = shop.get(member, &fresh).await.expect("there").identities;
    assert!(identities.len() == 1 && identities[0].verified);
    assert_eq!(shop.add(member, phone("0912345678")).await.expect("it may").0, "2", "verified stays verified");
}

#[tokio::test]
async fn the_last_name_stays() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    let status = shop.remove(member, phone("0912345678")).await.expect_err("it is the last");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status, "kind"), ("LAST_IDENTITY".to_owned(), "phone".to_owned()));
    let status = shop.remove(member, email("a@example.com")).await.expect_err("it is not theirs");
    assert_eq!((status.code(), reason(&status, "kind").0), (Code::NotFound, "IDENTITY_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn the_record_and_the_names_table_say_the_same() {
    let mut shop = Shop::open().await;
    let enrolled = shop.enrol(person(&[phone("0912000001"), email("a@example.com")])).await.expect("free");
    shop.add(&enrolled.member, identity(IdentityKind::Card, "gold", "1234-5678")).await.expect("free");
    shop.remove(&enrolled.member, email("a@example.com")).await.expect("others are left");
    shop.enrol_phone("0912000002").await;
    let apart = "SELECT count(*) FROM (
        (SELECT member, kind, issuer, value FROM registry.identity
         EXCEPT SELECT member, i->>'kind', i->>'issuer', i->>'value' FROM registry.member, jsonb_array_elements(identities) i)
        UNION ALL
        (SELECT member, i->>'kind', i->>'issuer', i->>'value' FROM registry.member, jsonb_array_elements(identities) i
         EXCEPT SELECT member, kind, issuer, value FROM registry.identity)) AS apart";
    assert_eq!(shop.number(apart).await, 0);
    assert_eq!(shop.rows("identity").await, 3);
}

#[tokio::test]
async fn a_member_is_known_by_fifty_names_and_no_more() {
    let mut shop = Shop::open().await;
    let card = |number: usize| identity(IdentityKind::Card, "gold", &format!("1234-{number:04}"));
    let twenty: Vec<Identity> = (1..=20).map(card).collect();
    let member = shop.enrol(person(&twenty)).await.expect("free").member;
    for number in 21..=50 {
        shop.add(&member, card(number)).await.expect("one of fifty");
    }
    let before = shop.rows("identity").await;
    let status = shop.add(&member, card(51)).await.expect_err("one too many");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status, "most"), ("TOO_MANY_IDENTITIES".to_owned(), "50".to_owned()));
    assert_eq!(reason(&status, "would_be").1, "51");
    assert_eq!(shop.rows("identity").await, before, "nothing was written");
    shop.add(&member, Identity { verified: true, ..card(1) }).await.expect("it is one of theirs");
    shop.remove(&member, card(50)).await.expect("others are left");
    shop.add(&member, card(51)).await.expect("there is room");
}
