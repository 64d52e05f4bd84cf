//! A valid request for every rpc of the contract.

mod activity;
mod loyalty;
mod operators;
mod referrals;
mod registry;
mod segmentation;
mod subscriptions;

use testkit::Examples;

use crate::requests::{line, of, order, purchase};
use crate::stage::{Shop, Stage};

pub use operators::operators_examples;

/// A shop with a member who has bought, and has plenty of points.
#[derive(Clone)]
pub struct World {
    pub shop: Shop,
    pub member: String,
    pub other: String,
    pub order: String,
    pub freshness: String,
}

/// Makes requests of a number in a world: `make!(world, |world, n| ...)`.
macro_rules! make {
    ($world:expr, |$inner:ident, $number:ident| $body:expr) => {{
        let held = $world.clone();
        move |$number: u32| {
            let $inner = held.clone();
            async move { $body }
        }
    }};
}
pub(crate) use make;

/// Requests of a shop's own people.
pub async fn examples(shop: &Shop) -> Examples {
    let member = shop.enrol("0911-111-111").await;
    let lines = vec![line(1, "a hall of mirrors", 1, "5000000")];
    let bought = shop
        .activity()
        .record_order(purchase(shop.request_id(), order("first", of(&member), lines)))
        .await
        .expect("the order is recorded")
        .into_inner();
    let other = shop.enrol("0911-111-190").await;
    let world = World { shop: shop.clone(), member, other, order: bought.order, freshness: bought.freshness };
    registry::examples(&world)
        .and(activity::examples(&world).await)
        .and(loyalty::examples(&world).await)
        .and(segmentation::examples(&world).await)
        .and(referrals::examples(&world).await)
        .and(subscriptions::examples(&world).await)
}

const OPERATORS: [&str; 4] = ["TenantService", "EventLogService", "ClockService", "OperationsService"];

fn is_for_operators(method: &proto::Method) -> bool {
    OPERATORS.iter().any(|service| method.path.contains(service))
}

/// What a shop calls.
pub fn tenants_methods(stage: &Stage) -> Vec<&'static proto::Method> {
    stage.served.methods().filter(|method| !is_for_operators(method)).collect()
}

/// What operators call.
pub fn operators_methods(stage: &Stage) -> Vec<&'static proto::Method> {
    stage.served.methods().filter(|method| is_for_operators(method)).collect()
}
