//! Telling the suite a history, batch by batch, in the order of time.
//!
//! One batch is under way at any moment, for a member's purchases must arrive in order; the next ones are being prepared meanwhile.
//! Every batch has a request id derived from the import's name and its own number, so that telling it again changes nothing. What was
//! answered is written down before the next batch is sent.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kernel::RequestId;
use proto::activity::v1::{EntryOutcome, NewEntry, Product, RecordEntriesRequest, UpsertProductsRequest};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::client::{CliError, Suite, accused, long_call, patiently};
use crate::progress::Progress;

use super::booking::{Answer, book};
use super::entries::Telling;
use super::grouping::{History, Piece};
use super::remembered::{Place, Remembered};
use super::texts::Text;

/// How long a call is repeated while the suite is away.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Batches prepared while one is under way.
const AHEAD: usize = 3;
/// What the suite takes at once.
const MOST_PRODUCTS: usize = 1_000;

/// A history and how it is told.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub import: Uuid,
    /// All of it.
    pub history: Arc<History>,
    /// Its entries in the order of time.
    pub pieces: Vec<Piece>,
    /// Which entries go together.
    pub batches: Vec<Range<usize>>,
    /// How entries are told.
    pub telling: Telling,
    /// Customers that were not taken, and why: their entries are not sent.
    pub refused_customers: HashMap<Text, String>,
    /// Whether it is a history that is being loaded.
    pub historic: bool,
}

#[derive(Debug)]
struct Batch {
    number: usize,
    places: Vec<usize>,
    entries: Vec<NewEntry>,
    unsent: Vec<usize>,
}

impl Job {
    fn batch(&self, number: usize) -> Batch {
        let mut batch = Batch { number, places: Vec::new(), entries: Vec::new(), unsent: Vec::new() };
        for place in self.batches[number].clone() {
            match self.telling.entry(&self.history, &self.pieces[place]) {
                Some(entry) => {
                    batch.places.push(place);
                    batch.entries.push(entry);
                }
                None => batch.unsent.push(place),
            }
        }
        batch
    }

    fn lines(&self, number: usize) -> u64 {
        self.batches[number].clone().map(|place| self.pieces[place].lines.len() as u64).sum()
    }

    /// Why an entry was not sent.
    fn unsent(&self, place: usize) -> String {
        let customer = self.history.invoice(self.pieces[place].invoice).customer;
        self.refused_customers.get(&customer).cloned().unwrap_or_else(|| "the customer is no member".to_owned())
    }
}

/// Tells everything that was not told yet. `remembered` grows with every batch, and is written down where there is a place for it.
pub async fn send(
    suite: &Suite,
    job: Arc<Job>,
    remembered: &mut Remembered,
    place: &Place,
    progress: &Progress,
) -> Result<(), CliError> {
    let from = remembered.batches.min(job.batches.len());
    progress.skip((0..from).map(|number| job.lines(number)).sum());
    let mut prepared = prepare(Arc::clone(&job), from);
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    loop {
        let batch = tokio::select! {
            biased;
            _ = &mut interrupted => {
                return Err(CliError::Stopped(format!(
                    "stopped after batch {} of {}: the same command goes on from there",
                    remembered.batches,
                    job.batches.len()
                )));
            }
            batch = prepared.recv() => batch,
        };
        let Some(batch) = batch else { return Ok(()) };
        let number = batch.number;
        for (piece, answer) in tell(suite, &job, batch, remembered).await? {
            let piece = &job.pieces[piece];
            let digits = job.telling.minor_digits;
            book(&job.history, digits, piece, &answer, &mut remembered.tally, &mut remembered.refused);
        }
        remembered.batches = number + 1;
        place
            .remember(remembered)
            .map_err(|error| CliError::Asked(format!("what was done cannot be noted: {error}")))?;
        progress.add(job.lines(number));
    }
}

fn prepare(job: Arc<Job>, from: usize) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        for number in from..job.batches.len() {
            if sender.blocking_send(job.batch(number)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Tells one batch, and answers what became of each of its entries. An entry the suite does not understand is left out, and the others
/// are told again without it.
async fn tell(
    suite: &Suite,
    job: &Job,
    batch: Batch,
    remembered: &mut Remembered,
) -> Result<Vec<(usize, Answer)>, CliError> {
    let mut answers: Vec<(usize, Answer)> =
        batch.unsent.iter().map(|place| (*place, Answer::Rejected(job.unsent(*place)))).collect();
    let (mut places, mut entries) = (batch.places, batch.entries);
    for attempt in 0.. {
        if places.is_empty() {
            break;
        }
        let id = RequestId::caused_by(job.import, &format!("entries {} {attempt}", batch.number)).to_string();
        let request = RecordEntriesRequest { request_id: id, entries, historic: job.historic, validate_only: false };
        let status = match patiently(PATIENCE, || record(suite, &request)).await {
            Ok((outcomes, freshness)) => {
                remembered.freshness = freshness;
                answers.extend(paired(places, outcomes)?);
                break;
            }
            Err(status) => status,
        };
        let wrong = accused(&status, "entries");
        if wrong.is_empty() {
            return Err(status.into());
        }
        (places, entries) = without(places, request.entries, &wrong, &mut answers);
    }
    Ok(answers)
}

async fn record(suite: &Suite, request: &RecordEntriesRequest) -> Result<(Vec<EntryOutcome>, String), tonic::Status> {
    let answer = suite.activity().record_entries(long_call(request.clone())).await?.into_inner();
    Ok((answer.outcomes, answer.freshness))
}

fn paired(places: Vec<usize>, outcomes: Vec<EntryOutcome>) -> Result<Vec<(usize, Answer)>, CliError> {
    if places.len() != outcomes.len() {
        return Err(CliError::odd("the suite answered for another number of entries than it was told"));
    }
    Ok(places.into_iter().zip(outcomes.into_iter().map(Answer::Outcome)).collect())
}

fn without(
    places: Vec<usize>,
    entries: Vec<NewEntry>,
    wrong: &BTreeMap<usize, String>,
    answers: &mut Vec<(usize, Answer)>,
) -> (Vec<usize>, Vec<NewEntry>) {
    let mut kept = (Vec::new(), Vec::new());
    for (at, (place, entry)) in places.into_iter().zip(entries).enumerate() {
        if let Some(why) = wrong.get(&at) {
            answers.push((place, Answer::Rejected(why.clone())));
        } else {
            kept.0.push(place);
            kept.1.push(entry);
        }
    }
    kept
}

/// Tells the suite what the products are called.
pub async fn send_products(suite: &Suite, import: Uuid, history: &History) -> Result<u64, CliError> {
    let products: Vec<Product> = history
        .products()
        .into_iter()
        .map(|(code, name)| Product {
            code: code.to_owned(),
            display_name: name.chars().take(300).collect::<String>().trim_end().to_owned(),
            ..Default::default()
        })
        .collect();
    for (number, some) in products.chunks(MOST_PRODUCTS).enumerate() {
        let request = UpsertProductsRequest {
            request_id: RequestId::caused_by(import, &format!("products {number}")).to_string(),
            products: some.to_vec(),
            validate_only: false,
        };
        patiently(PATIENCE, || async {
            let request = long_call(request.clone());
            suite.activity().upsert_products(request).await
        })
        .await?;
    }
    Ok(products.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_is_not_understood_keeps_no_other_out() {
        let mut answers = Vec::new();
        let wrong = BTreeMap::from([(1, "order.channel is required".to_owned())]);
        let (places, entries) = without(vec![4, 5, 6], vec![NewEntry::default(); 3], &wrong, &mut answers);
        assert_eq!((places, entries.len()), (vec![4, 6], 2));
        let [(5, Answer::Rejected(why))] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!(why, "order.channel is required");
    }

    #[test]
    fn an_answer_for_another_number_of_entries_is_no_answer() {
        assert!(paired(vec![1, 2], vec![EntryOutcome::default()]).is_err());
        assert_eq!(paired(vec![1], vec![EntryOutcome::default()]).map_or(0, |pairs| pairs.len()), 1);
    }
}
