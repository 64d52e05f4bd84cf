//! Members as the wire tells them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{Currency, TenantId};
use proto::common::v1 as common;
use proto::segmentation::v1;
use tonic::Response;
use wire::messages::localized;
use wire::{Keys, Language};

use super::parse::{ChangesLook, MembersLook};
use super::present_scheme::instant_of;
use super::wording;
use crate::members::decision::Decision;
use crate::members::person::Moved;
use crate::members::{
    ChangeView, CycleSource, Features, Group, Insight, Labels, Lifecycle, MemberRow, Page, Taking, Window,
};

pub(super) fn taken(keys: &Keys, tenant: TenantId, taken: &Taking) -> Response<v1::TakeSnapshotResponse> {
    let freshness = taken.freshness(tenant).seal(keys);
    Response::new(v1::TakeSnapshotResponse { number: taken.number, population: taken.population, freshness })
}

pub(super) fn insight(language: Language, told: Insight) -> Response<v1::GetInsightResponse> {
    let money = |minor| money(told.currency, minor);
    let insight = v1::Insight {
        member: told.member.to_string(),
        as_of: Some(proto::timestamp(told.as_of)),
        join_time: time(told.joined_at),
        features: Some(features(&told.features, told.currency)),
        rfm: Some(rfm(language, &told)),
        lifecycle: Some(lifecycle_standing(language, &told)),
        cycle: Some(v1::Cycle {
            days: told.cycle.days,
            source: cycle_source(told.cycle.source).into(),
            category: told.cycle.category.clone().unwrap_or_default(),
        }),
        lifetime_value: Some(v1::LifetimeValue {
            yearly: money(told.value.yearly_minor),
            total: money(told.value.total_minor),
            weeks_observed: told.value.weeks_observed,
        }),
        snapshot: told.snapshot,
    };
    Response::new(v1::GetInsightResponse { insight: Some(insight) })
}

fn features(told: &Features, currency: Option<Currency>) -> v1::Features {
    v1::Features {
        first_purchase_time: time(told.first_and_last.map(|(first, _)| first)),
        last_purchase_time: time(told.first_and_last.map(|(_, last)| last)),
        purchases: told.purchases,
        total: money(currency, told.total_minor),
        average_basket: money(currency, told.average_minor),
        period_purchases: told.period_purchases,
        period_total: money(currency, told.period_minor),
        channels: counted(&told.channels),
        categories: counted(&told.categories),
        mean_gap_days: told.mean_gap_days,
        days_since_last: told.days_since_last,
        windows: told.windows.iter().map(|one| window(one, currency)).collect(),
    }
}

fn window(told: &Window, currency: Option<Currency>) -> v1::Window {
    v1::Window { days: told.days, purchases: told.purchases, total: money(currency, told.total_minor) }
}

fn rfm(language: Language, told: &Insight) -> v1::Rfm {
    v1::Rfm {
        recency_high: told.letters.recency,
        frequency_high: told.letters.frequency,
        monetary_high: told.letters.monetary,
        recency_from: told.cuts.and_then(|cuts| instant_of(cuts.recency_from)),
        frequency_from: told.cuts.map_or(0, |cuts| cuts.frequency_from),
        monetary_from: told.cuts.map_or(0, |cuts| cuts.monetary_from),
        group: group(told.standing.group).into(),
        since: time(told.group_since),
        decision: Some(decision(language, wording::of_group(told.standing.group), &told.group_decision)),
    }
}

fn lifecycle_standing(language: Language, told: &Insight) -> v1::LifecycleStanding {
    let then = told.next.map(|(_, then)| then);
    v1::LifecycleStanding {
        chosen: lifecycle(told.standing.lifecycle).into(),
        labels: labels(told.standing.labels),
        first_ever: told.first_ever,
        since: time(told.lifecycle_since),
        within_one: told.windows.within_one,
        within_three: told.windows.within_three,
        within_six: told.windows.within_six,
        older: told.windows.older,
        next_change_time: time(told.next.map(|(at, _)| at)),
        next_lifecycle: then.map_or(v1::Lifecycle::Unspecified, |then| lifecycle(then.lifecycle)).into(),
        next_group: then.map_or(v1::Group::Unspecified, |then| group(then.group)).into(),
        decision: Some(decision(language, wording::of_lifecycle(told.standing.lifecycle), &told.lifecycle_decision)),
    }
}

pub(super) fn changes(keys: &Keys, ask: &ChangesLook, page: Vec<ChangeView>) -> Response<v1::ListChangesResponse> {
    let next_page_token = ask.next(keys, page.len(), page.last().map(|change| change.number));
    Response::new(v1::ListChangesResponse { changes: page.into_iter().map(change).collect(), next_page_token })
}

fn change(told: ChangeView) -> v1::Change {
    let mut change = v1::Change {
        number: told.number,
        cause: told.cause,
        snapshot: told.snapshot,
        occur_time: Some(proto::timestamp(told.occurred_at)),
        record_time: Some(proto::timestamp(told.recorded_at)),
        ..v1::Change::default()
    };
    match told.moved {
        Moved::Group(from, to) => {
            change.from_group = group(from).into();
            change.to_group = group(to).into();
        }
        Moved::Lifecycle(from, to) => {
            change.from_lifecycle = lifecycle(from).into();
            change.to_lifecycle = lifecycle(to).into();
            change.labels = labels(told.labels);
        }
    }
    change
}

pub(super) fn members(keys: &Keys, ask: &MembersLook, page: Page) -> Response<v1::ListMembersResponse> {
    let next_page_token = ask.next(keys, page.members.len(), page.members.last().map(|row| row.member));
    let members = page.members.into_iter().map(member).collect();
    Response::new(v1::ListMembersResponse { members, next_page_token, waiting: page.waiting })
}

fn member(row: MemberRow) -> v1::MemberStanding {
    v1::MemberStanding {
        member: row.member.to_string(),
        group: group(row.group).into(),
        group_since: time(row.group_since),
        lifecycle: lifecycle(row.lifecycle).into(),
        lifecycle_since: time(row.lifecycle_since),
        total_minor: row.total_minor,
        last_purchase_time: time(row.last_purchase_at),
    }
}

fn decision(language: Language, reason: common::DecisionReason, told: &Decision) -> common::Decision {
    let rule_version = match told.version {
        0 => String::new(),
        version => format!("scheme/{version}"),
    };
    let fact = |(name, value): &(&str, String)| common::Fact { name: (*name).to_owned(), value: value.clone() };
    let steps = told.steps.iter().map(|(name, detail, holds)| common::Step {
        name: (*name).to_owned(),
        detail: detail.clone(),
        contribution: i64::from(*holds),
        figures: Vec::new(),
    });
    common::Decision {
        outcome: told.outcome.to_owned(),
        rule_version,
        decided_for: Some(proto::timestamp(told.decided_for)),
        facts: told.facts.iter().map(fact).collect(),
        steps: steps.collect(),
        nearest_flip: told.flip.map(|(fact, change, outcome)| common::NearestFlip {
            fact: fact.to_owned(),
            change,
            outcome: outcome.to_owned(),
        }),
        reason: reason.into(),
        message: localized(reason.as_str_name(), language, told.facts.iter().cloned()),
    }
}

fn time(moment: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    moment.map(proto::timestamp)
}

fn money(currency: Option<Currency>, minor: i64) -> Option<common::Money> {
    currency.map(|currency| common::Money { currency_code: currency.to_string(), minor })
}

fn counted(counts: &BTreeMap<String, i64>) -> Vec<v1::Counted> {
    counts.iter().map(|(name, count)| v1::Counted { name: name.clone(), count: *count }).collect()
}

fn labels(labels: Labels) -> Vec<i32> {
    labels.all().map(|label| lifecycle(label).into()).collect()
}

pub(super) const fn group(group: Group) -> v1::Group {
    match group {
        Group::Prospect => v1::Group::Prospect,
        Group::Vip => v1::Group::Vip,
        Group::Watched => v1::Group::Watched,
        Group::Promising => v1::Group::Promising,
        Group::Developing => v1::Group::Developing,
        Group::Keep => v1::Group::Keep,
        Group::Maintain => v1::Group::Maintain,
        Group::WinBack => v1::Group::WinBack,
        Group::Dormant => v1::Group::Dormant,
        Group::Unsorted => v1::Group::Unsorted,
    }
}

pub(super) const fn lifecycle(lifecycle: Lifecycle) -> v1::Lifecycle {
    match lifecycle {
        Lifecycle::Prospect => v1::Lifecycle::Prospect,
        Lifecycle::New => v1::Lifecycle::New,
        Lifecycle::Active => v1::Lifecycle::Active,
        Lifecycle::Sleeping => v1::Lifecycle::Sleeping,
        Lifecycle::Lost => v1::Lifecycle::Lost,
        Lifecycle::Deep => v1::Lifecycle::Deep,
    }
}

const fn cycle_source(source: CycleSource) -> v1::CycleSource {
    match source {
        CycleSource::Own => v1::CycleSource::Own,
        CycleSource::Category => v1::CycleSource::Category,
        CycleSource::Shop => v1::CycleSource::Shop,
        CycleSource::Default => v1::CycleSource::Default,
    }
}
