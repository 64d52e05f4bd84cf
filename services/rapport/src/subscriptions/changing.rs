//! Subscribing, and everything that changes a subscription.

use jiff::civil::DateTime;
use proto::subscriptions::v1::{
    CancelSubscriptionRequest, LocalTime, PauseSubscriptionRequest, ResumeSubscriptionRequest, SkipOccurrenceRequest,
    SubscribeRequest, UnskipOccurrenceRequest, UpdatePaymentTokenRequest,
};

use super::args::{Cancel, Card, Change, Numbered, Subscribe};
use super::{Rhythm, telling};
use crate::client::CliError;
use crate::say::say;

pub(super) fn local(moment: DateTime) -> LocalTime {
    LocalTime {
        year: moment.year().into(),
        month: moment.month().into(),
        day: moment.day().into(),
        hour: moment.hour().into(),
        minute: moment.minute().into(),
    }
}

pub(super) async fn subscribe(ask: Subscribe) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = SubscribeRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        plan: ask.plan,
        payment_token: ask.payment_token,
        cadence: ask.every.map(Rhythm::cadence),
        anchor: ask.from.map(local),
        zone: ask.zone,
        validate_only: ask.dry_run,
    };
    let done = suite.subscriptions().subscribe(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", telling::subscribed_json(&done));
    } else {
        say!("{}", telling::subscribed(&done, ask.dry_run, &suite.words().await?));
    }
    Ok(())
}

pub(super) async fn skip(ask: Numbered) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = SkipOccurrenceRequest {
        request_id: ask.call.request_id()?,
        subscription: ask.subscription,
        number: ask.number,
        validate_only: false,
    };
    let done = suite.subscriptions().skip_occurrence(request).await?.into_inner();
    let occurrence = done.occurrence.unwrap_or_default();
    telling::numbered(&suite, &ask.call.reach, &occurrence, "is left out").await
}

pub(super) async fn unskip(ask: Numbered) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = UnskipOccurrenceRequest {
        request_id: ask.call.request_id()?,
        subscription: ask.subscription,
        number: ask.number,
        validate_only: false,
    };
    let done = suite.subscriptions().unskip_occurrence(request).await?.into_inner();
    let occurrence = done.occurrence.unwrap_or_default();
    telling::numbered(&suite, &ask.call.reach, &occurrence, "is wanted again").await
}

pub(super) async fn pause(ask: Change) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = PauseSubscriptionRequest {
        request_id: ask.call.request_id()?,
        subscription: ask.subscription.clone(),
        reason: ask.reason,
        validate_only: false,
    };
    let done = suite.subscriptions().pause_subscription(request).await?.into_inner();
    telling::changed(&suite, &ask.call.reach, &ask.subscription, done.state(), None).await
}

pub(super) async fn resume(ask: Change) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = ResumeSubscriptionRequest {
        request_id: ask.call.request_id()?,
        subscription: ask.subscription.clone(),
        reason: ask.reason,
        validate_only: false,
    };
    let done = suite.subscriptions().resume_subscription(request).await?.into_inner();
    let next = done.next_due_time.map(|next| ("next due", next));
    telling::changed(&suite, &ask.call.reach, &ask.subscription, done.state(), next).await
}

pub(super) async fn cancel(ask: Cancel) -> Result<(), CliError> {
    let Cancel { at_once, change: ask } = ask;
    let suite = ask.call.reach.suite().await?;
    let request = CancelSubscriptionRequest {
        request_id: ask.call.request_id()?,
        subscription: ask.subscription.clone(),
        reason: ask.reason,
        at_once,
        validate_only: false,
    };
    let done = suite.subscriptions().cancel_subscription(request).await?.into_inner();
    let until = done.entitled_until.map(|until| ("open until", until));
    telling::changed(&suite, &ask.call.reach, &ask.subscription, done.state(), until).await
}

pub(super) async fn card(ask: Card) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = UpdatePaymentTokenRequest {
        request_id: ask.call.request_id()?,
        subscription: ask.subscription.clone(),
        payment_token: ask.payment_token,
        validate_only: false,
    };
    let done = suite.subscriptions().update_payment_token(request).await?.into_inner();
    telling::changed(&suite, &ask.call.reach, &ask.subscription, done.state(), None).await
}
