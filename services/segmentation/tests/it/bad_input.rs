//! Bad input is answered with violations that name the field; foreign tokens are refused. By the harnesses.

use proto::segmentation::v1::*;
use tonic_types::StatusExt as _;

use crate::repeat::{examples, methods};
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn no_message_makes_the_service_fail() {
    let shop = Shop::open().await;
    let examples = examples(&shop).await;
    let channel = shop.served.channel_for_everything(shop.tenant);
    testkit::bad_input::never_fails(methods(), &channel, &examples).await;
    testkit::bad_input::unreadable_bytes(methods(), &channel, &examples).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_a_scheme_is_named() {
    let shop = Shop::open().await;
    let scheme = Scheme {
        rfm_period_months: Some(0),
        recency: Some(Cut { rule: Some(cut::Rule::Value(-1)) }),
        frequency: Some(Cut { rule: Some(cut::Rule::QuantilePermille(1_000)) }),
        precedence: 9,
        own_cycle_purchases: Some(1),
        currency_code: "NT$".to_owned(),
        ..Scheme::default()
    };
    let asked = PutSchemeRequest { request_id: shop.request_id(), scheme: Some(scheme), validate_only: false };
    let refused = shop.client().put_scheme(asked).await.expect_err("much is wrong");
    let told = refused.get_details_bad_request().expect("it names fields").field_violations;
    let mut fields: Vec<&str> = told.iter().map(|one| one.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "scheme.currency_code",
            "scheme.effective_time",
            "scheme.frequency.quantile_permille",
            "scheme.own_cycle_purchases",
            "scheme.precedence",
            "scheme.recency.value",
            "scheme.rfm_period_months"
        ]
    );
}
