//! What is told of a text that is no rule: where, and what to write instead.

use rule::Rule;

use crate::shop::schema;

#[test]
fn show() {
    for source in include_str!("faults.txt").lines() {
        println!("{source}");
        match Rule::parse(source, &schema()) { Ok(rule) => println!("    OK {rule}"), Err(faults) => for fault in faults { println!("    {fault}") } }
    }
}
