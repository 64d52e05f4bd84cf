//! Bad input is answered with violations that name the field; foreign tokens are refused. By the harnesses.

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
