//! How one programme differs from another, promise by promise.
//!
//! Both are compared as the file writes them, with what may be left out said. Nothing here names a field it must know: a
//! promise that is added to the file is compared, and told, without another line. Things of a list are told apart by their
//! code, currency or period, so that one that is put in the middle is one that is new, and no change of all behind it.

use serde_json::{Map, Value};

use super::settled::settled;
use super::terms::Terms;
use crate::words::Words;

/// What tells the things of a list apart.
const KEYS: [&str; 3] = ["code", "currency", "period"];
/// What a way reads best with: how the file says it, and how people do.
const SPOKEN: [(&str, &str); 19] = [
    ("display_name", "name"),
    ("earn_rates", "earn rate"),
    ("earn_rules", "earn rule"),
    ("occasion_rules", "occasion rule"),
    ("enter_minor", "to reach"),
    ("keep_minor", "to keep"),
    ("multiplier_percent", "multiplied by hundredths"),
    ("per_minor", "for"),
    ("grace_days", "days of grace"),
    ("deficit", "what a return may take"),
    ("term_months", "months of a term"),
    ("pending", "waiting"),
    ("tiers", "tier"),
    ("wallets", "wallet"),
    ("transfers", "passing on"),
    ("ladder", ""),
    ("limits", "limit a"),
    ("most_points", "points at most"),
    ("exclusive_group", "group"),
];

/// One promise that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where it stands in the file: `ladder.tiers[gold].enter_minor`.
    pub(super) path: String,
    /// The same as people say it.
    pub(super) what: String,
    /// What it says; none where it is not there.
    pub(super) before: Option<Value>,
    /// What the other says; none where it is gone.
    pub(super) after: Option<Value>,
    /// Of money.
    currency: String,
}

impl Difference {
    /// What stood there and what stands there, for people.
    pub(super) fn sides(&self, words: &Words) -> (String, String) {
        (self.side(self.before.as_ref(), words), self.side(self.after.as_ref(), words))
    }

    fn side(&self, value: Option<&Value>, words: &Words) -> String {
        let name = self.path.rsplit('.').next().unwrap_or_default();
        value.map_or_else(String::new, |value| said(name, value, &self.currency, words))
    }
}

/// All of them, in the order of the file's fields.
pub(super) fn differences(before: Terms, after: Terms) -> Vec<Difference> {
    let mut found = Vec::new();
    let (before, after) = (serde_json::json!(settled(before)), serde_json::json!(settled(after)));
    compare(&Place::default(), &before, &after, &mut found);
    found
}

/// A place in the file.
#[derive(Clone, Debug, Default)]
struct Place {
    path: String,
    what: String,
    currency: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let spoken = SPOKEN
            .iter()
            .find(|(field, _)| *field == name)
            .map_or_else(|| name.replace('_', " "), |known| known.1.to_owned());
        Self {
            path: format!("{}{dot}{name}", self.path),
            what: joined(&self.what, &spoken),
            currency: self.currency.clone(),
        }
    }

    fn thing(&self, key: &str) -> Self {
        Self { path: format!("{}[{key}]", self.path), what: joined(&self.what, key), currency: self.currency.clone() }
    }

    fn within(&self, value: &Value) -> Self {
        let own = value.get("currency").and_then(Value::as_str).map(str::to_owned);
        Self { currency: own.unwrap_or_else(|| self.currency.clone()), ..self.clone() }
    }

    fn differs(&self, before: Option<&Value>, after: Option<&Value>) -> Difference {
        let (path, what, currency) = (self.path.clone(), self.what.clone(), self.currency.clone());
        Difference { path, what, before: before.cloned(), after: after.cloned(), currency }
    }
}

fn joined(before: &str, after: &str) -> String {
    [before, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn compare(place: &Place, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => objects(&place.within(after), one, other, found),
        (Value::Array(one), Value::Array(other)) if keyed(one) && keyed(other) => things(place, one, other, found),
        _ => found.push(place.differs(Some(before), Some(after))),
    }
}

fn objects(place: &Place, before: &Map<String, Value>, after: &Map<String, Value>, found: &mut Vec<Difference>) {
    // One way or another (`{"after": …}`, `{"never": …}`) is one promise, and told whole.
    let same_way = before.len() != 1 || after.len() != 1 || before.keys().eq(after.keys());
    if !same_way {
        let value = |side: &Map<String, Value>| Value::Object(side.clone());
        found.push(place.differs(Some(&value(before)), Some(&value(after))));
        return;
    }
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let place = place.field(name);
        match (before.get(name), after.get(name)) {
            (Some(one), Some(other)) => compare(&place, one, other, found),
            // A list that is left out is an empty one.
            (None, Some(Value::Array(other))) if keyed(other) => things(&place, &[], other, found),
            (Some(Value::Array(one)), None) if keyed(one) => things(&place, one, &[], found),
            (one, other) => found.push(place.differs(one, other)),
        }
    }
}

fn things(place: &Place, before: &[Value], after: &[Value], found: &mut Vec<Difference>) {
    let of = |side: &[Value], key: &str| side.iter().find(|thing| key_of(thing) == Some(key)).cloned();
    let keys = |side: &[Value]| side.iter().filter_map(key_of).map(str::to_owned).collect::<Vec<String>>();
    let (old, new) = (keys(before), keys(after));
    for key in &old {
        let at = place.thing(key);
        match (of(before, key), of(after, key)) {
            (Some(one), Some(other)) => compare(&at, &one, &other, found),
            (one, _) => found.push(at.differs(one.as_ref(), None)),
        }
    }
    for key in new.iter().filter(|key| !old.contains(key)) {
        found.push(place.thing(key).differs(None, of(after, key).as_ref()));
    }
    let stay =
        |side: &[String], other: &[String]| side.iter().filter(|key| other.contains(key)).cloned().collect::<Vec<_>>();
    let (was, is) = (stay(&old, &new), stay(&new, &old));
    if was != is {
        // Of equals the first decides, and tiers rise: the order is a promise.
        let order =
            Place { what: joined(&place.what, "order"), path: format!("{}.order", place.path), ..place.clone() };
        found.push(order.differs(Some(&Value::from(was)), Some(&Value::from(is))));
    }
}

fn keyed(list: &[Value]) -> bool {
    list.iter().all(|thing| key_of(thing).is_some())
}

fn key_of(thing: &Value) -> Option<&str> {
    KEYS.iter().find_map(|key| thing.get(key)?.as_str())
}

/// A value as people say it.
fn said(name: &str, value: &Value, currency: &str, words: &Words) -> String {
    match value {
        Value::Number(number) if name.ends_with("minor") => {
            number.as_i64().map_or_else(|| number.to_string(), |minor| words.money(minor, currency))
        }
        Value::Number(number) => number.as_i64().map_or_else(|| number.to_string(), crate::words::count),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.parse().map_or_else(|_| text.clone(), |moment| words.time(moment)),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "none".to_owned(),
        Value::Array(all) => all.iter().map(|one| said("", one, currency, words)).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let own = fields.get("currency").and_then(Value::as_str).unwrap_or(currency);
            let part = |(name, value): (&String, &Value)| {
                joined(&Place::default().field(name).what, &said(name, value, own, words))
            };
            fields.iter().filter(|(name, _)| !KEYS.contains(&name.as_str())).map(part).collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::shipped;
    use crate::programme::terms::{Award, EarnRule, Expiry};

    fn told(before: Terms, after: Terms) -> Vec<String> {
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let line = |found: &Difference| {
            let (before, after) = found.sides(&words);
            let sign = match (&found.before, &found.after) {
                (None, _) => "+",
                (_, None) => "-",
                (Some(_), Some(_)) => "~",
            };
            format!("{sign} {}: {before} -> {after}", found.what)
        };
        differences(before, after).iter().map(line).collect()
    }

    fn rule(code: &str) -> EarnRule {
        EarnRule {
            code: code.to_owned(),
            display_name: code.to_owned(),
            when: String::new(),
            lines: String::new(),
            award: Award::FixedPoints(30),
            from: None,
            until: None,
            wallet: String::new(),
            exclusive_group: String::new(),
            limits: Vec::new(),
        }
    }

    #[test]
    fn what_may_be_left_out_is_no_difference() {
        let terms = shipped("signature").expect("shipped");
        let mut said = terms.clone();
        said.version = Some(7);
        said.effective_time = None;
        said.grace_days = None;
        let ladder = said.ladder.as_mut().expect("it has one");
        ladder.term_months = 0;
        ladder.tiers[0].multiplier_percent = 100;
        assert_eq!(told(terms, said), Vec::<String>::new());
    }

    #[test]
    fn what_is_exported_applies_to_the_same() {
        for name in ["signature", "uci"] {
            let mut terms = shipped(name).expect("shipped");
            terms.earn_rules = vec![rule("one"), rule("two")];
            let there: proto::loyalty::v1::Programme = terms.clone().into();
            let kept = Terms::try_from(there).expect("a whole programme");
            let file =
                serde_json::to_string_pretty(&Terms { version: None, ..kept.clone() }).expect("it can be written");
            let read: Terms = serde_json::from_str(&file).expect("it can be read");
            assert_eq!(read, Terms { version: None, ..kept.clone() }, "{name}");
            assert_eq!(differences(kept, read), Vec::new(), "{name}");
            assert_eq!(differences(terms.clone(), terms), Vec::new(), "{name}");
        }
    }

    #[test]
    fn differences_are_told_in_words() {
        let before = shipped("signature").expect("shipped");
        let mut after = before.clone();
        after.earn_rates[0].points = 2;
        after.expiry = Expiry::Never;
        after.earn_rules = vec![rule("gift")];
        let ladder = after.ladder.as_mut().expect("it has one");
        ladder.tiers[1].enter_minor = 9_000;
        ladder.tiers[1].keep_minor = 0;
        let top = ladder.tiers.pop().expect("four tiers");
        assert_eq!(top.code, "platinum");
        assert_eq!(
            told(before, after),
            [
                "~ earn rate TWD points: 1 -> 2",
                "~ expiry: period end last month 12, years after 1 -> never",
                "~ tier silver to reach: NT$ 10,000 -> NT$ 9,000",
                "~ tier silver to keep: NT$ 8,000 -> NT$ 9,000",
                "- tier platinum: name Platinum, to reach NT$ 60,000, to keep NT$ 50,000, multiplied by hundredths 200 -> ",
                "+ earn rule gift:  -> award fixed points 30, name gift",
            ]
        );
    }

    #[test]
    fn the_order_of_rules_is_a_promise() {
        let mut before = shipped("signature").expect("shipped");
        before.earn_rules = vec![rule("one"), rule("two"), rule("three")];
        let mut after = before.clone();
        after.earn_rules = vec![rule("two"), rule("new"), rule("one")];
        let told = told(before, after);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.contains(&"~ earn rule order: one, two -> two, one".to_owned()), "{told:?}");
    }
}
