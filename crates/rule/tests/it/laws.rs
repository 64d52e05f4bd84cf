//! The laws of rules as a table: source, what differs from the usual facts, the result, the flip of each fact, the next
//! change. And a second one: what a rule that does not hold needs.

use rule::{Flip, Lack, Need};

use crate::shop::{facts, rule};

const LAWS: &str = r#"
# source | facts | result | flips | next change
true | | yes | - | -
false | | no | - | -
vip | | no | vip false -> true | -
!vip | | yes | vip false -> true | -
vip == false | | yes | vip false -> true | -
vip != false | | no | vip false -> true | -
order.net_minor >= 3000 | | no | order.net_minor 2970 -> 3000 | -
order.net_minor > 3000 | | no | order.net_minor 2970 -> 3001 | -
order.net_minor <= 2970 | | yes | order.net_minor 2970 -> 2971 | -
order.net_minor < 2970 | | no | order.net_minor 2970 -> 2969 | -
order.net_minor == 2970 | | yes | order.net_minor 2970 -> 2971 | -
order.net_minor != 2970 | | no | order.net_minor 2970 -> 2971 | -
order.net_minor in [1, 2975, 2970] | | yes | order.net_minor 2970 -> 2971 | -
order.net_minor in [2960, 2980] | | no | order.net_minor 2970 -> 2980 | -
order.net_minor in [] | | no | - | -
# Each fact alone, in the order of the schema.
order.net_minor >= 3000 || order.quantity >= 3 | | no | order.net_minor 2970 -> 3000; order.quantity 2 -> 3 | -
order.net_minor >= 9000 || vip | | no | vip false -> true; order.net_minor 2970 -> 9000 | -
order.net_minor >= 3000 && vip | | no | - | -
order.net_minor * order.quantity > 6000 | | no | order.net_minor 2970 -> 3001; order.quantity 2 -> 3 | -
order.net_minor * -2 < -6000 | | no | order.net_minor 2970 -> 3001 | -
-order.net_minor > -2970 | | no | order.net_minor 2970 -> 2969 | -
order.net_minor - order.quantity + 1 == 2969 | | yes | order.net_minor 2970 -> 2971; order.quantity 2 -> 3 | -
# What does not fit is undecided, and so does not hold.
order.net_minor + 9223372036854775807 > 0 | | no | order.net_minor 2970 -> 0 | -
# To become undecided is no flip.
order.net_minor + 9223372036854772837 > 0 | | yes | order.net_minor 2970 -> -9223372036854772837 | -
order.net_minor * 9223372036854775807 > 0 | | no | order.net_minor 2970 -> 1 | -
order.net_minor < 9223372036854775807 + 1 | | no | - | -
-(-9223372036854775807 - 1) > 0 | | no | - | -
# Unknown facts.
member.tier == "gold" | | no | - | -
!(member.tier == "gold") | | no | - | -
has(member.tier) | | no | - | -
!has(member.tier) | | yes | - | -
has(member.tier) && member.tier == "gold" | | no | - | -
# Without its quantity it would be undecided, and that is no flip.
member.tier == "gold" || order.quantity == 2 | | yes | - | -
order.quantity == 2 || member.tier == "gold" | | yes | - | -
member.tier == "gold" && order.quantity == 3 | | no | - | -
!(member.tier == "gold" && order.quantity == 3) | | yes | - | -
(member.tier == "gold") == (member.tier == "gold") | | no | - | -
member.points > 5 | member.points=5 | no | member.points 5 -> 6 | -
member.points + 0 in [1] | | no | - | -
# Texts.
member.tier == "gold" | member.tier=silver | no | member.tier "silver" -> "gold" | -
member.tier != "gold" | member.tier=silver | yes | member.tier "silver" -> "gold" | -
member.tier in ["gold", "black"] | member.tier=silver | no | member.tier "silver" -> "black" | -
member.tier in ["gold", "black"] | member.tier=gold | yes | member.tier "gold" -> "" | -
member.tier == channel | member.tier=web | yes | member.tier "web" -> ""; channel "web" -> "" | -
member.tier == channel | member.tier=gold | no | member.tier "gold" -> "web"; channel "web" -> "gold" | -
channel.startsWith("we") | | yes | channel "web" -> "" | -
channel.startsWith("TW-") | | no | channel "web" -> "TW-" | -
"web-shop".startsWith(channel) | | yes | - | -
channel == "" | | no | channel "web" -> "" | -
"coffee" in order.categories | | yes | - | -
"milk" in order.categories | | no | - | -
channel in order.categories | | no | channel "web" -> "coffee" | -
size(order.categories) == 2 | | yes | - | -
order.categories.size() > order.quantity | | no | order.quantity 2 -> 1 | -
# Time.
now < timestamp("2026-04-01T00:00:00Z") | | yes | - | 2026-04-01T00:00:00Z
now <= timestamp("2026-04-01T08:00:00+08:00") | | yes | - | 2026-04-01T00:00:00.000001Z
now == timestamp("2026-04-01T00:00:00Z") | | no | - | 2026-04-01T00:00:00Z
now != timestamp("2026-03-01T00:00:00Z") | | no | - | 2026-03-01T00:00:00.000001Z
now > timestamp("2026-01-01T00:00:00Z") | | yes | - | -
now in [timestamp("2026-05-01T00:00:00Z"), timestamp("2026-04-01T00:00:00Z")] | | no | - | 2026-04-01T00:00:00Z
# Between two microseconds nobody looks.
now == timestamp("2026-04-01T00:00:00.000000500Z") | | no | - | -
now >= timestamp("2026-04-01T00:00:00.000000500Z") | | no | - | 2026-04-01T00:00:00.000001Z
now - enrolled > duration("10200h") | | no | enrolled 2025-01-01T00:00:00Z -> 2024-12-30T23:59:59.999999Z | 2026-03-02T00:00:00.000001Z
now - last_purchase < duration("720h") | last_purchase=2026-02-20T00:00:00Z | yes | last_purchase 2026-02-20T00:00:00Z -> 2026-01-30T00:00:00Z | 2026-03-22T00:00:00Z
now - last_purchase < duration("720h") | | no | - | -
has(last_purchase) && now - last_purchase >= duration("24h") | last_purchase=2026-03-01T00:00:00Z | no | last_purchase 2026-03-01T00:00:00Z -> 2026-02-28T00:00:00Z | 2026-03-02T00:00:00Z
enrolled + grace <= now | | yes | enrolled 2025-01-01T00:00:00Z -> 2026-02-28T23:00:00.000001Z; grace 1h -> 10176h1us | -
# An instant between two microseconds is left for the next one.
enrolled < timestamp("2025-01-01T00:00:00.000001Z") | enrolled=2025-01-01T00:00:00.0000005Z | yes | enrolled 2025-01-01T00:00:00.0000005Z -> 2025-01-01T00:00:00.000001Z | -
enrolled > timestamp("2025-01-01T00:00:00Z") | enrolled=2025-01-01T00:00:00.0000005Z | yes | enrolled 2025-01-01T00:00:00.0000005Z -> 2025-01-01T00:00:00Z | -
grace >= duration("1h1us") | | no | grace 1h -> 1h1us | -
(now - enrolled) + (now - enrolled) > duration("20400h2us") | | no | enrolled 2025-01-01T00:00:00Z -> 2024-12-30T23:59:59.999998Z | 2026-03-02T00:00:00.000002Z
# Open once, then shut again: the first of both is told.
now >= timestamp("2026-04-01T00:00:00Z") && now < timestamp("2026-05-01T00:00:00Z") | | no | - | 2026-04-01T00:00:00Z
now >= timestamp("2026-02-01T00:00:00Z") && now < timestamp("2026-05-01T00:00:00Z") | | yes | - | 2026-05-01T00:00:00Z
vip && now >= timestamp("2026-04-01T00:00:00Z") | | no | - | -
# What hangs on an unknown fact alone from then on no longer holds.
now < timestamp("2026-04-01T00:00:00Z") || member.tier == "gold" | | yes | - | 2026-04-01T00:00:00Z
!(now >= timestamp("2026-04-01T00:00:00Z") && member.tier == "gold") | | yes | - | 2026-04-01T00:00:00Z
now < timestamp("2026-04-01T00:00:00Z") && vip == (now < timestamp("2026-03-15T00:00:00Z") && member.tier == "gold") | | no | - | 2026-03-15T00:00:00Z
# The end of the calendar is no change.
now + duration("1h") > enrolled | | yes | enrolled 2025-01-01T00:00:00Z -> 2026-03-01T01:00:00Z | -
now + duration("1h") > enrolled && now < timestamp("2026-04-01T00:00:00Z") | | yes | enrolled 2025-01-01T00:00:00Z -> 2026-03-01T01:00:00Z | 2026-04-01T00:00:00Z
(now - enrolled) + (now - enrolled) + (now - enrolled) > duration("1h") | | yes | enrolled 2025-01-01T00:00:00Z -> 2026-02-28T23:40:00Z | -
# What lies before its beginning is undecided, until it does not.
now - duration("105410400h") < enrolled | | no | - | 2026-03-02T01:59:59Z
# A fact that is always known.
has(vip) && order.quantity == 2 | | yes | order.quantity 2 -> 3 | -
"#;

#[test]
fn every_law_holds() {
    let mut wrong = Vec::new();
    for law in LAWS.lines().filter(|law| !law.is_empty() && !law.starts_with('#')) {
        let law = law.replace(" | | ", " |  | ");
        let columns: Vec<&str> = law.split(" | ").map(str::trim).collect();
        let [source, changes, result, flip, change] = columns[..] else { panic!("five columns: {law} {columns:?}") };
        let (rule, facts) = (rule(source), facts(changes));
        let flips: Vec<String> =
            rule.flips(&facts).iter().map(|flip| format!("{} {} -> {}", flip.fact, flip.from, flip.to)).collect();
        let said_flip = Some(flips.join("; ")).filter(|flips| !flips.is_empty());
        let change_at = rule.next_change(&facts);
        assert_eq!(
            change_at.map(kernel::to_microsecond),
            change_at,
            "{source}: the house's clock never shows {change_at:?}"
        );
        let said_change = change_at.map(|at| at.to_string());
        let shown = |text: Option<String>| {
            let text = text.unwrap_or_else(|| "-".to_owned());
            bare(&text)
        };
        let said = (if rule.holds(&facts) { "yes" } else { "no" }, shown(said_flip), shown(said_change));
        if (said.0, said.1.as_str(), said.2.as_str()) != (result, flip, change) {
            wrong.push(format!("{law}\n    {said:?}"));
        }
        assert_eq!(crate::shop::rule(&rule.to_string()), rule, "{source} is not {rule}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn bare(text: &str) -> String {
    text.replace("timestamp(\"", "").replace("duration(\"", "").replace("\")", "")
}

const NEEDS: &str = r#"
# source | facts | what it needs
vip || true | | -
order.net_minor >= 3000 | | order.net_minor >= 3000 [order.net_minor +30]
order.net_minor >= 3000 && order.quantity >= 3 | | all(order.net_minor >= 3000 [order.net_minor +30], order.quantity >= 3 [order.quantity +1])
order.net_minor >= 3000 && order.quantity >= 2 | | order.net_minor >= 3000 [order.net_minor +30]
order.net_minor >= 3000 || order.quantity >= 3 | | any(order.net_minor >= 3000 [order.net_minor +30], order.quantity >= 3 [order.quantity +1])
order.net_minor >= 3000 && (vip || channel == "app") | | all(order.net_minor >= 3000 [order.net_minor +30], any(vip [vip true], channel == "app" [channel "app"]))
!(order.net_minor < 3000) | | not order.net_minor < 3000 [order.net_minor +30]
!(order.net_minor < 3000 || order.quantity < 3) | | all(not order.net_minor < 3000 [order.net_minor +30], not order.quantity < 3 [order.quantity +1])
!(order.net_minor < 3000 && order.quantity < 3) | | any(not order.net_minor < 3000 [order.net_minor +30], not order.quantity < 3 [order.quantity +1])
!(vip || !(order.quantity >= 3)) | | order.quantity >= 3 [order.quantity +1]
# A part with two facts: each alone.
order.net_minor * order.quantity >= 6000 | | order.net_minor * order.quantity >= 6000 [order.net_minor +30, order.quantity +1]
# What nothing helps is told all the same, and so is what time helps.
false && vip | | all(false [], vip [vip true])
now >= timestamp("2026-04-01T00:00:00Z") && vip | | all(now >= 2026-04-01T00:00:00Z [at 2026-04-01T00:00:00Z], vip [vip true])
now < timestamp("2026-02-01T00:00:00Z") | | now < 2026-02-01T00:00:00Z []
!(now < timestamp("2026-04-01T00:00:00Z")) | | not now < 2026-04-01T00:00:00Z [at 2026-04-01T00:00:00Z]
now - last_purchase >= duration("24h") | last_purchase=2026-03-01T00:00:00Z | now - last_purchase >= 24h [last_purchase -24h, at 2026-03-02T00:00:00Z]
# What is unknown.
member.tier == "gold" && order.quantity == 3 | | all(member.tier == "gold" [], order.quantity == 3 [order.quantity +1])
!(member.tier == "gold") | | not member.tier == "gold" []
# In two parts of which one asks what the other forbids, each is judged alone.
order.quantity > 5 && order.quantity < 0 | | all(order.quantity > 5 [order.quantity +4], order.quantity < 0 [order.quantity -3])
"#;

fn told(flip: &Flip) -> String {
    let by = flip.by().map(|by| by.to_string());
    let signed = by.map(|by| if bare(&by).starts_with('-') { bare(&by) } else { format!("+{}", bare(&by)) });
    format!("{} {}", flip.fact, signed.unwrap_or_else(|| flip.to.to_string()))
}

fn told_lack(lack: &Lack) -> String {
    let at = lack.at.map(|at| format!("at {at}"));
    let helps: Vec<String> = lack.flips.iter().map(told).chain(at).collect();
    let sign = if lack.wanted { "" } else { "not " };
    format!("{sign}{} [{}]", bare(&lack.step.source), helps.join(", "))
}

fn told_need(need: &Need) -> String {
    let joined = |needs: &[Need]| needs.iter().map(told_need).collect::<Vec<_>>().join(", ");
    match need {
        Need::All(needs) => format!("all({})", joined(needs)),
        Need::Any(needs) => format!("any({})", joined(needs)),
        Need::Part(lack) => told_lack(lack),
    }
}

#[test]
fn what_does_not_hold_says_what_it_needs() {
    let mut wrong = Vec::new();
    for law in NEEDS.lines().filter(|law| !law.is_empty() && !law.starts_with('#')) {
        let law = law.replace(" | | ", " |  | ");
        let columns: Vec<&str> = law.split(" | ").map(str::trim).collect();
        let [source, changes, needs] = columns[..] else { panic!("three columns: {law} {columns:?}") };
        let said = rule(source).needs(&facts(changes)).map_or_else(|| "-".to_owned(), |need| told_need(&need));
        if said != needs {
            wrong.push(format!("{law}\n    {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn flips_are_told_of_the_facts_that_are_asked_for() {
    let (rule, facts) = (rule("order.net_minor >= 3000 || order.quantity >= 3"), facts(""));
    let schema = crate::shop::schema();
    let (net, quantity) =
        (schema.slot("order.net_minor").expect("there"), schema.slot("order.quantity").expect("there"));
    let of = |slots: &[rule::Slot]| rule.flips_of(&facts, slots).iter().map(told).collect::<Vec<_>>();
    assert_eq!(of(&[quantity]), ["order.quantity +1"]);
    assert_eq!(of(&[quantity, net]), ["order.quantity +1", "order.net_minor +30"]);
    assert_eq!(of(&[schema.slot("vip").expect("there")]), [""; 0]);
}

#[test]
fn the_canonical_source_is_written_so() {
    let table = [
        (" ( vip )  ", "vip"),
        ("vip && (vip && vip)", "vip && vip && vip"),
        ("(vip || vip) && vip", "(vip || vip) && vip"),
        ("vip || (vip && vip)", "vip || vip && vip"),
        ("!(!vip)", "!(!vip)"),
        ("!(order.quantity > 1)", "!(order.quantity > 1)"),
        ("channel in ['b', 'a', \"b\"]", "channel in [\"a\", \"b\"]"),
        ("order.quantity in [ 3,-1 , 3 ]", "order.quantity in [-1, 3]"),
        ("order.quantity - (1 - 2) > -(5)", "order.quantity - (1 - 2) > -5"),
        ("order.quantity - 1 - 2 > - 5", "order.quantity - 1 - 2 > -5"),
        ("(order.quantity + 1) * 2 > -(-order.quantity)", "(order.quantity + 1) * 2 > -(-order.quantity)"),
        ("order.quantity - -5 > 0", "order.quantity - -5 > 0"),
        ("channel == 'a\\'\\n\\\\\"\\u0007咖'", "channel == \"a'\\n\\\\\\\"\\u0007咖\""),
        ("grace > duration('90m')", "grace > duration(\"1h30m\")"),
        (
            "grace > duration('-90m') || grace > duration('0h')",
            "grace > duration(\"-1h30m\") || grace > duration(\"0s\")",
        ),
        ("now > timestamp('2026-01-01T08:00:00+08:00')", "now > timestamp(\"2026-01-01T00:00:00Z\")"),
        ("(vip == true) != false", "vip == true != false"),
        ("vip == (true != false)", "vip == (true != false)"),
        ("order.quantity > 1 == vip", "order.quantity > 1 == vip"),
        ("order.categories.size() > 1", "size(order.categories) > 1"),
        ("has(vip)", "true"),
    ];
    for (source, canonical) in table {
        assert_eq!(rule(source).to_string(), canonical);
        assert_eq!(rule(canonical), rule(source));
    }
}
