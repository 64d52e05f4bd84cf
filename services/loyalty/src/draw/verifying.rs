//! Working a draw out again, ticket by ticket.

use super::Ticket;
use super::rolling::Seed;
use super::terms::{Terms, Won};

/// What of a draw differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differs {
    /// The seed is not the one that was committed to.
    Commitment,
    /// A ticket is missing before this one.
    Number(i64),
    /// A ticket rolled something else.
    Roll(i64),
    /// A roll came to something else.
    Outcome(i64),
    /// There are more or fewer tickets than were counted.
    Tickets,
}

/// What has been worked out so far.
#[derive(Debug)]
pub struct Working<'a> {
    draw: &'a str,
    terms: &'a Terms,
    seed: &'a Seed,
    won: Won,
    /// Tickets that were looked at.
    pub looked_at: i64,
}

impl<'a> Working<'a> {
    /// Begins, with the commitment.
    pub fn begin(draw: &'a str, terms: &'a Terms, seed: &'a Seed, commitment: &[u8]) -> Result<Self, Differs> {
        if seed.commitment().as_slice() != commitment {
            return Err(Differs::Commitment);
        }
        Ok(Self { draw, terms, seed, won: Won::default(), looked_at: 0 })
    }

    /// Looks at the next ticket.
    pub fn next(&mut self, ticket: &Ticket) -> Result<(), Differs> {
        let number = self.looked_at.saturating_add(1);
        if ticket.number != number {
            return Err(Differs::Number(ticket.number));
        }
        let roll = self.seed.roll(self.draw, number, &ticket.client_seed);
        if roll != ticket.roll {
            return Err(Differs::Roll(number));
        }
        if self.won.take(self.terms, roll) != ticket.outcome {
            return Err(Differs::Outcome(number));
        }
        self.looked_at = number;
        Ok(())
    }

    /// Ends: as many tickets as were counted, and no more.
    pub fn end(&self, tickets: i64) -> Result<(), Differs> {
        if self.looked_at == tickets { Ok(()) } else { Err(Differs::Tickets) }
    }
}
