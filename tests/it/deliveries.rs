//! However events are delivered between the six services, what every one of them tells in the end is the same.
//!
//! The same months of a shop is lived once where the services reach each other straight, and again and again over a line
//! that holds events back, takes partitions out of order, says everything up to several times, breaks off and loses answers.
//! Members have new ids each time and so lie in other partitions; ids are told by names of the script.

mod life;
mod telling;

use std::collections::BTreeMap;

use testkit::{Promise, count};
use uuid::Uuid;

use self::life::Life;
use self::telling::{Told, told};
use crate::stage::Stage;

/// Names the seed of a line that is to be repeated.
const SEED: &str = "RAPPORT_TEST_SEED";
const BEGIN: &str = "2011-01-03T04:00:00Z";

async fn lived(stage: Stage) -> Told {
    let life = Life::lived(&stage).await;
    let told = told(&stage, &life).await;
    let line_was_faulty = stage.line.as_ref().is_none_or(|line| line.damage().is_done());
    assert!(line_was_faulty, "the line delivered too well: {:?}", stage.line);
    stage.stop().await;
    told
}

/// What one of them tells and the other does not, by what it is about.
fn differences(honest: &Told, faulty: &Told) -> String {
    let all: BTreeMap<&String, ()> = honest.keys().chain(faulty.keys()).map(|about| (about, ())).collect();
    let none = Vec::new();
    let mut told = String::new();
    for about in all.into_keys() {
        let (one, other) = (honest.get(about).unwrap_or(&none), faulty.get(about).unwrap_or(&none));
        for (sign, these, those) in [("only straight", one, other), ("only over the line", other, one)] {
            for line in these.iter().filter(|line| !those.contains(line)) {
                told += &format!("{about}: {sign}: {line}\n");
            }
        }
        if one.len() != other.len() {
            told += &format!("{about}: {} straight, {} over the line\n", one.len(), other.len());
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_are_the_same_however_events_are_delivered() {
    let honest = lived(Stage::open(BEGIN).await).await;
    let named = std::env::var(SEED).ok().map(|seed| seed.parse().expect("a seed is a whole number"));
    for _ in 0..count(Promise::SuiteDeliveries) {
        let seed = named.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
        println!("the line of this run: {SEED}={seed}");
        let faulty = lived(Stage::over_a_faulty_line(seed, BEGIN).await).await;
        assert!(faulty == honest, "{SEED}={seed}\n{}", differences(&honest, &faulty));
    }
}
