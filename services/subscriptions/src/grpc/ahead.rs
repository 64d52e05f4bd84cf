//! What is ahead: of a subscription, or of a plan for somebody who thinks about it.

use proto::subscriptions::v1::PreviewOccurrencesResponse;
use tonic::{Response, Status};

use super::parse::{PreviewLook, Whose};
use super::{present, present_plan, refuse};
use crate::plan::Plans;
use crate::subscription::StandingOrders;

pub(super) async fn preview(
    orders: &StandingOrders,
    plans: &Plans,
    ask: PreviewLook,
) -> Result<Response<PreviewOccurrencesResponse>, Status> {
    match ask.whose {
        Whose::Subscription(id) => {
            let (ours, ahead) = orders.preview(ask.tenant, id, ask.count).await.map_err(refuse::subscription)?;
            Ok(present::preview(&ours, &ahead))
        }
        Whose::Plan { code, cadence, anchor, zone } => {
            let plan = plans.get(ask.tenant, &code, None).await.map_err(refuse::plan)?;
            let cadence = cadence.unwrap_or(plan.cadence);
            let ahead = orders.imagine(ask.tenant, (&plan, cadence), (anchor, zone), ask.count).await;
            Ok(present_plan::imagined(&plan, &ahead.map_err(refuse::subscription)?))
        }
    }
}
