//! Why something was decided, in a clerk's words: facts, steps with what each contributed, and what would have changed
//! the outcome. The services tell numbers; how a tenant writes its money and its days is known here.

use proto::common::v1::{Decision, Fact, NearestFlip, Step};

use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// Facts that other lines tell already: the currency stands at every amount, the multiplier at its step.
const TOLD_ELSEWHERE: [&str; 2] = ["currency", "multiplier_percent"];

/// Facts, then steps, then what would have changed the outcome; `reached` puts that last into words.
pub(crate) fn reasons(decision: &Decision, words: &Words, reached: impl Fn(&str) -> String) -> Table {
    let money = Money { words, currency: figure(&decision.facts, "currency").unwrap_or_default() };
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right]);
    for fact in decision.facts.iter().filter(|fact| !TOLD_ELSEWHERE.contains(&fact.name.as_str())) {
        table.toned(Tone::Faint, [label(&fact.name), money.value(&fact.name, &fact.value), String::new()]);
    }
    for step in &decision.steps {
        let contribution = if step.contribution == 0 { String::new() } else { words::count(step.contribution) };
        table.row([step.name.clone(), money.step(step), contribution]);
    }
    if let Some(flip) = &decision.nearest_flip {
        table.row(["nearest flip".to_owned(), money.flip(flip, reached), String::new()]);
    }
    table
}

/// A step in a few words, for a line with others: `20 Gold x 1.5`, `39 base`.
pub(crate) fn in_short(step: &Step) -> String {
    let detail = if step.detail.starts_with("x ") { format!(" {}", step.detail) } else { String::new() };
    format!("{} {}{detail}", words::count(step.contribution), step.name)
}

struct Money<'a> {
    words: &'a Words,
    currency: &'a str,
}

impl Money<'_> {
    /// A fact's value as people read it, by the unit that stands last in its name.
    fn value(&self, name: &str, value: &str) -> String {
        match value.parse::<i64>() {
            Ok(minor) if name.ends_with("_minor") => self.words.money(minor, self.currency),
            Ok(number) => words::count(number),
            Err(_) => value.parse().map_or_else(|_| value.to_owned(), |moment| self.moment(name, moment)),
        }
    }

    fn moment(&self, name: &str, moment: jiff::Timestamp) -> String {
        match name {
            "lapse_time" => self.words.until(moment),
            "review_time" => self.words.day(moment),
            _ => self.words.time(moment),
        }
    }

    fn step(&self, step: &Step) -> String {
        let told = |name: &str| figure(&step.figures, name).map(|value| self.value(name, value));
        if let (Some(points), Some(per)) = (figure(&step.figures, "points"), told("per_minor")) {
            let points =
                points.parse::<i64>().map_or(points.to_owned(), |many| words::counted(many, "point", "points"));
            return format!("{points} per {per}");
        }
        if let Some(enter) = told("enter_minor") {
            return format!("from {enter} on, {}", step.detail);
        }
        if let (Some(keep), Some(missing)) = (told("keep_minor"), told("missing_minor")) {
            let enough = figure(&step.figures, "missing_minor") == Some("0");
            let missing = if enough { "reached".to_owned() } else { format!("{missing} more by then") };
            return format!("{keep} in the window at the review, {missing}");
        }
        match told("lapse_time") {
            Some(day) => format!("good until {day}"),
            None => step.detail.clone(),
        }
    }

    /// `NT$ 40 more would have earned 66 points`
    fn flip(&self, flip: &NearestFlip, reached: impl Fn(&str) -> String) -> String {
        let (size, way) = (flip.change.saturating_abs(), if flip.change < 0 { "less" } else { "more" });
        let change = self.value(&flip.fact, &size.to_string());
        format!("{change} {way} {}", reached(&flip.outcome))
    }
}

fn figure<'a>(facts: &'a [Fact], name: &str) -> Option<&'a str> {
    facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

/// A fact's name as people read it: without its unit, which stands at the value.
fn label(name: &str) -> String {
    match name {
        "lapse_time" => "good until".to_owned(),
        "review_time" => "reviewed".to_owned(),
        "net_minor" => "net".to_owned(),
        other => other.trim_end_matches("_minor").trim_end_matches("_time").replace('_', " "),
    }
}
