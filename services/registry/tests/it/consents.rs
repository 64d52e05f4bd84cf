//! The latest word counts; all words are kept.

use proto::registry::v1::{Consent, SetConsentRequest};

use crate::shop::{Shop, fields, person, phone};

fn word(purpose: &str, granted: bool, at: Option<&str>) -> Consent {
    Consent {
        purpose: purpose.to_owned(),
        granted,
        source: "till".to_owned(),
        state_time: at.map(|at| proto::timestamp(testkit::instant(at))),
    }
}

impl Shop {
    async fn say(&mut self, member: &str, consents: Vec<Consent>) -> Vec<(String, bool)> {
        let request = SetConsentRequest { request_id: self.request_id(), member: member.to_owned(), consents };
        let done = self.client.set_consent(request).await.expect("anybody may say so").into_inner();
        let member = self.get(member, &done.freshness).await.expect("there");
        member.consents.into_iter().map(|consent| (consent.purpose, consent.granted)).collect()
    }
}

#[tokio::test]
async fn the_latest_word_counts_and_all_are_kept() {
    let mut shop = Shop::open().await;
    let mut wang = person(&[phone("0912345678")]);
    wang.consents = vec![word("sms.marketing", true, None)];
    let member = shop.enrol(wang).await.expect("free").member;
    assert_eq!(shop.rows("consent").await, 1);

    let both = vec![word("sms.marketing", false, None), word("profiling", true, None)];
    let now = shop.say(&member, both).await;
    assert_eq!(now, [("profiling".to_owned(), true), ("sms.marketing".to_owned(), false)]);

    let late = shop.say(&member, vec![word("sms.marketing", true, Some("2026-11-01T00:00:00Z"))]).await;
    assert_eq!(late[1], ("sms.marketing".to_owned(), false), "an older word heard late does not outdo a later one");
    assert_eq!(shop.rows("consent").await, 4);
    let kept = "SELECT count(*) FROM registry.consent WHERE purpose = 'sms.marketing' AND granted";
    assert_eq!(shop.number(kept).await, 2);
}

#[tokio::test]
async fn nobody_agrees_in_the_future_or_twice_at_once() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await.to_string();
    let consents = vec![
        word("sms", true, Some("2026-11-22T04:00:01Z")),
        word("email", true, None),
        word("email", false, None),
        word("No Such", true, None),
    ];
    let request = SetConsentRequest { request_id: shop.request_id(), member, consents };
    let status = shop.client.set_consent(request).await.expect_err("three are wrong");
    assert_eq!(fields(&status), ["consents[0].state_time", "consents[2].purpose", "consents[3].purpose"]);
}
