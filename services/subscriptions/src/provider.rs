//! Who moves the money: a payment provider, asked for one charge or refund at a time.
//!
//! 1. A charge has an idempotency key for ever. Asked twice with one key, a provider moves money once and answers the same.
//! 2. Only tokens that a provider gave out are kept, never the number of a card.
//! 3. Some providers charge on a schedule of their own ([`Provider::schedules_itself`]): they are never asked, and what
//!    they did comes in as a report.
//!
//! The built-in [`Sandbox`] moves no money. What it answers is written in the token, so that every answer can be had.

pub mod script;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use kernel::{ChargeId, Currency};

use self::script::Line;
use crate::subscription::charging::Answer;

/// What a provider is asked for: to take from whom the token stands for, or to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeOrder {
    /// The idempotency key.
    pub key: ChargeId,
    /// The provider's own token.
    pub token: String,
    /// How much, more than zero.
    pub amount_minor: i64,
    /// In what.
    pub currency: Currency,
    /// Which occurrence of the subscription, from 0.
    pub occurrence: i64,
    /// Which attempt at it, from 1; of refunds from 0.
    pub attempt: i32,
}

/// No answer came. Whether money moved is not known: the same order is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider did not answer")]
pub struct Unanswered;

/// A payment provider.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Takes money.
    async fn charge(&self, order: &ChargeOrder) -> Result<Answer, Unanswered>;

    /// Gives money back that was taken with this token.
    async fn refund(&self, order: &ChargeOrder) -> Result<Answer, Unanswered>;

    /// Whoever this token stands for is charged by the provider on a schedule of its own.
    fn schedules_itself(&self, token: &str) -> bool;
}

/// A provider that moves no money and answers what the token says; see [`script`].
#[derive(Debug, Default)]
pub struct Sandbox {
    /// How often an order was given that is not to be answered at first.
    asked: Mutex<HashMap<ChargeId, u32>>,
}

/// Silences remembered before all are forgotten.
const MOST: usize = 100_000;

impl Sandbox {
    fn times_asked(&self, key: ChargeId) -> u32 {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= MOST {
            asked.clear();
        }
        let times = asked.entry(key).or_default();
        *times = times.saturating_add(1);
        *times
    }
}

#[async_trait]
impl Provider for Sandbox {
    async fn charge(&self, order: &ChargeOrder) -> Result<Answer, Unanswered> {
        let line = script::read(&order.token);
        if let Line::Silent { times } = line
            && self.times_asked(order.key) <= times
        {
            return Err(Unanswered);
        }
        Ok(script::answer(line, order.key, order.occurrence, order.attempt))
    }

    async fn refund(&self, order: &ChargeOrder) -> Result<Answer, Unanswered> {
        Ok(script::answer_refund(script::read(&order.token), order.key, order.attempt))
    }

    fn schedules_itself(&self, token: &str) -> bool {
        script::read(token) == Line::Itself
    }
}
