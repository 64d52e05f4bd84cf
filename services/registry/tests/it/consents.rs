//! The latest word counts; all words are kept.

use proto::registry::v1::{Consent, SetConsentRequest};

use tonic::Code;

use crate::shop::{Shop, fields, person, phone, reason};

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

#[tokio::test]
async fn a_member_speaks_of_two_hundred_purposes_and_no_more() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await.to_string();
    let words = |purposes: std::ops::Range<usize>| {
        purposes.map(|number| word(&format!("purpose{number}"), true, None)).collect::<Vec<_>>()
    };
    for first in (0..200).step_by(20) {
        shop.say(&member, words(first..first + 20)).await;
    }
    let request =
        SetConsentRequest { request_id: shop.request_id(), member: member.clone(), consents: words(199..201) };
    let status = shop.client.set_consent(request).await.expect_err("one too many");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status, "most"), ("TOO_MANY_CONSENTS".to_owned(), "200".to_owned()));
    assert_eq!(reason(&status, "would_be").1, "201");
    assert_eq!(shop.rows("consent").await, 200, "nothing was written");
    let again = shop.say(&member, vec![word("purpose7", false, None)]).await;
    assert_eq!(again.iter().filter(|(_, granted)| !granted).count(), 1, "what was spoken of is spoken of again");
}
