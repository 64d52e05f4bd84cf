//! The model of windows: a book in which everything that a window gains and loses is posted at its own instant. What a
//! window holds at a moment is the sum of what was posted by then; no purchase is ever asked how old it is.

use jiff::{SignedDuration, Timestamp};
use kernel::OrderId;

/// When, how many purchases more or fewer, how much money.
type Posting = (Timestamp, i64, i64);

/// The life of one order.
#[derive(Debug)]
struct Page {
    order: OrderId,
    bought_at: Timestamp,
    postings: Vec<Posting>,
}

/// All orders of a life.
#[derive(Debug, Default)]
pub(super) struct Book(Vec<Page>);

impl Book {
    pub(super) fn buy(&mut self, order: OrderId, bought_at: Timestamp, minor: i64) {
        self.0.push(Page { order, bought_at, postings: vec![(bought_at, 1, minor)] });
    }

    /// All of an order comes back, or so much of it.
    pub(super) fn give_back(&mut self, order: OrderId, at: Timestamp, part: Option<i64>) {
        let page = self.0.iter_mut().find(|page| page.order == order).expect("what comes back was bought");
        let left: i64 = page.postings.iter().map(|(.., minor)| minor).sum();
        page.postings.push(part.map_or((at, -1, -left), |minor| (at, 0, -minor)));
    }

    /// Purchases and money of the last days.
    pub(super) fn within(&self, days: i32, moment: Timestamp) -> (i64, i64) {
        self.0
            .iter()
            .flat_map(|page| page.of_window(days))
            .filter(|(at, ..)| *at <= moment)
            .fold((0, 0), |(purchases, total), (_, more, minor)| (purchases + more, total + minor))
    }

    /// The instants at which windows lose a purchase, and the last ones before.
    pub(super) fn edges(&self, days: i32) -> impl Iterator<Item = Timestamp> {
        let leaving = self.0.iter().map(move |page| page.leaves_at(days));
        leaving.flat_map(|at| [at - SignedDuration::from_micros(1), at])
    }
}

impl Page {
    fn leaves_at(&self, days: i32) -> Timestamp {
        self.bought_at + SignedDuration::from_hours(24 * i64::from(days))
    }

    /// What a window gains and loses by it: when it leaves, it takes along whatever is left.
    fn of_window(&self, days: i32) -> Vec<Posting> {
        let leaves_at = self.leaves_at(days);
        let mut postings: Vec<Posting> = self.postings.iter().copied().filter(|(at, ..)| *at < leaves_at).collect();
        let (left, minor) = postings.iter().fold((0, 0), |(left, sum), (_, more, minor)| (left + more, sum + minor));
        postings.push((leaves_at, -left, -minor));
        postings
    }
}
