//! The laws of rules as a table: source, what differs from the usual facts, the result, the nearest flip, the next
//! change.

use crate::shop::{facts, instant, rule};

const LAWS: &str = r#"
# source | facts | result | nearest flip | next change
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
# In proportion: one of two is more than thirty of 2970.
order.net_minor >= 3000 || order.quantity >= 3 | | no | order.net_minor 2970 -> 3000 | -
order.net_minor >= 9000 || order.quantity >= 3 | | no | order.quantity 2 -> 3 | -
order.net_minor >= 9000 || vip | | no | order.net_minor 2970 -> 9000 | -
order.net_minor >= 3000 && vip | | no | - | -
order.net_minor * order.quantity > 6000 | | no | order.net_minor 2970 -> 3001 | -
order.net_minor * -2 < -6000 | | no | order.net_minor 2970 -> 3001 | -
-order.net_minor > -2970 | | no | order.net_minor 2970 -> 2969 | -
order.net_minor - order.quantity + 1 == 2969 | | yes | order.net_minor 2970 -> 2971 | -
# What does not fit is undecided, and so does not hold.
order.net_minor + 9223372036854775807 > 0 | | no | order.net_minor 2970 -> 0 | -
order.net_minor * 9223372036854775807 > 0 | | no | order.net_minor 2970 -> 1 | -
order.net_minor < 9223372036854775807 + 1 | | no | - | -
-(-9223372036854775807 - 1) > 0 | | no | - | -
# Unknown facts.
member.tier == "gold" | | no | - | -
!(member.tier == "gold") | | no | - | -
has(member.tier) | | no | - | -
!has(member.tier) | | yes | - | -
has(member.tier) && member.tier == "gold" | | no | - | -
member.tier == "gold" || order.quantity == 2 | | yes | order.quantity 2 -> 3 | -
order.quantity == 2 || member.tier == "gold" | | yes | order.quantity 2 -> 3 | -
member.tier == "gold" && order.quantity == 3 | | no | - | -
!(member.tier == "gold" && order.quantity == 3) | | yes | order.quantity 2 -> 3 | -
(member.tier == "gold") == (member.tier == "gold") | | no | - | -
member.points > 5 | member.points=5 | no | member.points 5 -> 6 | -
member.points + 0 in [1] | | no | - | -
# Texts.
member.tier == "gold" | member.tier=silver | no | member.tier "silver" -> "gold" | -
member.tier != "gold" | member.tier=silver | yes | member.tier "silver" -> "gold" | -
member.tier in ["gold", "black"] | member.tier=silver | no | member.tier "silver" -> "black" | -
member.tier in ["gold", "black"] | member.tier=gold | yes | member.tier "gold" -> "" | -
member.tier == channel | member.tier=web | yes | member.tier "web" -> "" | -
member.tier == channel | member.tier=gold | no | member.tier "gold" -> "web" | -
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
enrolled + grace <= now | | yes | enrolled 2025-01-01T00:00:00Z -> 2026-02-28T23:00:00.000001Z | -
# An instant between two microseconds is left for the next one.
enrolled < timestamp("2025-01-01T00:00:00.000001Z") | enrolled=2025-01-01T00:00:00.0000005Z | yes | enrolled 2025-01-01T00:00:00.0000005Z -> 2025-01-01T00:00:00.000001Z | -
enrolled > timestamp("2025-01-01T00:00:00Z") | enrolled=2025-01-01T00:00:00.0000005Z | yes | enrolled 2025-01-01T00:00:00.0000005Z -> 2025-01-01T00:00:00Z | -
grace >= duration("1h1us") | | no | grace 1h -> 1h1us | -
(now - enrolled) + (now - enrolled) > duration("20400h2us") | | no | enrolled 2025-01-01T00:00:00Z -> 2024-12-30T23:59:59.999998Z | 2026-03-02T00:00:00.000002Z
# Open once, then shut again: the first of both is told.
now >= timestamp("2026-04-01T00:00:00Z") && now < timestamp("2026-05-01T00:00:00Z") | | no | - | 2026-04-01T00:00:00Z
now >= timestamp("2026-02-01T00:00:00Z") && now < timestamp("2026-05-01T00:00:00Z") | | yes | - | 2026-05-01T00:00:00Z
vip && now >= timestamp("2026-04-01T00:00:00Z") | | no | - | -
"#;

#[test]
fn every_law_holds() {
    let mut wrong = Vec::new();
    for law in LAWS.lines().filter(|law| !law.is_empty() && !law.starts_with('#')) {
        let law = law.replace(" | | ", " |  | ");
        let columns: Vec<&str> = law.split(" | ").map(str::trim).collect();
        let [source, changes, result, flip, change] = columns[..] else { panic!("five columns: {law} {columns:?}") };
        let (rule, facts) = (rule(source), facts(changes));
        let said_flip = rule.nearest_flip(&facts).map(|flip| format!("{} {} -> {}", flip.fact, flip.from, flip.to));
        let change_at = rule.next_change(&facts, instant("2026-03-01T00:00:00Z"));
        assert_eq!(
            change_at.map(kernel::to_microsecond),
            change_at,
            "{source}: the house's clock never shows {change_at:?}"
        );
        let said_change = change_at.map(|at| at.to_string());
        let bare = |text: Option<String>| {
            let text = text.unwrap_or_else(|| "-".to_owned());
            text.replace("timestamp(\"", "").replace("duration(\"", "").replace("\")", "")
        };
        let said = (if rule.holds(&facts) { "yes" } else { "no" }, bare(said_flip), bare(said_change));
        if (said.0, said.1.as_str(), said.2.as_str()) != (result, flip, change) {
            wrong.push(format!("{law}\n    {said:?}"));
        }
        assert_eq!(crate::shop::rule(&rule.to_string()), rule, "{source} is not {rule}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    ];
    for (source, canonical) in table {
        assert_eq!(rule(source).to_string(), canonical);
        assert_eq!(rule(canonical), rule(source));
    }
}
