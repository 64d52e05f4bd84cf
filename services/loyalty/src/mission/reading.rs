//! Looks at missions: what there is, and how far a member has come.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::{MemberId, TenantId};
use wire::Stop;

use super::counting::Reached;
use super::facts::Who;
use super::judging::{Definitions, Record, Reward, Round, is_for, judge, progress};
use super::store::{self, members};
use super::terms::Definition;
use super::windows::span;
use super::{MissionRefusal, Missions, Standing, first_start};
use ::store::StoreError;

/// Rewards told with a mission.
const MOST_TOLD: usize = 20;

/// Where a mission stands for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissionState {
    /// Its time has not come.
    NotYet,
    /// The member is none of whom it is for.
    NotForMember,
    /// It waits to be accepted.
    ToAccept,
    /// What happens counts.
    Open,
    /// As often as it can be in this window.
    Completed,
    /// Its time is over.
    Over,
}

/// A mission as a member sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberMission {
    /// The version that holds.
    pub mission: Definition,
    /// Where it stands.
    pub state: MissionState,
    /// The window that runs, or would begin now.
    pub round: Option<Round>,
    /// How far it has come.
    pub reached: Reached,
    /// Days that are left.
    pub days_left: i64,
    /// Rewards, newest first.
    pub rewards: Vec<Reward>,
}

impl Missions {
    /// A mission, its last version for 0.
    pub async fn get(&self, tenant: TenantId, mission: String, version: i32) -> Result<Standing, Stop<MissionRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::one(reading.connection(), tenant, &mission, version).await?;
        found.ok_or(Stop::Refused(MissionRefusal::NotFound { mission }))
    }

    /// A page of missions by their code.
    pub async fn list(
        &self,
        tenant: TenantId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<Standing>, Stop<MissionRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(store::page(reading.connection(), tenant, after.as_deref(), limit).await?)
    }

    /// A page of a member's rewards.
    pub async fn rewards(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Reward>, Stop<MissionRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let before = before.unwrap_or(i64::MAX);
        Ok(members::rewards(reading.connection(), (tenant, member), before, limit).await?)
    }

    /// All missions of a member that are not over.
    pub async fn of_member(
        &self,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<Vec<MemberMission>, Stop<MissionRefusal>> {
        let (who, settled) = (self.who(tenant, member).await?, ::terms::now(&self.store, tenant).await?);
        let mut reading = self.store.read(tenant).await?;
        let now = self.clock.now();
        let mut definitions = store::definitions(reading.connection(), tenant, now).await?;
        let Some(since) = first_start(&definitions) else { return Ok(Vec::new()) };
        let mut records = members::load(reading.connection(), tenant, &[member], since).await?;
        let mut record = records.remove(&member).unwrap_or_default();
        let asked: BTreeSet<(String, i32)> =
            record.rounds.iter().map(|round| (round.mission.clone(), round.version)).collect();
        let asked: Vec<(String, i32)> = asked.into_iter().collect();
        store::add_older(reading.connection(), tenant, &mut definitions, &asked).await?;
        drop(reading);
        let seen = Seen { definitions: &definitions, who: &who, now, zone: &settled.zone };
        seen.all(&mut record).map_err(|error| Stop::Failed(StoreError::unreadable(error)))
    }
}

/// What a look is made with.
struct Seen<'a> {
    definitions: &'a Definitions,
    who: &'a Who,
    now: Timestamp,
    zone: &'a TimeZone,
}

impl Seen<'_> {
    fn all(&self, record: &mut Record) -> Result<Vec<MemberMission>, kernel::calendar::OutOfCalendar> {
        // What a version that was put since would make of it is seen before anything is heard again.
        judge(self.definitions, record, self.now, self.zone)?;
        let open = self.definitions.last.values();
        let open = open.filter(|mission| mission.terms.until.is_none_or(|until| self.now < until));
        open.map(|mission| self.one(mission, record)).collect()
    }

    fn one(&self, mission: &Definition, record: &Record) -> Result<MemberMission, kernel::calendar::OutOfCalendar> {
        let own = record.rounds.iter().filter(|round| round.mission == mission.code);
        let running = own
            .clone()
            .filter(|round| round.span.from <= self.now && round.span.until.is_none_or(|until| self.now < until))
            .max_by_key(|round| round.span.from);
        let would = match (running, mission.terms.opt_in) {
            (Some(round), _) => Some(round.clone()),
            (None, true) => None,
            (None, false) => span(mission, (self.who.joined_at, None), self.now, self.zone)?.map(|span| Round {
                mission: mission.code.clone(),
                span,
                version: mission.version,
                accepted_at: None,
                touched: false,
            }),
        };
        let version = would.as_ref().and_then(|round| self.definitions.of(&mission.code, round.version));
        let holding = version.unwrap_or(mission);
        let reached = match &would {
            Some(round) => progress(holding, round, record, self.now, self.zone)?,
            None => Reached::default(),
        };
        let mut rewards: Vec<Reward> =
            record.rewards.iter().filter(|reward| reward.mission == mission.code).cloned().collect();
        rewards.sort_by_key(|reward| std::cmp::Reverse(reward.place));
        let wanted = rewards.iter().filter(|reward| reward.wanted).count();
        let all_given = mission.terms.most_in_all.is_some_and(|most| i64::try_from(wanted).unwrap_or(i64::MAX) >= most);
        rewards.truncate(MOST_TOLD);
        let times = i64::try_from(reached.completed.len()).unwrap_or(i64::MAX);
        let state = match &would {
            _ if self.now < mission.starts() => MissionState::NotYet,
            _ if all_given => MissionState::Completed,
            Some(_) if times >= holding.terms.most_per_window => MissionState::Completed,
            _ if !is_for(&holding.terms, self.who) => MissionState::NotForMember,
            Some(_) => MissionState::Open,
            None if mission.terms.opt_in => MissionState::ToAccept,
            None => MissionState::Over,
        };
        let until = would.as_ref().and_then(|round| round.span.until);
        Ok(MemberMission {
            mission: holding.clone(),
            state,
            round: would,
            reached,
            days_left: until.map_or(0, |until| days_left(self.now, until)),
            rewards,
        })
    }
}

/// Days until a moment, the last begun one counted.
fn days_left(now: Timestamp, until: Timestamp) -> i64 {
    let day = SignedDuration::from_hours(24).as_secs();
    let left = until.duration_since(now).as_secs().max(0);
    left.saturating_add(day.saturating_sub(1)).checked_div(day).unwrap_or(0)
}
