//! What a file sums to beside what was booked of it, group by group.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::table::{Side, Table, Tone};
use crate::words;

/// What one line counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where: a wallet and a month, a tier, a campaign.
    pub group: String,
    /// How much.
    pub amount: i64,
}

/// Lines, and what they amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Lines.
    pub lines: u64,
    /// Their amount.
    pub amount: i128,
}

/// Sums by their groups.
pub type Sums = BTreeMap<String, Sum>;

/// What became of lines so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoning {
    /// Booked, as the suite says.
    pub taken: Sums,
    /// Taken over before.
    pub there: Sums,
    /// Not taken.
    pub rejected: Sums,
}

/// One group, with all that became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Group {
    file: Sum,
    taken: Sum,
    there: Sum,
}

impl Group {
    /// What is not here of what the file says.
    fn missing(&self) -> i128 {
        self.file.amount - self.taken.amount - self.there.amount
    }

    fn adds_up(&self) -> bool {
        self.missing() == 0 && self.file.lines == self.taken.lines + self.there.lines
    }
}

impl Reckoning {
    fn groups<'a>(&'a self, file: &'a Sums) -> BTreeMap<&'a str, Group> {
        let names: BTreeSet<&String> = [file, &self.taken, &self.there].into_iter().flat_map(Sums::keys).collect();
        let of = |sums: &Sums, name: &String| sums.get(name).copied().unwrap_or_default();
        let group =
            |name: &String| Group { file: of(file, name), taken: of(&self.taken, name), there: of(&self.there, name) };
        names.into_iter().map(|name| (name.as_str(), group(name))).collect()
    }

    /// Where what is booked differs from the file, in words; nothing where they agree.
    pub fn differences(&self, file: &Sums, unit: &str) -> Vec<String> {
        let told = |(name, group): (&str, Group)| {
            let Group { file, taken, there } = group;
            let number = |amount: i128| words::count(amount);
            format!(
                "{name}: {} {unit} in {} in the file, {} booked, {} here already, {} missing",
                number(file.amount),
                words::counted(file.lines, "line", "lines"),
                number(taken.amount),
                number(there.amount),
                number(group.missing()),
            )
        };
        self.groups(file).into_iter().filter(|(_, group)| !group.adds_up()).map(told).collect()
    }

    /// The table a person reads.
    pub fn table(&self, file: &Sums, unit: &str) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Right]);
        table.heading(["", "lines", unit, "booked", "here already", "missing"]);
        let mut all = Group::default();
        let row = |name: &str, group: &Group| {
            let Group { file, taken, there } = group;
            let numbers = [file.amount, taken.amount, there.amount, group.missing()].map(words::count);
            [vec![name.to_owned(), words::count(file.lines)], numbers.to_vec()].concat()
        };
        for (name, group) in self.groups(file) {
            let parts = [(&mut all.file, group.file), (&mut all.taken, group.taken), (&mut all.there, group.there)];
            for (sum, part) in parts {
                *sum = Sum { lines: sum.lines + part.lines, amount: sum.amount + part.amount };
            }
            table.toned(if group.adds_up() { Tone::Plain } else { Tone::Bad }, row(name, &group));
        }
        table.toned(Tone::Strong, row("sum", &all));
        table
    }

    /// The same for programs.
    pub fn json(&self, file: &Sums) -> Value {
        let sum = |sum: Sum| json!({ "lines": sum.lines, "amount": amount(sum.amount) });
        let group = |(name, group): (&str, Group)| {
            json!({
                "group": name, "file": sum(group.file), "taken": sum(group.taken), "there": sum(group.there),
                "missing": amount(group.missing()),
            })
        };
        let groups: Vec<Value> = self.groups(file).into_iter().map(group).collect();
        json!(groups)
    }
}

fn amount(amount: i128) -> Value {
    i64::try_from(amount).map_or_else(|_| json!(amount.to_string()), |amount| json!(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(all: &[(&str, u64, i128)]) -> Sums {
        all.iter().map(|(name, lines, amount)| ((*name).to_owned(), Sum { lines: *lines, amount: *amount })).collect()
    }

    #[test]
    fn what_is_missing_is_named_where_it_is_missing() {
        let file = sums(&[("points 2026-06", 3, 300), ("points never", 1, 40)]);
        let whole = Reckoning {
            taken: sums(&[("points 2026-06", 2, 250), ("points never", 1, 40)]),
            there: sums(&[("points 2026-06", 1, 50)]),
            ..Reckoning::default()
        };
        assert_eq!(whole.differences(&file, "points"), Vec::<String>::new());
        let elsewhere = Reckoning {
            taken: sums(&[("points 2026-06", 2, 250), ("points 2026-07", 1, 50), ("points never", 1, 40)]),
            ..Reckoning::default()
        };
        assert_eq!(
            elsewhere.differences(&file, "points"),
            [
                "points 2026-06: 300 points in 3 lines in the file, 250 booked, 0 here already, 50 missing",
                "points 2026-07: 0 points in 0 lines in the file, 50 booked, 0 here already, -50 missing",
            ]
        );
        let table = elsewhere.table(&file, "points").to_string();
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[1], "  points 2026-06      3     300     250             0       50");
        assert_eq!(rows.last(), Some(&"  sum                 4     340     340             0        0"));
    }

    #[test]
    fn what_became_of_lines_survives_being_written_down() {
        let reckoning = Reckoning { taken: sums(&[("points never", 1, -40)]), ..Reckoning::default() };
        let text = serde_json::to_string(&reckoning).expect("writes");
        assert_eq!(serde_json::from_str::<Reckoning>(&text).expect("reads"), reckoning);
    }
}
