//! Living: moving time to an evening, then telling what happened that day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::calendar::{day_of, start_of};
use proto::clock::v1::{AdvanceClockRequest, AdvanceClockResponse};

use crate::client::{CliError, Suite, long_call};
use crate::demo::friends::{self, Friend};
use crate::demo::history::{History, Shop};
use crate::demo::subscribers::{self, Subscriber};
use crate::demo::telling::{Known, Teller};

use super::agenda::{Agenda, Evening};

/// Everything that will happen.
pub(super) struct Script {
    history: History,
    friends: Vec<Friend>,
    subscribers: Vec<Subscriber>,
    agenda: Agenda,
    zone: TimeZone,
    end: Timestamp,
}

/// A shop's life, as far as it has been lived.
pub(super) struct Life {
    script: Script,
    teller: Teller,
    step: i32,
    known: Known,
    /// Ids of subscriptions, by place of the subscriber.
    subscriptions: Vec<String>,
    /// Steps the clock was moved in.
    pub(super) steps: i64,
    /// Timers that rang on the way.
    pub(super) timers: i64,
}

impl Script {
    /// What happens in a shop from its beginning on; the same for the same shop.
    pub(super) fn of(shop: Shop, beginning: Timestamp, zone: TimeZone) -> Self {
        let end = beginning + SignedDuration::from_hours(i64::from(shop.days) * 24);
        let mut history = shop.life(end, &zone);
        let friends = friends::friends(shop.seed, &history, Timestamp::MIN, &zone);
        friends::regret(shop.seed, &mut history, &friends, end);
        let subscribers = subscribers::over_time(shop.seed, &history, &zone);
        let agenda = Agenda::of(shop.seed, &history, &friends, &subscribers, &zone);
        Self { history, friends, subscribers, agenda, zone, end }
    }
}

impl Life {
    pub(super) fn new(script: Script, teller: Teller, step: i32) -> Self {
        let known = Known::nothing(&script.history, &script.friends);
        let subscriptions = vec![String::new(); script.subscribers.len()];
        Self { script, teller, step, known, subscriptions, steps: 0, timers: 0 }
    }

    /// The suite as the shop sees it.
    pub(super) const fn suite(&self) -> &Suite {
        &self.teller.suite
    }

    /// Lives the script to its end.
    pub(super) async fn live(&mut self) -> Result<(), CliError> {
        let last = day_of(self.script.end, &self.script.zone);
        let evenings: Vec<(Date, Evening)> =
            self.script.agenda.before(last).map(|(day, evening)| (day, evening.clone())).collect();
        let progress = self.teller.progress("living", "evenings", evenings.len());
        for (day, evening) in evenings {
            self.advance(evening_of(day, &self.script.zone)?).await?;
            self.tell(day, &evening).await?;
            progress.add(1);
        }
        // To the last second: what falls due at the midnight after it belongs to the next quarter.
        self.advance(self.script.end - SignedDuration::from_secs(1)).await?;
        progress.finish();
        Ok(())
    }

    async fn advance(&mut self, to: Timestamp) -> Result<(), CliError> {
        let done = advance(&self.teller.operator, to, self.step).await?;
        self.steps += done.steps;
        self.timers += done.timers_fired;
        Ok(())
    }

    /// Tells one evening. Points are spent first: the suite is quiet then, so how many there are does not depend on who is
    /// quicker. For the same reason a friend is told of after the order they pay.
    async fn tell(&mut self, day: Date, evening: &Evening) -> Result<(), CliError> {
        let (teller, script) = (&self.teller, &self.script);
        if !evening.spent.is_empty() {
            teller.redeem(&evening.spent, &self.known).await?;
        }
        if !evening.joined.is_empty() {
            teller.enrol(&format!("{day} members"), &evening.joined, &script.history, &mut self.known).await?;
        }
        for (place, deed) in &evening.changed {
            teller.change(&self.subscriptions[*place], &script.subscribers[*place], *deed).await?;
        }
        for place in &evening.subscribed {
            self.subscriptions[*place] = teller.subscribe(&script.subscribers[*place], &self.known).await?;
        }
        if !evening.facts.is_empty() {
            teller.record(&format!("{day} entries"), &evening.facts, false, &script.history, &mut self.known).await?;
        }
        for (place, at, uncollected) in &evening.cancelled {
            teller.cancel(*place, *at, *uncollected, &self.known).await?;
        }
        for place in &evening.friends {
            teller.attribute(&script.friends[*place], &self.known).await?;
        }
        Ok(())
    }
}

/// Moves the clock to a moment; what falls due on the way happens.
pub(super) async fn advance(operator: &Suite, to: Timestamp, step: i32) -> Result<AdvanceClockResponse, CliError> {
    let asked = AdvanceClockRequest { to: Some(proto::timestamp(to)), step_seconds: step };
    Ok(operator.movable_clock()?.advance_clock(long_call(asked)).await?.into_inner())
}

/// The last second of a day: what happened that day is told before midnight, when the day is looked back on.
fn evening_of(day: Date, zone: &TimeZone) -> Result<Timestamp, CliError> {
    let next = day.tomorrow().ok().and_then(|next| start_of(next, zone).ok());
    let midnight = next.ok_or_else(|| CliError::odd("a day has no end"))?;
    Ok(midnight - SignedDuration::from_secs(1))
}
