//! What becomes of one watch on a faulty line.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use proto::eventlog::v1::{Event, Reached, WatchResponse};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::{Damage, Dice, Said, count};

/// What was heard and not said yet, and what will be said again.
pub(super) struct Delivery {
    dice: Dice,
    damage: Arc<Damage>,
    held: BTreeMap<u32, VecDeque<Word>>,
    again: Vec<Event>,
}

/// In the order of its partition: that a place is reached is said after what leads there.
enum Word {
    Event(Event),
    Reached(Reached),
}

/// Most repeats of an event after its first time.
const REPEATS: u64 = 4;

impl Delivery {
    pub(super) const fn new(dice: Dice, damage: Arc<Damage>) -> Self {
        Self { dice, damage, held: BTreeMap::new(), again: Vec::new() }
    }

    /// Until either side ends it, or the line breaks.
    pub(super) async fn run(mut self, mut said: Streaming<WatchResponse>, answers: Sender<Said>) {
        loop {
            let all_said = self.held.is_empty() && self.again.is_empty();
            let patience = if all_said { Duration::MAX } else { self.pause() };
            let heard = tokio::select! {
                () = answers.closed() => return,
                heard = timeout(patience, said.message()) => heard,
            };
            match heard {
                Ok(Ok(Some(message))) => self.hold(message),
                // What was not said is said to whoever comes back.
                Ok(Ok(None)) => return,
                Ok(Err(status)) => {
                    drop(answers.send(Err(status)).await);
                    return;
                }
                Err(_) => {}
            }
            if self.dice.one_in(3) {
                count(&self.damage.held_back);
                continue;
            }
            let message = self.deliver();
            if answers.send(Ok(message)).await.is_err() {
                return;
            }
            if self.dice.one_in(40) {
                count(&self.damage.broken);
                drop(answers.send(Err(Status::unavailable("the line is broken"))).await);
                return;
            }
        }
    }

    fn pause(&self) -> Duration {
        let longest = if self.dice.one_in(20) { 40_000 } else { 2_000 };
        Duration::from_micros(self.dice.below(longest))
    }

    fn hold(&mut self, message: WatchResponse) {
        for event in message.events {
            self.held.entry(event.partition).or_default().push_back(Word::Event(event));
        }
        for reached in message.reached {
            self.held.entry(reached.partition).or_default().push_back(Word::Reached(reached));
        }
    }

    /// Some of what is held, partition by partition in any order, among repeats of what was said before.
    fn deliver(&mut self) -> WatchResponse {
        let mut pieces: Vec<Vec<Event>> = Vec::new();
        for _ in 0..self.dice.below(self.again.len() as u64 + 1) {
            pieces.push(vec![self.again.swap_remove(self.dice.place(self.again.len()))]);
        }
        let mut reached = Vec::new();
        let mut partitions: Vec<u32> = self.held.keys().copied().collect();
        partitions.retain(|_| !self.dice.one_in(3));
        for partition in partitions {
            let piece = self.take(partition, &mut reached);
            pieces.push(piece);
        }
        let mut events = Vec::new();
        while !pieces.is_empty() {
            events.extend(pieces.swap_remove(self.dice.place(pieces.len())));
        }
        // Something may still be held back.
        WatchResponse { events, reached, caught_up: None }
    }

    /// The next words of a partition; an event may be said twice in one breath, and again later.
    fn take(&mut self, partition: u32, reached: &mut Vec<Reached>) -> Vec<Event> {
        let Some(words) = self.held.get_mut(&partition) else { return Vec::new() };
        let mut piece = Vec::new();
        for _ in 0..=self.dice.place(words.len()) {
            match words.pop_front() {
                Some(Word::Event(event)) => piece.push(event),
                Some(Word::Reached(place)) => reached.push(place),
                None => break,
            }
        }
        if words.is_empty() {
            self.held.remove(&partition);
        }
        for event in piece.clone() {
            for _ in 0..self.dice.below(REPEATS + 1) {
                count(&self.damage.repeated);
                if self.dice.one_in(3) { piece.push(event.clone()) } else { self.again.push(event.clone()) }
            }
        }
        piece
    }
}
