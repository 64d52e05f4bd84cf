//! What is told of a text that is no rule: where, and what to write instead.
//!
//! The table is `faults.txt`: a source on a line of its own, and indented below it what is told.

use std::fmt::Write as _;

use rule::Rule;

use crate::shop::schema;

const TABLE: &str = include_str!("faults.txt");

#[test]
fn every_fault_is_told_with_its_place() {
    let mut told = String::new();
    for source in TABLE.lines().filter(|line| !line.starts_with("    ")) {
        let faults = Rule::parse(source, &schema()).expect_err(source);
        writeln!(told, "{source}").expect("a string");
        for fault in faults {
            writeln!(told, "    {fault}").expect("a string");
        }
    }
    // For whoever changes a text: what is told now.
    if let Ok(place) = std::env::var("RULE_FAULTS") {
        std::fs::write(place, &told).expect("written");
    }
    assert_eq!(told, TABLE);
}

#[test]
fn places_count_characters_and_lines() {
    let faults = Rule::parse("vip &&\n  channel == '咖啡' && chanel == ''", &schema()).expect_err("chanel");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["line 2, column 22: there is no fact chanel; did you mean channel?"]);
}
