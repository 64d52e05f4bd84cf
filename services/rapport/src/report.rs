//! `rapport report`: the programme in figures. Members by tier, lifecycle and group, what they are worth and whether they come
//! back, what points are owed and until when, what was earned and spent, orders by channel and month, and how much the best
//! fifth of the buyers brings.

mod groups;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use proto::activity::v1 as activity;
use proto::loyalty::v1 as loyalty;
use serde_json::{Value, json};

use crate::client::{CliError, Reach, Suite};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

pub use groups::{Groups, group, lifecycle};

/// More channels than fit side by side.
const MOST_CHANNELS: usize = 6;

/// What `rapport report` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Months shown of the orders; 0 shows all
    #[arg(long, default_value_t = 13, value_name = "N")]
    months: usize,
    #[command(flatten)]
    reach: Reach,
}

/// Reports.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let report = Report::of(&suite).await?;
    if ask.reach.json {
        say!("{}", report.json());
    } else {
        say_all!("{}", report.told(&suite.words().await?, ask.months));
    }
    Ok(())
}

/// What the services sum up.
#[derive(Clone, Debug, Default)]
pub struct Report {
    loyalty: loyalty::GetOverviewResponse,
    activity: activity::GetOverviewResponse,
    groups: Groups,
}

impl Report {
    /// Asks the suite.
    ///
    /// # Errors
    /// The suite refuses or does not answer.
    pub async fn of(suite: &Suite) -> Result<Self, CliError> {
        let (mut points, mut journal) = (suite.loyalty(), suite.activity());
        let loyalty = points.get_overview(loyalty::GetOverviewRequest::default());
        let activity = journal.get_overview(activity::GetOverviewRequest::default());
        let (loyalty, activity) = tokio::try_join!(loyalty, activity)?;
        let groups = Groups::of(suite, None).await?;
        Ok(Self { loyalty: loyalty.into_inner(), activity: activity.into_inner(), groups })
    }

    /// For a person.
    pub fn told(&self, words: &Words, months: usize) -> String {
        let titled = |title: &str, table| (title.to_owned(), table);
        let mut sections = vec![titled("Members by tier", self.tiers())];
        sections.extend(self.groups.sections(words));
        sections.extend([
            titled("Points", self.points()),
            titled("Points outstanding by the month they lapse in", self.lapse_months()),
            titled("Orders by month and channel", self.orders(words, months)),
            titled("Journal", self.journal(words)),
        ]);
        told(sections) + &self.best_fifth(words)
    }

    fn tiers(&self) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Right]);
        let all: i64 = self.loyalty.tiers.iter().map(|tier| tier.members).sum();
        for tier in &self.loyalty.tiers {
            let name = if tier.display_name.is_empty() { &tier.tier } else { &tier.display_name };
            table.row([name.clone(), words::count(tier.members), percent(tier.members, all)]);
        }
        table
    }

    fn points(&self) -> Table {
        let sums = &self.loyalty;
        let mut table = Table::new(&[Side::Left, Side::Right]);
        if sums.entries == 0 {
            return table;
        }
        let rows = [
            ("earned", sums.earned),
            ("taken back with returns", sums.earn_reversed.saturating_abs().saturating_neg()),
            ("redeemed", sums.redeemed.saturating_abs().saturating_neg()),
            ("given back", sums.redemption_reversed),
            ("lapsed", sums.lapsed.saturating_abs().saturating_neg()),
            ("by hand", sums.adjusted),
            ("fees of transfers", sums.transferred),
        ];
        for (name, points) in rows.into_iter().filter(|(_, points)| *points != 0) {
            table.row([name, &words::count(points)]);
        }
        table.toned(Tone::Strong, ["outstanding", &words::count(sums.outstanding)]);
        if sums.pending > 0 {
            table.row(["waiting to be usable", &words::count(sums.pending)]);
        }
        if sums.held > 0 {
            table.row(["held back", &words::count(sums.held)]);
        }
        if sums.deficit > 0 {
            table.row(["of which members owe", &words::count(sums.deficit)]);
        }
        table
    }

    fn lapse_months(&self) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Left]);
        for month in &self.loyalty.lapse_months {
            let name = if month.month.is_empty() { "never" } else { &month.month };
            table.row([name, &words::count(month.points), &words::count(month.lots), "lots"]);
        }
        table
    }

    fn orders(&self, words: &Words, months: usize) -> Table {
        let channels: BTreeSet<&str> = self.activity.months.iter().map(|month| month.channel.as_str()).collect();
        let mut by_month: BTreeMap<(&str, String), Month<'_>> = BTreeMap::new();
        for part in &self.activity.months {
            let net = part.net.clone().unwrap_or_default();
            by_month.entry((&part.month, net.currency_code.clone())).or_default().add(part, net.minor);
        }
        let wide = channels.len() <= MOST_CHANNELS;
        let shown: Vec<&str> = if wide && channels.len() > 1 { channels.into_iter().collect() } else { Vec::new() };
        let mut sides = vec![Side::Left];
        sides.extend(vec![Side::Right; shown.len() + 3]);
        let mut table = Table::new(&sides);
        if by_month.is_empty() {
            return table;
        }
        let heading = ["month"].into_iter().chain(shown.iter().copied()).chain(["orders", "net", "returned"]);
        table.heading(heading);
        let skipped = if months == 0 { 0 } else { by_month.len().saturating_sub(months) };
        for ((name, currency), month) in by_month.into_iter().skip(skipped) {
            let mut cells = vec![name.to_owned()];
            cells.extend(shown.iter().map(|channel| words::count(month.channels.get(channel).copied().unwrap_or(0))));
            cells.push(words::count(month.orders));
            cells.push(words.money(month.net, &currency));
            cells.push(if month.returned == 0 { String::new() } else { words.money(month.returned, &currency) });
            table.row(cells);
        }
        if skipped > 0 {
            table.toned(Tone::Faint, [format!("{skipped} older: --months 0")]);
        }
        table
    }

    fn journal(&self, words: &Words) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Left, Side::Right, Side::Left, Side::Right]);
        for bucket in self.activity.buckets.iter().filter(|bucket| bucket.entries > 0) {
            let amount = bucket.amount.clone().unwrap_or_default();
            table.row([
                bucket.name.replace('-', " "),
                words::count(bucket.entries),
                "entries".to_owned(),
                words::count(bucket.lines),
                "lines".to_owned(),
                words.money(amount.minor, &amount.currency_code),
            ]);
        }
        table
    }

    fn best_fifth(&self, words: &Words) -> String {
        let overview = &self.activity;
        let (Some(top), Some(all)) = (&overview.top_fifth, &overview.revenue) else { return String::new() };
        if overview.buyers == 0 {
            return String::new();
        }
        let share = format!("{}.{:02} %", overview.top_fifth_share_bp / 100, overview.top_fifth_share_bp % 100);
        format!(
            "The best 20 % of {} brought {} of {}: {}\n",
            words::counted(overview.buyers, "buyer", "buyers"),
            words.money(top.minor, &top.currency_code),
            words.money(all.minor, &all.currency_code),
            Tone::Strong.of(&share)
        )
    }

    /// For a program.
    pub fn json(&self) -> Value {
        let (points, journal) = (&self.loyalty, &self.activity);
        json!({
            "tiers": points.tiers.iter().map(|tier| json!({
                "tier": tier.tier, "display_name": tier.display_name, "members": tier.members,
            })).collect::<Vec<_>>(),
            "points": {
                "earned": points.earned, "earn_reversed": points.earn_reversed, "redeemed": points.redeemed,
                "redemption_reversed": points.redemption_reversed, "lapsed": points.lapsed, "adjusted": points.adjusted,
                "transferred": points.transferred,
                "outstanding": points.outstanding, "pending": points.pending, "held": points.held,
                "deficit": points.deficit, "accounts": points.accounts,
                "entries": points.entries,
            },
            "lapse_months": points.lapse_months.iter().map(|month| json!({
                "month": month.month, "points": month.points, "lots": month.lots,
            })).collect::<Vec<_>>(),
            "spend": points.spend.iter().map(|spend| money(Some(spend))).collect::<Vec<_>>(),
            "months": journal.months.iter().map(|month| json!({
                "month": month.month, "channel": month.channel, "orders": month.orders,
                "net": money(month.net.as_ref()), "returned": money(month.returned.as_ref()),
            })).collect::<Vec<_>>(),
            "journal": journal.buckets.iter().map(|bucket| json!({
                "name": bucket.name, "entries": bucket.entries, "lines": bucket.lines, "amount": money(bucket.amount.as_ref()),
            })).collect::<Vec<_>>(),
            "segments": self.groups.json(),
            "buyers": journal.buyers,
            "top_fifth_share_bp": journal.top_fifth_share_bp,
            "top_fifth": money(journal.top_fifth.as_ref()),
            "revenue": money(journal.revenue.as_ref()),
        })
    }
}

#[derive(Default)]
struct Month<'a> {
    channels: BTreeMap<&'a str, i64>,
    orders: i64,
    net: i64,
    returned: i64,
}

impl<'a> Month<'a> {
    fn add(&mut self, part: &'a activity::ChannelMonth, net: i64) {
        *self.channels.entry(&part.channel).or_default() += part.orders;
        self.orders += part.orders;
        self.net = self.net.saturating_add(net);
        self.returned = self.returned.saturating_add(part.returned.as_ref().map_or(0, |returned| returned.minor));
    }
}

fn money(money: Option<&proto::common::v1::Money>) -> Value {
    money.map_or(Value::Null, |money| json!({ "currency": money.currency_code, "minor": money.minor }))
}

/// Titles and tables, one under the other.
pub(crate) fn told(sections: Vec<(String, Table)>) -> String {
    let each = sections.into_iter().map(|(title, table)| {
        let body = if table.is_empty() { "  nothing yet\n".to_owned() } else { table.to_string() };
        format!("{}\n{body}\n", Tone::Strong.of(&title))
    });
    each.collect()
}

fn per_mille(share: i64) -> String {
    format!("{}.{} %", share / 10, share % 10)
}

fn percent(part: i64, whole: i64) -> String {
    let tenths = i128::from(part) * 1_000;
    let tenths = tenths.checked_div(i128::from(whole)).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
