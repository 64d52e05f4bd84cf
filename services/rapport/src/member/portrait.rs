//! One member at a glance: who they are, their tier, their points, what they bought last and what they earned with it.

use jiff::Timestamp;
use proto::activity::v1::{Order, OrderState};
use proto::common::v1::Decision;
use proto::loyalty::v1::{Account, Entry, QualificationMetric, TierStanding};
use proto::portrait::v1;
use proto::registry::v1::{IdentityKind, Member, MemberState};
use serde_json::{Value, json};

use super::{circle, fresh};
use crate::explain::in_short;
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// What is known of a member.
#[derive(Clone, Debug, Default)]
pub struct Portrait {
    /// As the suite told it.
    pub whole: v1::Portrait,
    /// Entries that orders caused, and why they are as they are.
    pub earned: Vec<(Entry, Option<Decision>)>,
}

impl Portrait {
    /// For a person.
    pub fn told(&self, words: &Words, now: Timestamp) -> String {
        let mut text = self.who(words);
        if let Some(account) = self.account() {
            // Of the ladders beside the first, those on which the member has left the lowest tier.
            let further =
                account.tiers.iter().skip(1).filter(|tier| tier.assignment.is_some() || tier.review_time.is_some());
            for tier in account.tier.iter().chain(further) {
                text.push_str(&format!("{}\n", standing(tier, words)));
            }
            text.push_str(&format!("{}\n", points(account, words, now)));
        }
        let (insight, referrals, subscriptions) = (self.insight(), self.referrals(), self.subscriptions());
        let lines = [circle::standing(&insight, words), circle::invitations(&referrals, words)];
        text.extend(lines.into_iter().flatten().map(|line| format!("{line}\n")));
        let why = circle::reasons(&insight, words);
        if !why.is_empty() {
            text.push_str(&format!("why this group\n{why}"));
        }
        let standing_orders = circle::subscriptions(&subscriptions, words);
        if !standing_orders.is_empty() {
            text.push_str(&format!("subscriptions\n{standing_orders}"));
        }
        if self.orders().is_empty() {
            text.push_str("no orders yet\n");
        } else {
            text.push_str("last orders\n");
            text.push_str(&self.last_orders(words).to_string());
        }
        text.extend(fresh::told(&self.whole).into_iter().map(|line| format!("{line}\n")));
        text
    }

    pub(super) fn member(&self) -> Member {
        self.whole.member.clone().unwrap_or_default()
    }

    /// Points and tier; none where the tenant has no programme.
    fn account(&self) -> Option<&Account> {
        self.whole.account.as_ref()?.account.as_ref()
    }

    /// The last orders, newest first.
    pub(super) fn orders(&self) -> &[Order] {
        self.whole.orders.as_ref().map_or(&[], |part| &part.orders)
    }

    fn insight(&self) -> v1::InsightPart {
        self.whole.insight.clone().unwrap_or_default()
    }

    fn referrals(&self) -> v1::ReferralsPart {
        self.whole.referrals.clone().unwrap_or_default()
    }

    fn subscriptions(&self) -> v1::SubscriptionsPart {
        self.whole.subscriptions.clone().unwrap_or_default()
    }

    fn who(&self, words: &Words) -> String {
        let member = &self.member();
        let mut facts = Vec::new();
        if let Some(joined) = instant(member.join_time.as_ref()) {
            let place = if member.touchpoint.is_empty() { String::new() } else { format!(" at {}", member.touchpoint) };
            facts.push(format!("joined {}{place}", words.day(joined)));
        }
        let known: Vec<String> = member.identities.iter().map(|identity| named(identity.kind(), identity)).collect();
        facts.push(known.join(", "));
        if let Some(birthday) = &member.birthday {
            facts.push(format!("birthday in {}", words::month_name(birthday.month)));
        }
        if !member.tags.is_empty() {
            facts.push(member.tags.join(", "));
        }
        if member.state() == MemberState::Left {
            facts.push("has left".to_owned());
        }
        let name = if member.name.is_empty() { "(no name)" } else { &member.name };
        format!("{}  {}  {}\n", Tone::Strong.of(name), member.id, facts.join(" · "))
    }

    fn last_orders(&self, words: &Words) -> Table {
        let mut table =
            Table::new(&[Side::Left, Side::Left, Side::Right, Side::Right, Side::Left, Side::Left, Side::Left]);
        for order in self.orders() {
            let net = order.net.clone().unwrap_or_default();
            let bought = instant(order.occur_time.as_ref()).map_or(String::new(), |moment| words.day(moment));
            let earned = self.earned.iter().find(|(entry, _)| entry.cause == order.id);
            let points = earned.map_or(String::new(), |(entry, _)| signed(entry.points));
            let steps = earned.and_then(|(_, decision)| decision.as_ref()).map_or(String::new(), steps);
            let why = earned.map_or(String::new(), |(entry, _)| format!("why: rapport explain {}", entry.id));
            let money = words.money(net.minor, &net.currency_code);
            table.row([bought, order.channel.clone(), money, points, steps, state(order, words), why]);
        }
        table
    }

    /// For a program.
    pub fn json(&self) -> Value {
        let member = &self.member();
        json!({
            "member": {
                "id": member.id, "name": member.name, "joined": shown(member.join_time.as_ref()),
                "touchpoint": member.touchpoint, "acquisition_source": member.acquisition_source,
                "identities": member.identities.iter().map(|identity| json!({
                    "kind": identity.kind().as_str_name().trim_start_matches("IDENTITY_KIND_").to_lowercase(),
                    "issuer": identity.issuer, "value": identity.value, "verified": identity.verified,
                })).collect::<Vec<_>>(),
                "tags": member.tags, "etag": member.etag,
            },
            "account": self.account().map(account_json),
            "orders": self.orders().iter().map(|order| json!({
                "id": order.id, "source": order.source, "external_id": order.external_id, "channel": order.channel,
                "net_minor": order.net.as_ref().map(|net| net.minor),
                "returned_minor": order.returned.as_ref().map(|returned| returned.minor),
                "state": order.state().as_str_name().trim_start_matches("ORDER_STATE_").to_lowercase(),
                "occurred": shown(order.occur_time.as_ref()),
                "entries": self.earned.iter().filter(|(entry, _)| entry.cause == order.id)
                    .map(|(entry, _)| json!({ "id": entry.id, "points": entry.points })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "insight": circle::insight_json(&self.insight()),
            "referrals": circle::referrals_json(&self.referrals()),
            "subscriptions": circle::subscriptions_json(&self.subscriptions()),
            "freshness": fresh::as_json(&self.whole),
        })
    }
}

/// Points and tier for a program.
pub fn account_json(account: &Account) -> Value {
    json!({
        "balance": account.balance, "spendable": account.spendable, "pending": account.pending, "held": account.held,
        "deficit": account.deficit,
        "earned": account.earned, "redeemed": account.redeemed, "lapsed": account.lapsed,
        "lots": account.lots.iter().map(|lot| json!({
            "id": lot.id, "left": lot.left, "amount": lot.amount, "lapses": shown(lot.lapse_time.as_ref()),
        })).collect::<Vec<_>>(),
        "tier": account.tier.as_ref().map(standing_json),
        "tiers": account.tiers.iter().map(standing_json).collect::<Vec<_>>(),
    })
}

fn standing_json(tier: &TierStanding) -> Value {
    json!({
        "ladder": tier.ladder, "tier": tier.tier, "display_name": tier.display_name,
        "since": shown(tier.since_time.as_ref()), "review": shown(tier.review_time.as_ref()),
        "progress_minor": tier.progress_minor, "missing_to_keep_minor": tier.missing_to_keep_minor,
        "next_tier": tier.next_tier, "missing_to_next_minor": tier.missing_to_next_minor,
        "currency": tier.currency_code, "in_grace": tier.in_grace, "benefits": tier.benefits,
    })
}

fn named(kind: IdentityKind, identity: &proto::registry::v1::Identity) -> String {
    let name = match kind {
        IdentityKind::Phone => "phone",
        IdentityKind::Email => "e-mail",
        IdentityKind::Line => "LINE",
        IdentityKind::Card => "card",
        IdentityKind::TaxId => "tax id",
        IdentityKind::External => identity.issuer.as_str(),
        IdentityKind::Unspecified => "another",
    };
    if identity.verified { format!("{name} verified") } else { name.to_owned() }
}

/// So much of what a ladder counts.
pub fn units(tier: &TierStanding, units: i64, words: &Words) -> String {
    match tier.metric() {
        QualificationMetric::Spend | QualificationMetric::Unspecified => words.money(units, &tier.currency_code),
        QualificationMetric::Orders => crate::words::counted(units, "order", "orders"),
        QualificationMetric::PointsEarned => crate::words::counted(units, "point", "points"),
        QualificationMetric::Granted => units.to_string(),
    }
}

/// `Gold since 2025-06-18, reviewed 2026-06-18 · NT$ 4,320 more by then keeps Gold · NT$ 21,680 reaches Platinum`
pub fn standing(tier: &TierStanding, words: &Words) -> String {
    let name = if tier.display_name.is_empty() { &tier.tier } else { &tier.display_name };
    let mut first = Tone::Strong.of(name);
    if let Some(since) = instant(tier.since_time.as_ref()) {
        first.push_str(&format!(" since {}", words.day(since)));
    }
    if let Some(review) = instant(tier.review_time.as_ref()) {
        first.push_str(&format!(", reviewed {}", words.day(review)));
    }
    let mut facts = vec![first];
    let money = |minor| units(tier, minor, words);
    if let Some(assigned) = &tier.assignment {
        let until = instant(assigned.until_time.as_ref()).map(|until| format!(" until {}", words.day(until)));
        facts.push(format!("given by hand{}", until.unwrap_or_default()));
    }
    if tier.in_grace {
        facts.push("its term is over, in the days of grace".to_owned());
    }
    if tier.missing_to_keep_minor > 0 {
        facts.push(format!("{} more by then keeps {name}", money(tier.missing_to_keep_minor)));
    }
    if !tier.next_tier.is_empty() {
        let next = if tier.next_display_name.is_empty() { &tier.next_tier } else { &tier.next_display_name };
        facts.push(format!("{} reaches {next}", money(tier.missing_to_next_minor)));
    }
    facts.join(" · ")
}

/// `1,284 points   120 lapse after 31 Dec`
pub fn points(account: &Account, words: &Words, now: Timestamp) -> String {
    let mut facts = Vec::new();
    let mut lapsing: Vec<(Timestamp, i64)> = Vec::new();
    for lot in &account.lots {
        let Some(lapses) = instant(lot.lapse_time.as_ref()) else { continue };
        match lapsing.last_mut() {
            Some((last, left)) if *last == lapses => *left += lot.left,
            _ => lapsing.push((lapses, lot.left)),
        }
    }
    for (lapses, left) in lapsing.into_iter().take(2) {
        facts.push(format!("{} lapse after {}", words::count(left), words.last_day_before(lapses, now)));
    }
    if let Some(usable) = account.pending_lots.first().and_then(|lot| instant(lot.usable_time.as_ref())) {
        let pending = words::count(account.pending);
        facts.push(format!("{pending} wait, the first through {}", words.last_day_before(usable, now)));
    }
    if account.deficit > 0 {
        facts.push(format!("the next {} fill what is missing", words::count(account.deficit)));
    }
    let balance = words::counted(account.spendable, "point", "points");
    let total = Tone::Strong.of(&balance);
    if facts.is_empty() { total } else { format!("{total}   {}", facts.join(" · ")) }
}

fn steps(decision: &Decision) -> String {
    let told = decision.steps.iter().filter(|step| step.contribution != 0);
    let told: Vec<String> = told.map(in_short).collect();
    if told.len() < 2 { String::new() } else { format!("({})", told.join(", ")) }
}

fn state(order: &Order, words: &Words) -> String {
    let returned = order.returned.clone().unwrap_or_default();
    match order.state() {
        OrderState::Returned => "returned".to_owned(),
        OrderState::Cancelled => "cancelled".to_owned(),
        OrderState::Uncollected => "never collected".to_owned(),
        OrderState::Recorded | OrderState::Unspecified if returned.minor > 0 => {
            format!("{} returned", words.money(returned.minor, &returned.currency_code))
        }
        OrderState::Recorded | OrderState::Unspecified => String::new(),
    }
}

/// `+59 points`, `-1 point`
fn signed(points: i64) -> String {
    let sign = if points > 0 { "+" } else { "" };
    format!("{sign}{}", words::counted(points, "point", "points"))
}

/// An instant of the wire, where it has one.
pub fn instant(wire: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(|wire| proto::instant(wire).ok())
}

/// The same as text for a program.
pub fn shown(wire: Option<&prost_types::Timestamp>) -> Option<String> {
    instant(wire).map(|moment| moment.to_string())
}

#[cfg(test)]
mod tests;
