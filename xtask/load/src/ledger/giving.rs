//! A grant in each of the forms in which it can be said.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use kernel::{Clock, MemberId, Points, ReferralId};
use loyalty::account::wallet::WalletCode;
use loyalty::account::{Accounts, Grant};
use proto::loyalty::v1::{GrantOutcome, GrantPointsBatchRequest, GrantPointsRequest, StreamGrantsRequest};
use store::RequestKey;
use tokio::time::Instant;
use wire::{Keys, digests};

use super::house::{Client, House, tenant};
use super::{POINTS, member};
use crate::Failed;
use crate::pace::closed;
use crate::suite::request_id;
use crate::zipf::{Zipf, random};

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One grant a call.
    Call,
    /// Many in one call.
    Batch,
    /// Many in each message of a stream.
    Stream,
    /// Without gRPC: the request is made and digested, and handed to the door.
    Door,
}

impl Way {
    pub fn read(word: &str) -> Result<Self, Failed> {
        match word {
            "call" => Ok(Self::Call),
            "batch" => Ok(Self::Batch),
            "stream" => Ok(Self::Stream),
            "door" => Ok(Self::Door),
            other => Err(format!("{other} is no way to give; there are: call, batch, stream, door").into()),
        }
    }
}

/// What gives.
#[derive(Clone)]
pub struct Giving {
    clients: Vec<Client>,
    accounts: Accounts,
    keys: Keys,
    way: Way,
    who: Arc<Zipf>,
    per: usize,
    /// Callers of another load draw other members.
    seed: u64,
}

impl Giving {
    pub fn new(house: &House, way: Way, who: Arc<Zipf>, per: usize) -> Self {
        let (clients, accounts, keys) = (house.clients.clone(), house.accounts.clone(), house.keys.clone());
        Self { clients, accounts, keys, way, who, per, seed: 0 }
    }

    pub fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Callers at once, for so long: how many grants were acknowledged, and in how many seconds.
    pub async fn given(self, callers: usize, time: Duration) -> Result<(u64, f64), Failed> {
        if self.way != Way::Stream {
            return closed(callers, time, move |caller, number| self.clone().give(caller, number)).await;
        }
        let began = Instant::now();
        let all = (0..callers).map(|caller| tokio::spawn(self.clone().streamed(caller, began + time)));
        let mut given = 0;
        for one in futures::future::try_join_all(all).await? {
            given += one?;
        }
        Ok((given, began.elapsed().as_secs_f64()))
    }

    /// One call, whose caller has made so many before; answers how many grants it was.
    pub async fn give(self, caller: usize, number: usize) -> Result<u64, Failed> {
        let asks = self.asks(caller, number);
        let mut client = self.clients[caller % self.clients.len()].clone();
        match self.way {
            Way::Call => {
                for ask in asks {
                    client.grant_points(ask).await?;
                }
                Ok(self.per as u64)
            }
            Way::Batch => {
                let answer = client.grant_points_batch(GrantPointsBatchRequest { grants: asks }).await?;
                all_given(&answer.into_inner().outcomes)
            }
            Way::Stream => {
                let message = StreamGrantsRequest { grants: asks };
                let mut answers = client.stream_grants(stream::iter([message])).await?.into_inner();
                all_given(&answers.message().await?.ok_or("a stream ended before its answer")?.outcomes)
            }
            Way::Door => self.at_the_door(asks, false).await,
        }
    }

    /// The first grant of some members of whom nobody has heard.
    pub async fn first(&self, members: Vec<MemberId>) -> Result<u64, Failed> {
        self.at_the_door(members.into_iter().map(ask).collect(), true).await
    }

    /// A caller's stream, until the time is over: the next message is ready before the last is answered.
    async fn streamed(self, caller: usize, until: Instant) -> Result<u64, Failed> {
        let mut client = self.clients[caller % self.clients.len()].clone();
        let asking = self.clone();
        let messages = stream::iter(0..)
            .take_while(move |_| futures::future::ready(Instant::now() < until))
            .map(move |number| StreamGrantsRequest { grants: asking.asks(caller, number) });
        let mut answers = client.stream_grants(messages).await?.into_inner();
        let mut given = 0;
        while let Some(answer) = answers.message().await? {
            given += all_given(&answer.outcomes)?;
        }
        Ok(given)
    }

    fn asks(&self, caller: usize, number: usize) -> Vec<GrantPointsRequest> {
        let call = random(self.seed ^ ((caller as u64) << 48) ^ ((number as u64) << 12));
        (0..self.per as u64).map(|item| ask(member(self.who.drawn(random(call ^ item))))).collect()
    }

    async fn at_the_door(&self, asks: Vec<GrantPointsRequest>, known: bool) -> Result<u64, Failed> {
        let grants = asks.into_iter().map(|ask| self.grant(ask, known)).collect::<Result<Vec<Grant>, Failed>>()?;
        let given = grants.len() as u64;
        for outcome in self.accounts.grant_all(grants).await {
            outcome.map_err(|stop| format!("a grant was refused: {stop:?}"))?;
        }
        Ok(given)
    }

    /// As the service reads it from the wire.
    fn grant(&self, ask: GrantPointsRequest, known: bool) -> Result<Grant, Failed> {
        let id = kernel::RequestId::parse(&ask.request_id)?;
        Ok(Grant {
            wallet: WalletCode::POINTS,
            tenant: tenant(),
            member: MemberId::parse(&ask.member)?,
            points: Points(ask.points),
            known,
            validate_only: ask.validate_only,
            key: RequestKey { rpc: "GrantPoints", id, digests: digests(&self.keys, &ask) },
            cause: ask.cause,
            reason: ask.reason,
        })
    }
}

/// For a cause that gave nothing before.
fn ask(member: MemberId) -> GrantPointsRequest {
    GrantPointsRequest {
        request_id: request_id(),
        member: member.to_string(),
        points: POINTS,
        cause: ReferralId::new_at(Clock::system().now()).to_string(),
        reason: "a friend came".to_owned(),
        validate_only: false,
        wallet: String::new(),
    }
}

/// Whatever was refused would be missing from the totals.
fn all_given(outcomes: &[GrantOutcome]) -> Result<u64, Failed> {
    if let Some(refused) = outcomes.iter().find(|outcome| !outcome.refusal.is_empty()) {
        return Err(format!("a grant was refused: {} {}", refused.refusal, refused.detail).into());
    }
    Ok(outcomes.len() as u64)
}
