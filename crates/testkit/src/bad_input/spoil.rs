//! Everything that can be wrong with one field of a message.

use std::collections::HashMap;
use std::fmt;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};

use super::short;
use crate::examples::REQUEST_ID;

/// A message with one field spoilt.
pub(super) struct Spoilt {
    /// The field, without the indices of lists.
    path: Vec<String>,
    /// How many names of the path a violation must share: those of what was there before. What had to be made up to
    /// reach the field is wrong itself.
    there: usize,
    /// Lists may be counted together, so one of two is told.
    list: bool,
    /// In what way.
    how: &'static str,
    pub(super) message: DynamicMessage,
}

impl fmt::Display for Spoilt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} in {}", self.how, self.path.join("."), short(&self.message))
    }
}

impl Spoilt {
    /// Whether it is a request id that was spoilt, which must then not be made good.
    pub(super) fn names_id(&self) -> bool {
        self.path.last().is_some_and(|name| name == REQUEST_ID)
    }

    /// Whether a violation of that path is about the spoilt field: it names the field, or one that lies beside or
    /// below it.
    pub(super) fn is_meant_by(&self, told: &str) -> bool {
        let told: Vec<&str> = told.split('.').map(|part| part.split('[').next().unwrap_or_default()).collect();
        let first = |name: &str| self.message.descriptor().get_field_by_name(name);
        if self.there == 0 {
            let same = told.first().is_some_and(|name| *name == self.path[0]);
            return same || self.list && told.first().and_then(|name| first(name)).is_some_and(|field| field.is_list());
        }
        told.len() >= self.there && self.path[..self.there].iter().zip(&told).all(|(one, other)| one == other)
    }
}

/// How deep requests are followed; the deepest of the contract has five levels.
const DEEPEST: usize = 6;

/// Every message that differs from `base` by one spoilt field; and the empty one.
pub(super) fn everywhere(base: &DynamicMessage) -> Vec<Spoilt> {
    let nothing = DynamicMessage::new(base.descriptor());
    let empty = Spoilt { path: vec![String::new()], there: 0, list: false, how: "nothing but", message: nothing };
    let mut all: Vec<Spoilt> = [empty].into_iter().filter(|_| base.fields().next().is_none()).collect();
    all.extend(below(base, &[], Reach { there: 0, made_up: false }));
    all
}

/// How far down a path leads through what was there before.
#[derive(Clone, Copy)]
struct Reach {
    there: usize,
    /// True below something that was not there.
    made_up: bool,
}

fn below(base: &DynamicMessage, above: &[String], reach: Reach) -> Vec<Spoilt> {
    let mut all = Vec::new();
    if above.len() >= DEEPEST {
        return all;
    }
    for field in base.descriptor().fields() {
        let path: Vec<String> = above.iter().cloned().chain([field.name().to_owned()]).collect();
        let mut put = |how: &'static str, value: Option<Value>| {
            let mut message = base.clone();
            match value {
                Some(value) => message.set_field(&field, value),
                None => message.clear_field(&field),
            }
            all.push(Spoilt { path: path.clone(), there: reach.there, list: field.is_list(), how, message });
        };
        put("without", None);
        for (how, value) in whole(&field) {
            put(how, Some(value));
        }
        all.extend(inside(base, &field, &path, reach));
    }
    all
}

/// Spoils what lies inside a field: a message's own fields, or those of a list's first item. What is not there is made
/// up first.
fn inside(base: &DynamicMessage, field: &FieldDescriptor, path: &[String], reach: Reach) -> Vec<Spoilt> {
    let kind = field.kind();
    let Some(inner) = kind.as_message().filter(|_| !field.is_map()) else { return Vec::new() };
    let held = base.get_field(field);
    let items: Vec<Value> = held.as_list().map(<[Value]>::to_vec).unwrap_or_default();
    let first = match (field.is_list(), base.has_field(field)) {
        (true, _) => items.first(),
        (false, true) => Some(&*held),
        (false, false) => None,
    };
    let first = first.and_then(Value::as_message).cloned();
    let there = if reach.made_up { reach.there } else { path.len() };
    let reach = Reach { there, made_up: reach.made_up || first.is_none() };
    let first = first.unwrap_or_else(|| DynamicMessage::new(inner.clone()));
    let spoilt = below(&first, path, reach).into_iter().map(|spoilt| {
        let mut message = base.clone();
        let value = Value::Message(spoilt.message);
        let value = if field.is_list() {
            Value::List([value].into_iter().chain(items.iter().skip(1).cloned()).collect())
        } else {
            value
        };
        message.set_field(field, value);
        Spoilt { message, ..spoilt }
    });
    spoilt.collect()
}

/// What can be wrong with a field as a whole.
fn whole(field: &FieldDescriptor) -> Vec<(&'static str, Value)> {
    let kind = field.kind();
    if field.is_map() {
        let map = |entries: Vec<(String, String)>| {
            let entries = entries.into_iter().map(|(key, value)| (MapKey::String(key), Value::String(value)));
            Value::Map(entries.collect::<HashMap<_, _>>())
        };
        return vec![
            ("an empty key in", map(vec![(String::new(), String::new())])),
            ("a huge key and value in", map(vec![(huge(), huge())])),
            ("control characters in", map(vec![("\u{0}".to_owned(), "\u{0}".to_owned())])),
            ("far too many", map((0..5_000).map(|number| (number.to_string(), "x".to_owned())).collect())),
        ];
    }
    if field.is_list() {
        let many = |count| Value::List(vec![Value::default_value(&kind); count]);
        let each = one(&kind).into_iter().map(|(how, value)| (how, Value::List(vec![value])));
        let lists = [("no", many(0)), ("empty", many(2)), ("far too many", many(20_001))];
        return lists.into_iter().chain(each).collect();
    }
    one(&kind)
}

/// What can be wrong with one value.
fn one(kind: &Kind) -> Vec<(&'static str, Value)> {
    match kind {
        Kind::String => [
            ("an empty", String::new()),
            ("a huge", huge()),
            ("a malformed", "not what was meant 沒有".to_owned()),
            ("an impossible", "-999999999999999999999999999999.99".to_owned()),
            ("control characters in", "a\u{0}b\u{7f}\u{202e}".to_owned()),
            ("blanks around", " a ".to_owned()),
            ("a nil", "00000000-0000-0000-0000-000000000000".to_owned()),
            ("another kind of id as", "lot_7zzzzzzzzzzzzzzzzzzzzzzzzz".to_owned()),
            ("nobody's id as", "member_00000000000000000000000000".to_owned()),
        ]
        .map(|(how, text)| (how, Value::String(text)))
        .to_vec(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => [i32::MIN, -1, 0, i32::MAX]
            .map(
                |number| {
                    if number < 0 { ("a negative", Value::I32(number)) } else { ("an extreme", Value::I32(number)) }
                },
            )
            .to_vec(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => [i64::MIN, -1, 0, 1_000_000_000_001, i64::MAX]
            .map(
                |number| {
                    if number < 0 { ("a negative", Value::I64(number)) } else { ("an extreme", Value::I64(number)) }
                },
            )
            .to_vec(),
        Kind::Uint32 | Kind::Fixed32 => [0, 256, u32::MAX].map(|number| ("an extreme", Value::U32(number))).to_vec(),
        Kind::Uint64 | Kind::Fixed64 => [0, u64::MAX].map(|number| ("an extreme", Value::U64(number))).to_vec(),
        Kind::Enum(_) => [0, -1, 9_999].map(|number| ("an unknown", Value::EnumNumber(number))).to_vec(),
        Kind::Bool => vec![("a true", Value::Bool(true))],
        Kind::Bytes => vec![("a huge", Value::Bytes(vec![0xff; 100_000].into()))],
        Kind::Double => vec![("no number in", Value::F64(f64::NAN))],
        Kind::Float => vec![("no number in", Value::F32(f32::NAN))],
        Kind::Message(inner) => vec![("an empty", Value::Message(DynamicMessage::new(inner.clone())))],
    }
}

fn huge() -> String {
    "大".repeat(40_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::empty;

    fn spoilt(path: &[&str]) -> Spoilt {
        let there = path.len() - 1;
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        let message = empty("rapport.activity.v1.RecordOrderRequest");
        Spoilt { path, there, list: false, how: "an empty", message }
    }

    #[test]
    fn what_had_to_be_made_up_is_wrong_itself() {
        let all = everywhere(&empty("rapport.registry.v1.EnrolMemberRequest"));
        let deep = all.iter().find(|spoilt| spoilt.path == ["member", "consents", "state_time", "nanos"]);
        let deep = deep.expect("it is spoilt");
        assert!(deep.is_meant_by("member.acquisition_source") && !deep.is_meant_by("request_id"));
    }

    #[test]
    fn lists_that_are_counted_together_answer_for_each_other() {
        let all = everywhere(&empty("rapport.activity.v1.JoinGuestOrdersRequest"));
        let orders = all.iter().find(|spoilt| spoilt.path == ["orders"]).expect("it is spoilt");
        assert!(orders.is_meant_by("invoice_numbers[3]") && !orders.is_meant_by("member"));
    }

    #[test]
    fn a_violation_means_the_spoilt_field_or_its_neighbours() {
        assert!(spoilt(&["points"]).is_meant_by("points"));
        assert!(!spoilt(&["points"]).is_meant_by("member"));
        assert!(spoilt(&["order", "lines", "quantity"]).is_meant_by("order.lines[3].unit_price"));
        assert!(!spoilt(&["order", "lines", "quantity"]).is_meant_by("order.channel"));
        assert!(spoilt(&["order", "member"]).is_meant_by("order.buyer"));
    }

    #[test]
    fn every_field_is_spoilt_however_deep() {
        let all = everywhere(&empty("rapport.activity.v1.RecordEntriesRequest"));
        let paths: std::collections::BTreeSet<String> = all.iter().map(|spoilt| spoilt.path.join(".")).collect();
        for path in ["request_id", "entries", "entries.order.lines.unit_price", "entries.goods.lines.quantity"] {
            assert!(paths.contains(path), "{path} is not among {paths:?}");
        }
    }
}
