//! Sums over a tenant as the wire tells them.

use proto::segmentation::v1;
use tonic::Response;

use super::present::{group, lifecycle};
use super::present_scheme::wire_snapshot;
use crate::members::report::{BestFifth, Distribution};
use crate::members::{CohortsView, Group, Lifecycle, OverviewView};

pub(super) fn overview(told: OverviewView) -> Response<v1::GetOverviewResponse> {
    let groups = Group::ALL.into_iter().map(|one| v1::GroupCount {
        group: group(one).into(),
        members: told.counts.groups.get(&one).copied().unwrap_or(0),
    });
    let lifecycles = Lifecycle::ALL.into_iter().map(|one| v1::LifecycleCount {
        lifecycle: lifecycle(one).into(),
        members: told.counts.lifecycles.get(&one).copied().unwrap_or(0),
    });
    let overview = v1::Overview {
        as_of: Some(proto::timestamp(told.as_of)),
        members: told.counts.members(),
        groups: groups.collect(),
        lifecycles: lifecycles.collect(),
        waiting: told.waiting,
        buyers: told.sums.buyers,
        repeat_buyers: told.sums.repeat_buyers,
        repurchase_permille: told.sums.repurchase_permille,
        lifetime_values: Some(distribution(told.sums.lifetime_values)),
        by_revenue: Some(best_fifth(told.sums.by_revenue)),
        by_profit: Some(best_fifth(told.sums.by_profit)),
        revenue_with_cost_minor: told.sums.revenue_with_cost_minor,
        snapshot: Some(wire_snapshot(told.snapshot)),
    };
    Response::new(v1::GetOverviewResponse { overview: Some(overview) })
}

const fn distribution(told: Distribution) -> v1::Distribution {
    let [min, p10, p25, median, p75, p90, max] = told.quantiles;
    v1::Distribution { count: told.count, min, p10, p25, median, p75, p90, max, mean: told.mean }
}

const fn best_fifth(told: BestFifth) -> v1::BestFifth {
    v1::BestFifth {
        population: told.population,
        members: told.members,
        share_minor: told.share_minor,
        total_minor: told.total_minor,
        share_permille: told.share_permille,
    }
}

pub(super) fn cohorts(told: CohortsView) -> Response<v1::GetCohortsResponse> {
    let cohorts = told.into_iter().map(|(month, cohort)| v1::Cohort {
        month,
        members: cohort.members,
        months: cohort.months.into_iter().map(|(month, buyers)| v1::CohortMonth { month, buyers }).collect(),
    });
    Response::new(v1::GetCohortsResponse { cohorts: cohorts.collect() })
}
