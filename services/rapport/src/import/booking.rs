//! The suite's answers, line by line: into which bucket each line went.

use std::collections::{BTreeMap, HashMap};

use proto::activity::v1::EntryOutcome;

use super::grouping::{History, Piece};
use super::reconciliation::{Bucket, Tally};
use super::sorting_out::Kind;

/// What became of one piece.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The suite answered.
    Outcome(EntryOutcome),
    /// It was not sent, or not understood.
    Rejected(String),
}

/// Puts the lines of a piece into their buckets.
pub fn book(
    history: &History,
    minor_digits: u32,
    piece: &Piece,
    answer: &Answer,
    tally: &mut Tally,
    refused: &mut BTreeMap<u64, String>,
) {
    let buckets = match answer {
        Answer::Rejected(why) => Err(why.clone()),
        Answer::Outcome(outcome) if outcome.refusal.is_empty() => Ok(recorded(history, piece, outcome)),
        Answer::Outcome(outcome) if outcome.refusal == "ALREADY_APPLIED" => {
            Ok(vec![Bucket::AlreadyThere; piece.lines.len()])
        }
        Answer::Outcome(outcome) => Err(format!("{} {}", outcome.refusal, outcome.detail).trim().to_owned()),
    };
    if let Some(first) = buckets.as_ref().map_or(Some(&Bucket::Rejected), |buckets| buckets.first()) {
        tally.entry(*first);
    }
    for (place, line) in history.lines(piece.lines.clone()).iter().enumerate() {
        let bucket = match &buckets {
            Ok(buckets) => buckets[place],
            Err(why) => {
                refused.insert(u64::from(line.number), format!("refused: {why}"));
                Bucket::Rejected
            }
        };
        tally.line(bucket, history.exact(line, minor_digits), history.minor(line, minor_digits));
    }
}

fn recorded(history: &History, piece: &Piece, outcome: &EntryOutcome) -> Vec<Bucket> {
    let invoice = history.invoice(piece.invoice);
    let guest = invoice.customer.is_empty();
    match invoice.kind {
        Kind::Purchase if guest => vec![Bucket::GuestOrders; piece.lines.len()],
        Kind::Purchase => vec![Bucket::Purchases; piece.lines.len()],
        Kind::BadDebt | Kind::Correction => vec![Bucket::Adjustments; piece.lines.len()],
        Kind::Credit => credited(history, piece, outcome, guest),
    }
}

fn credited(history: &History, piece: &Piece, outcome: &EntryOutcome, guest: bool) -> Vec<Bucket> {
    let mut found: HashMap<usize, i64> = HashMap::new();
    for matched in &outcome.matches {
        let place = usize::try_from(matched.position).unwrap_or(usize::MAX);
        let units = found.entry(place).or_default();
        *units = units.saturating_add(matched.quantity);
    }
    let lines = history.lines(piece.lines.clone()).iter().enumerate();
    lines
        .map(|(place, line)| match found.get(&place).copied().unwrap_or(0) {
            0 if guest => Bucket::GuestCredits,
            0 => Bucket::UnmatchedCredits,
            units if units >= line.quantity.saturating_neg() => Bucket::ReturnsWhole,
            _some => Bucket::ReturnsPart,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::reading::tests::read;
    use proto::activity::v1::ReturnMatch;

    const FILE: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        C1,A,x,-3,2010-12-01 08:26:00,2.55,17850.0,UK\n\
        C1,B,x,-3,2010-12-01 08:26:00,1.00,17850.0,UK\n\
        C1,C,x,-3,2010-12-01 08:26:00,0.10,17850.0,UK\n\
        C2,A,x,-1,2010-12-01 08:27:00,2.55,,UK\n\
        3,A,x,1,2010-12-01 08:28:00,2.55,17850.0,UK\n\
        4,A,x,1,2010-12-01 08:29:00,2.55,,UK\n\
        5,A,x,-1,2010-12-01 08:30:00,0,,UK\n";

    fn matched(position: i32, quantity: i64) -> ReturnMatch {
        ReturnMatch { position, quantity, order: "order_1".to_owned(), order_line: 1, amount_minor: 0 }
    }

    /// Buckets with their lines and entries.
    type Filled = Vec<(Bucket, u64, u64)>;

    fn booked(answers: Vec<Answer>) -> (Filled, BTreeMap<u64, String>) {
        let (history, _) = read(FILE);
        let (mut tally, mut refused) = (Tally::default(), BTreeMap::new());
        for (piece, answer) in history.pieces().iter().zip(&answers) {
            book(&history, 2, piece, answer, &mut tally, &mut refused);
        }
        let held = Bucket::ALL.into_iter().map(|bucket| (bucket, tally.held(bucket)));
        (
            held.filter(|(_, held)| held.lines > 0).map(|(bucket, held)| (bucket, held.lines, held.entries)).collect(),
            refused,
        )
    }

    #[test]
    fn every_line_goes_where_the_suite_put_it() {
        let recorded = || Answer::Outcome(EntryOutcome::default());
        let credit = EntryOutcome { matches: vec![matched(0, 2), matched(0, 1), matched(1, 2)], ..Default::default() };
        let (buckets, refused) = booked(vec![Answer::Outcome(credit), recorded(), recorded(), recorded(), recorded()]);
        assert_eq!(
            buckets,
            [
                (Bucket::Purchases, 1, 1),
                (Bucket::GuestOrders, 1, 1),
                (Bucket::ReturnsWhole, 1, 1),
                (Bucket::ReturnsPart, 1, 0),
                (Bucket::UnmatchedCredits, 1, 0),
                (Bucket::GuestCredits, 1, 1),
                (Bucket::Adjustments, 1, 1),
            ]
        );
        assert_eq!(refused, BTreeMap::new());
    }

    #[test]
    fn what_is_refused_is_rejected_with_its_lines() {
        let refusal = |reason: &str| {
            Answer::Outcome(EntryOutcome { refusal: reason.to_owned(), detail: "why".to_owned(), ..Default::default() })
        };
        let (buckets, refused) =
            booked(vec![refusal("MEMBER_NOT_FOUND"), refusal("ALREADY_APPLIED"), Answer::Rejected("odd".to_owned())]);
        assert_eq!(buckets, [(Bucket::AlreadyThere, 1, 1), (Bucket::Rejected, 4, 2)]);
        let numbers: Vec<u64> = refused.keys().copied().collect();
        assert_eq!(numbers, [2, 3, 4, 6]);
        assert_eq!((refused[&2].as_str(), refused[&6].as_str()), ("refused: MEMBER_NOT_FOUND why", "refused: odd"));
    }
}
