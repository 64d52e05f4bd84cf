//! Every line of the file in exactly one bucket, and the buckets' sums beside the file's.
//!
//! The file's own sum is taken while it is read, line by line. The buckets are filled when the suite has answered, from what was sent.
//! Anything lost, doubled or valued in another way in between makes the two differ.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

use super::reading::FileSum;

/// Where a line can end up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bucket {
    /// Bought by a member.
    Purchases,
    /// Bought by nobody known.
    GuestOrders,
    /// A credit that found what was bought, all of it.
    ReturnsWhole,
    /// A credit that found some of what was bought.
    ReturnsPart,
    /// A member's credit that found nothing.
    UnmatchedCredits,
    /// A credit of nobody known.
    GuestCredits,
    /// A movement that is no purchase.
    Adjustments,
    /// Known to the suite from elsewhere.
    AlreadyThere,
    /// Not taken.
    Rejected,
}

impl Bucket {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Purchases,
        Self::GuestOrders,
        Self::ReturnsWhole,
        Self::ReturnsPart,
        Self::UnmatchedCredits,
        Self::GuestCredits,
        Self::Adjustments,
        Self::AlreadyThere,
        Self::Rejected,
    ];

    /// As the table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchases => "purchases",
            Self::GuestOrders => "guest orders",
            Self::ReturnsWhole => "returns",
            Self::ReturnsPart => "returns in part",
            Self::UnmatchedCredits => "unmatched credits",
            Self::GuestCredits => "guest credits",
            Self::Adjustments => "adjustments",
            Self::AlreadyThere => "already there",
            Self::Rejected => "rejected",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Purchases => "purchases",
            Self::GuestOrders => "guest-orders",
            Self::ReturnsWhole => "returns-whole",
            Self::ReturnsPart => "returns-part",
            Self::UnmatchedCredits => "unmatched-credits",
            Self::GuestCredits => "guest-credits",
            Self::Adjustments => "adjustments",
            Self::AlreadyThere => "already-there",
            Self::Rejected => "rejected",
        }
    }

    /// Shown even when nothing is in it.
    const fn always(self) -> bool {
        !matches!(self, Self::ReturnsPart | Self::AlreadyThere)
    }
}

/// What lies in one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Orders, returns, adjustments that have lines here; each is counted in the bucket of its first line.
    pub entries: u64,
    /// Lines.
    pub lines: u64,
    /// Their sum, exactly.
    pub exact: Decimal,
    /// Their sum in minor units.
    pub minor: i128,
}

/// What became of the lines so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally([Held; Bucket::ALL.len()]);

impl Tally {
    /// Puts a line into a bucket.
    pub fn line(&mut self, bucket: Bucket, exact: Decimal, minor: i64) {
        let held = &mut self.0[bucket as usize];
        held.lines += 1;
        held.exact += exact;
        held.minor += i128::from(minor);
    }

    /// Counts an entry in a bucket.
    pub fn entry(&mut self, bucket: Bucket) {
        self.0[bucket as usize].entries += 1;
    }

    /// What lies in a bucket.
    pub fn held(&self, bucket: Bucket) -> Held {
        self.0[bucket as usize]
    }

    /// All buckets together.
    pub fn sum(&self) -> Held {
        self.0.iter().fold(Held::default(), |sum, held| Held {
            entries: sum.entries + held.entries,
            lines: sum.lines + held.lines,
            exact: sum.exact + held.exact,
            minor: sum.minor + held.minor,
        })
    }

    /// Where the buckets' sums differ from the file's, in words; nothing where they agree.
    pub fn differences(&self, file: &FileSum) -> Vec<String> {
        let sum = self.sum();
        let mut differences = Vec::new();
        if sum.lines != file.lines {
            differences.push(format!(
                "{} lines in buckets, {} in the file",
                words::count(sum.lines),
                words::count(file.lines)
            ));
        }
        let read = file.heading + file.blank + file.lines + file.continued;
        if read != file.counted {
            differences.push(format!("{} lines read, {} line ends", words::count(read), words::count(file.counted)));
        }
        if sum.exact != file.exact {
            let told = |amount| words::exact(amount, file.places);
            differences.push(format!("{} in buckets, {} in the file", told(sum.exact), told(file.exact)));
        }
        if sum.minor != file.minor {
            let told = |amount: i128| words::count(amount);
            differences.push(format!("{} minor units in buckets, {} in the file", told(sum.minor), told(file.minor)));
        }
        differences
    }

    /// The table a person reads.
    pub fn table(&self, file: &FileSum) -> Table {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Left, Side::Right, Side::Left, Side::Right]);
        let mut row = |tone, name: &str, held: Held, unit: &str| {
            let (entries, unit) =
                if unit.is_empty() { (String::new(), "") } else { (words::count(held.entries), unit) };
            let exact = words::exact(held.exact, file.places);
            table.toned(tone, [name, &words::count(held.lines), "lines", &entries, unit, &exact]);
        };
        for bucket in Bucket::ALL {
            let held = self.held(bucket);
            if held.lines == 0 && !bucket.always() {
                continue;
            }
            let tone = if bucket == Bucket::Rejected && held.lines > 0 { Tone::Bad } else { Tone::Plain };
            row(tone, bucket.name(), held, unit(bucket));
        }
        row(Tone::Strong, "sum", self.sum(), "");
        table
    }

    /// The same for programs.
    pub fn json(&self, file: &FileSum) -> Value {
        let held = |held: Held| {
            json!({
                "entries": held.entries, "lines": held.lines,
                "exact": words::plain(held.exact, file.places), "minor": minor(held.minor),
            })
        };
        let buckets: serde_json::Map<String, Value> =
            Bucket::ALL.into_iter().map(|bucket| (bucket.key().to_owned(), held(self.held(bucket)))).collect();
        json!({
            "buckets": buckets,
            "sum": held(self.sum()),
            "file": {
                "lines": file.lines, "unreadable": file.unreadable,
                "counted": file.counted, "heading": file.heading, "blank": file.blank, "continued": file.continued,
                "exact": words::plain(file.exact, file.places), "minor": minor(file.minor),
            },
            "differences": self.differences(file),
        })
    }
}

fn minor(amount: i128) -> Value {
    i64::try_from(amount).map_or_else(|_| json!(amount.to_string()), |amount| json!(amount))
}

const fn unit(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Purchases | Bucket::GuestOrders => "orders",
        Bucket::ReturnsWhole | Bucket::ReturnsPart | Bucket::UnmatchedCredits | Bucket::GuestCredits => "credits",
        Bucket::Adjustments => "movements",
        Bucket::AlreadyThere => "entries",
        Bucket::Rejected => "",
    }
}

/// The last line under the table.
pub fn verdict(file: &FileSum, differences: &[String], words: &Words, currency: &str) -> String {
    let exact = words::exact(file.exact, file.places);
    let minor = i64::try_from(file.minor).map_or_else(|_| exact.clone(), |minor| words.money(minor, currency));
    let mut text = format!("{} · {exact} in the file, {minor} as kept", words::counted(file.lines, "line", "lines"));
    if file.unreadable > 0 {
        text = format!("{text} · {} without a readable amount", words::counted(file.unreadable, "line", "lines"));
    }
    if file.continued > 0 {
        let more = words::counted(file.continued, "line continues", "lines continue");
        text = format!("{text} · {more} a text in quotes from the line before");
    }
    if differences.is_empty() {
        format!("{text} · reconciled")
    } else {
        format!("{text} · NOT reconciled: {}", differences.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn file() -> FileSum {
        FileSum {
            lines: 3,
            counted: 6,
            heading: 1,
            blank: 1,
            continued: 1,
            unreadable: 1,
            exact: amount("12.345"),
            minor: 1234,
            places: 3,
        }
    }

    fn tally() -> Tally {
        let mut tally = Tally::default();
        tally.line(Bucket::Purchases, amount("15.345"), 1534);
        tally.entry(Bucket::Purchases);
        tally.line(Bucket::ReturnsWhole, amount("-3"), -300);
        tally.entry(Bucket::ReturnsWhole);
        tally.line(Bucket::Rejected, Decimal::ZERO, 0);
        tally
    }

    #[test]
    fn what_adds_up_is_reconciled() {
        assert_eq!(tally().differences(&file()), Vec::<String>::new());
        let words = Words::new(kernel::calendar::zone("Europe/London").expect("known"), "GBP", 2);
        let text = verdict(&file(), &[], &words, "GBP");
        assert_eq!(
            text,
            "3 lines · 12.345 in the file, £ 12.34 as kept · 1 line without a readable amount \
             · 1 line continues a text in quotes from the line before · reconciled"
        );
    }

    #[test]
    fn a_lost_line_is_found() {
        let mut tally = tally();
        tally.line(Bucket::Adjustments, amount("0.001"), 0);
        assert_eq!(
            tally.differences(&file()),
            ["4 lines in buckets, 3 in the file", "12.346 in buckets, 12.345 in the file"]
        );
    }

    #[test]
    fn a_line_that_was_read_as_nothing_is_found() {
        let swallowed = FileSum { counted: 8, ..file() };
        assert_eq!(tally().differences(&swallowed), ["6 lines read, 8 line ends"]);
    }

    #[test]
    fn the_table_has_every_bucket_with_something_in_it() {
        let text = tally().table(&file()).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "  purchases          1  lines  1  orders     15.345");
        assert_eq!(lines.last(), Some(&"  sum                3  lines                12.345"));
        assert!(!text.contains("in part"));
    }

    #[test]
    fn a_tally_survives_being_written_down() {
        let text = serde_json::to_string(&tally()).expect("writes");
        assert_eq!(serde_json::from_str::<Tally>(&text).expect("reads"), tally());
        assert_eq!(tally().json(&file())["sum"]["exact"], "12.345");
    }
}
