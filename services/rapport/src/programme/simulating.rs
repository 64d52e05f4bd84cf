//! `rapport programme simulate`: what a draft would have come to, beside what rules.

mod telling;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use proto::loyalty::v1::simulate_response::Said;
use proto::loyalty::v1::{SimulateRequest, Simulation};

use super::{Terms, named};
use crate::client::{CliError, Reach, long_call};
use crate::progress::Progress;
use crate::say::{say, say_all};
use crate::worth::Worth;

/// What `rapport programme simulate` is told.
#[derive(Args, Clone, Debug)]
pub struct Simulate {
    /// A file of terms in JSON, or one shipped: signature, uci
    file: String,
    /// The draft rules from this instant on, and the baseline before; all of the history where not said
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// What it is compared with
    #[arg(long, value_enum, default_value_t = Baseline::InForce)]
    baseline: Baseline,
    #[command(flatten)]
    worth: Worth,
    #[command(flatten)]
    reach: Reach,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Baseline {
    /// What rules now, as if it always had
    InForce,
    /// Every version in its own time
    AsRuled,
    /// Nothing
    None,
}

pub(super) async fn simulate(ask: Simulate) -> Result<(), CliError> {
    // A file keeps the instant of the change it was once put with: a draft is tried on all of the history, or as asked.
    let terms = Terms { effective_time: ask.from, ..named(&ask.file)? };
    let suite = ask.reach.suite().await?;
    let words = suite.words().await?;
    let baseline = match ask.baseline {
        Baseline::InForce => wire::Baseline::InForce,
        Baseline::AsRuled => wire::Baseline::AsRuled,
        Baseline::None => wire::Baseline::None,
    };
    let request = SimulateRequest {
        programme: Some(terms.clone().into()),
        baseline: baseline.into(),
        value: ask.worth.value(&words),
    };
    let mut told = suite.planning().simulate(long_call(request)).await?.into_inner();
    let (mut progress, mut done) = (None::<Progress>, 0);
    while let Some(message) = told.message().await? {
        match message.said {
            Some(Said::Progress(far)) => {
                let known = u64::try_from(far.orders_known).unwrap_or_default();
                let shown = progress.get_or_insert_with(|| Progress::new("rehearse", "orders", known));
                let orders = u64::try_from(far.orders).unwrap_or_default();
                shown.add(orders.saturating_sub(done));
                done = orders;
            }
            Some(Said::Simulation(simulation)) => {
                let took = progress.as_ref().map(Progress::finish).unwrap_or_default();
                if ask.reach.json {
                    say!("{}", telling::as_json(&simulation));
                } else {
                    say_all!("{}", telling::told(&simulation, &terms, &words));
                    crate::say::aside(took_text(&simulation, took));
                }
                return Ok(());
            }
            None => {}
        }
    }
    Err(CliError::Away("the rehearsal was broken off; begin it again".to_owned()))
}

fn took_text(simulation: &Simulation, took: std::time::Duration) -> String {
    let lines = u64::try_from(simulation.order_lines).unwrap_or_default();
    let rate = crate::words::count(crate::progress::rate(lines, took));
    format!("  {} · {rate} lines/s", crate::progress::spoken(took))
}
