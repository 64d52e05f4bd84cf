//! What segmentation sums up: groups with their cuts, lifecycle, values, how many come back, and when.

use jiff::Timestamp;
use proto::segmentation::v1::{
    Cohort, Distribution, GetCohortsRequest, GetOverviewRequest, Group, Lifecycle, Overview, Snapshot,
};
use serde_json::{Value, json};

use crate::client::{CliError, Suite};
use crate::member::{instant, shown};
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

use super::{per_mille, percent};

/// Widest bar of a plot.
const BAR: i64 = 30;
/// Cohorts and later months shown side by side.
const MOST_COHORTS: usize = 13;

/// What the service answered.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    pub(super) overview: Overview,
    pub(super) cohorts: Vec<Cohort>,
}

impl Groups {
    /// Asks the suite; of a past moment, where one is named, as known now.
    ///
    /// # Errors
    /// The suite refuses or does not answer.
    pub async fn of(suite: &Suite, at: Option<Timestamp>) -> Result<Self, CliError> {
        let as_of_occurred = at.map(proto::timestamp);
        let (mut sums, mut months) = (suite.segmentation(), suite.segmentation());
        let overview = sums.get_overview(GetOverviewRequest { as_of_occurred, ..GetOverviewRequest::default() });
        let cohorts = months.get_cohorts(GetCohortsRequest { as_of_occurred, ..GetCohortsRequest::default() });
        let (overview, cohorts) = tokio::try_join!(overview, cohorts)?;
        let overview = overview.into_inner().overview.unwrap_or_default();
        Ok(Self { overview, cohorts: cohorts.into_inner().cohorts })
    }

    /// The sections of a report: a title and a table each.
    pub fn sections(&self, words: &Words) -> Vec<(String, Table)> {
        vec![
            (self.waiting("Members by lifecycle"), self.lifecycles()),
            (self.cuts(words), self.groups()),
            ("Lifetime value, a year".to_owned(), self.values(words)),
            ("Coming back".to_owned(), self.coming_back(words)),
            (
                "Buyers by month of first purchase, and how many of them bought in the months after".to_owned(),
                self.retention(),
            ),
        ]
    }

    fn lifecycles(&self) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Left]);
        let most = self.overview.lifecycles.iter().map(|one| one.members).max().unwrap_or(0);
        for one in self.overview.lifecycles.iter().filter(|one| one.members > 0) {
            let share = percent(one.members, self.overview.members);
            table.row([lifecycle(one.lifecycle()), &words::count(one.members), &share, &bar(one.members, most)]);
        }
        table
    }

    fn groups(&self) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Right, Side::Left]);
        let most = self.overview.groups.iter().map(|one| one.members).max().unwrap_or(0);
        for one in self.overview.groups.iter().filter(|one| one.members > 0) {
            let share = percent(one.members, self.overview.members);
            let (name, letters) = group(one.group());
            table.row([name, letters, &words::count(one.members), &share, &bar(one.members, most)]);
        }
        table
    }

    /// Says with the title how many members are not sorted by the last snapshot yet.
    fn waiting(&self, title: &str) -> String {
        if self.overview.waiting == 0 {
            return title.to_owned();
        }
        let waiting = words::counted(self.overview.waiting, "member is", "members are");
        format!("{title} ({waiting} still to be looked at)")
    }

    /// `Members by RFM group (R high from 2011-09-01, F from 3, M from £600.00; medians of 4,300 buyers)`
    fn cuts(&self, words: &Words) -> String {
        let title = "Members by RFM group";
        let Some(snapshot) = self.overview.snapshot.as_ref().filter(|snapshot| snapshot.population > 0) else {
            return title.to_owned();
        };
        let Some(recent) = instant(snapshot.recency_from.as_ref()) else { return title.to_owned() };
        format!(
            "{title}: R high from {}, F from {}, M from {}; {} of {}",
            words.time(recent),
            words::count(snapshot.frequency_from),
            words.money(snapshot.monetary_from, &snapshot.currency_code),
            rules(snapshot),
            words::counted(snapshot.population, "buyer", "buyers")
        )
    }

    fn values(&self, words: &Words) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Left]);
        let Some(values) = self.overview.lifetime_values.as_ref().filter(|values| values.count > 0) else {
            return table;
        };
        let currency = self.overview.snapshot.as_ref().map_or("", |snapshot| &snapshot.currency_code);
        for (name, value) in quantiles(values) {
            table.row([name.to_owned(), words.money(value, currency), bar(value, values.max)]);
        }
        table
            .toned(Tone::Strong, ["mean".to_owned(), words.money(values.mean, currency), bar(values.mean, values.max)]);
        table
    }

    fn coming_back(&self, words: &Words) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Left]);
        let overview = &self.overview;
        if overview.buyers == 0 {
            return table;
        }
        let twice = format!("of {} bought twice or more", words::counted(overview.buyers, "buyer", "buyers"));
        table.row(["repurchase rate".to_owned(), per_mille(overview.repurchase_permille), twice]);
        let currency = overview.snapshot.as_ref().map_or("", |snapshot| &snapshot.currency_code);
        for (name, best) in [("of revenue", &overview.by_revenue), ("of profit", &overview.by_profit)] {
            let Some(best) = best.as_ref().filter(|best| best.total_minor > 0) else { continue };
            let from = format!(
                "{name} from the best {} of {} buyers of the period: {} of {}",
                words::count(best.members),
                words::count(best.population),
                words.money(best.share_minor, currency),
                words.money(best.total_minor, currency)
            );
            table.row(["best fifth".to_owned(), per_mille(best.share_permille), from]);
        }
        if let Some(days) = overview.snapshot.as_ref().map(|snapshot| snapshot.shop_cycle_days).filter(|days| *days > 0)
        {
            table.row([
                "usual cycle".to_owned(),
                words::counted(days, "day", "days"),
                "between two purchases".to_owned(),
            ]);
        }
        table
    }

    fn retention(&self) -> Table {
        let skipped = self.cohorts.len().saturating_sub(MOST_COHORTS);
        let shown = &self.cohorts[skipped..];
        let months: Vec<&str> = shown.iter().map(|cohort| cohort.month.as_str()).collect();
        let mut sides = vec![Side::Left, Side::Right];
        sides.extend(months.iter().skip(1).map(|_| Side::Right));
        let mut table = Table::new(&sides);
        if months.is_empty() {
            return table;
        }
        let after = (1..months.len()).map(|later| format!("+{later}"));
        table.heading(["month".to_owned(), "buyers".to_owned()].into_iter().chain(after));
        let last = months.last().copied().unwrap_or_default();
        for cohort in shown {
            let mut cells = vec![cohort.month.clone(), words::count(cohort.members)];
            for later in 1..months.len() {
                let Some(month) = month_after(&cohort.month, later).filter(|month| month.as_str() <= last) else {
                    break;
                };
                let buyers = cohort.months.iter().find(|known| known.month == month).map_or(0, |known| known.buyers);
                cells.push(percent_whole(buyers, cohort.members));
            }
            table.row(cells);
        }
        if skipped > 0 {
            table.toned(Tone::Faint, [format!("{skipped} older: --json")]);
        }
        table
    }

    /// For a program.
    pub fn json(&self) -> Value {
        let overview = &self.overview;
        json!({
            "as_of": shown(overview.as_of.as_ref()),
            "members": overview.members,
            "waiting": overview.waiting,
            "lifecycles": overview.lifecycles.iter().map(|one| json!({
                "lifecycle": lifecycle(one.lifecycle()), "members": one.members,
            })).collect::<Vec<_>>(),
            "groups": overview.groups.iter().map(|one| json!({
                "group": group(one.group()).0, "letters": group(one.group()).1, "members": one.members,
            })).collect::<Vec<_>>(),
            "snapshot": overview.snapshot.as_ref().map(|snapshot| json!({
                "number": snapshot.number, "taken": shown(snapshot.take_time.as_ref()),
                "population": snapshot.population, "recency_from": shown(snapshot.recency_from.as_ref()),
                "frequency_from": snapshot.frequency_from, "monetary_from": snapshot.monetary_from,
                "shop_cycle_days": snapshot.shop_cycle_days, "currency": snapshot.currency_code,
            })),
            "buyers": overview.buyers, "repeat_buyers": overview.repeat_buyers,
            "repurchase_permille": overview.repurchase_permille,
            "lifetime_values": overview.lifetime_values.as_ref().map(|values| json!({
                "count": values.count, "min": values.min, "p10": values.p10, "p25": values.p25,
                "median": values.median, "p75": values.p75, "p90": values.p90, "max": values.max, "mean": values.mean,
            })),
            "best_fifth_by_revenue": overview.by_revenue.as_ref().map(best_json),
            "best_fifth_by_profit": overview.by_profit.as_ref().map(best_json),
            "cohorts": self.cohorts.iter().map(|cohort| json!({
                "month": cohort.month, "members": cohort.members,
                "months": cohort.months.iter().map(|one| json!({ "month": one.month, "buyers": one.buyers }))
                    .collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    }
}

fn best_json(best: &proto::segmentation::v1::BestFifth) -> Value {
    json!({
        "population": best.population, "members": best.members, "share_minor": best.share_minor,
        "total_minor": best.total_minor, "share_permille": best.share_permille,
    })
}

fn quantiles(values: &Distribution) -> [(&'static str, i64); 7] {
    [
        ("least", values.min),
        ("10 %", values.p10),
        ("25 %", values.p25),
        ("half", values.median),
        ("75 %", values.p75),
        ("90 %", values.p90),
        ("most", values.max),
    ]
}

/// `medians`, or the rule of each letter where they differ.
fn rules(snapshot: &Snapshot) -> String {
    match &snapshot.cut_rules[..] {
        [first, rest @ ..] if rest.iter().all(|rule| rule == first) => format!("{first}s"),
        rules => rules.join(", "),
    }
}

/// What members read of a group, and its letters.
pub fn group(group: Group) -> (&'static str, &'static str) {
    match group {
        Group::Vip => ("VIP", "HHH"),
        Group::Watched => ("watched", "HLH"),
        Group::Promising => ("promising", "HHL"),
        Group::Developing => ("developing", "HLL"),
        Group::Keep => ("keep", "LHH"),
        Group::Maintain => ("maintain", "LHL"),
        Group::WinBack => ("win back", "LLH"),
        Group::Dormant => ("dormant", "LLL"),
        Group::Prospect => ("prospect", ""),
        Group::Unsorted => ("not sorted yet", ""),
        Group::Unspecified => ("unknown", ""),
    }
}

/// What a lifecycle is called.
pub fn lifecycle(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Prospect => "prospect",
        Lifecycle::New => "new",
        Lifecycle::Active => "active",
        Lifecycle::Sleeping => "sleeping",
        Lifecycle::Lost => "lost",
        Lifecycle::Deep => "deep",
        Lifecycle::Unspecified => "unknown",
    }
}

/// A bar as long as the part of the most; the least that is something is seen.
fn bar(value: i64, most: i64) -> String {
    let long = i128::from(value.max(0)) * i128::from(BAR);
    let long = long.checked_div(i128::from(most)).unwrap_or(0).min(i128::from(BAR));
    let long = usize::try_from(long).unwrap_or(0);
    if value > 0 { "▇".repeat(long.max(1)) } else { String::new() }
}

fn percent_whole(part: i64, whole: i64) -> String {
    if part == 0 {
        return "·".to_owned();
    }
    let share = (i128::from(part) * 100).checked_div(i128::from(whole)).unwrap_or(0);
    if share == 0 { "<1 %".to_owned() } else { format!("{share} %") }
}

/// "2011-12" and 2 is "2012-02".
fn month_after(month: &str, later: usize) -> Option<String> {
    let (year, number) = month.split_once('-')?;
    let months = year.parse::<usize>().ok()? * 12 + number.parse::<usize>().ok()?.checked_sub(1)? + later;
    Some(format!("{:04}-{:02}", months / 12, months % 12 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_on_over_the_year() {
        assert_eq!(month_after("2011-12", 0).as_deref(), Some("2011-12"));
        assert_eq!(month_after("2011-11", 3).as_deref(), Some("2012-02"));
        assert_eq!(month_after("never", 1), None);
    }

    #[test]
    fn bars_are_in_proportion_and_the_least_is_seen() {
        assert_eq!(bar(50, 100).chars().count(), 15);
        assert_eq!(bar(1, 1_000_000).chars().count(), 1);
        assert_eq!((bar(0, 10), bar(-5, 10)), (String::new(), String::new()));
    }

    #[test]
    fn shares_of_a_cohort_say_nothing_and_little_apart() {
        assert_eq!(
            (percent_whole(0, 9), percent_whole(1, 900), percent_whole(3, 9)),
            ("·".to_owned(), "<1 %".to_owned(), "33 %".to_owned())
        );
    }
}
