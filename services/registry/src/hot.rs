//! Hot profiles: members as callers see them, mostly without asking the database.
//!
//! A profile is kept as the bytes a caller gets, so that the usual read decodes and encodes nothing. How it is kept
//! true is the business of [`cache`]; this noun gives it what it needs: readings that say where the member's shard
//! stood, and every change that registry's own log tells ([`Hot::follow`]). Tenants' settings are kept the same way.
//!
//! 1. A read without a token is at most one second stale; one with a token sees what the token speaks of.
//! 2. A list, and the question who is known by a name, are answered by the database.
//!
//! Cost: a profile at hand, one look-up in memory; otherwise one statement for all that are not.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use cache::{Cache, Far, Key, Loaded, Version};
use eventlog::{Follower, Log, Progress, Seen};
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use store::{Head, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wire::{Freshness, Stop};

use crate::SERVICE;
use crate::members::{Member, Members, Name, Page, PageOfBirthdays, Refusal};
use crate::tenants::{Settings, Tenants};

/// A member of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct ProfileKey(TenantId, MemberId);

impl fmt::Display for ProfileKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.0, self.1)
    }
}

impl Key for ProfileKey {
    fn partition(&self) -> Shard {
        Shard::of_member(self.1)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct SettingsKey(TenantId);

impl fmt::Display for SettingsKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl Key for SettingsKey {
    fn partition(&self) -> Shard {
        Shard::of_tenant(self.0)
    }
}

/// Which profiles are asked for, and how fresh.
#[derive(Clone, Debug)]
pub struct Ask<T> {
    /// Whose members.
    pub tenant: TenantId,
    /// Which.
    pub what: T,
    /// At least as fresh as this.
    pub fresh: Freshness,
}

/// Profiles of some members, and those who are nobody.
#[derive(Clone, Debug)]
pub struct Found {
    /// As callers see them, in the order asked.
    pub profiles: Vec<Bytes>,
    /// Ids that name nobody, in the order asked.
    pub missing: Vec<MemberId>,
}

/// How a member is written for callers.
pub type Written = fn(&Member) -> Bytes;

/// The door.
#[derive(Clone, Debug)]
pub struct Hot {
    members: Members,
    tenants: Tenants,
    profiles: Cache<ProfileKey>,
    settings: Cache<SettingsKey>,
    progress: Progress,
    log: Log,
    written: Written,
}

impl Hot {
    /// Keeps profiles in this process and, where there is one, in Redis.
    pub fn new(
        store: &Store,
        progress: Progress,
        (members, tenants): (Members, Tenants),
        far: Option<Far>,
        written: Written,
    ) -> Self {
        Self {
            members,
            tenants,
            profiles: Cache::new(&cache::Settings::new("profile"), far),
            settings: Cache::new(&cache::Settings { bytes: 4 << 20, ..cache::Settings::new("settings") }, None),
            progress,
            log: Log::new(store.clone()),
            written,
        }
    }

    /// One profile.
    pub async fn get(&self, ask: Ask<MemberId>) -> Result<Bytes, Stop<Refusal>> {
        self.reached(&ask.fresh).await?;
        let (key, least) = (ProfileKey(ask.tenant, ask.what), least(&ask.fresh, ask.what));
        let (members, written) = (self.members.clone(), self.written);
        let load = || {
            let members = members.clone();
            async move { members.read(key.0, &[key.1]).await?.pop().map(|read| loaded(read, written)).ok_or_else(no_head) }
        };
        let profile = self.profiles.get(&key, least, load).await?;
        profile.ok_or(Stop::Refused(Refusal::MemberNotFound(ask.what)))
    }

    /// Several profiles, each once.
    pub async fn get_all(&self, ask: Ask<Vec<MemberId>>) -> Result<Found, Stop<Refusal>> {
        self.reached(&ask.fresh).await?;
        let (mut found, mut absent) = (HashMap::with_capacity(ask.what.len()), Vec::new());
        for member in &ask.what {
            let key = ProfileKey(ask.tenant, *member);
            match self.profiles.at_hand(&key, least(&ask.fresh, *member)).await {
                Some(profile) => drop(found.insert(*member, profile)),
                None => absent.push(*member),
            }
        }
        if !absent.is_empty() {
            let load = async {
                let read = self.members.read(ask.tenant, &absent).await?;
                let keyed = read.into_iter().map(|read| (ProfileKey(ask.tenant, read.0), loaded(read, self.written)));
                Ok::<_, StoreError>(keyed.collect())
            };
            let read = self.profiles.load_all(load).await?;
            found.extend(read.into_iter().filter_map(|(key, loaded)| Some((key.1, loaded.value?))));
        }
        let (mut profiles, mut missing) = (Vec::with_capacity(ask.what.len()), Vec::new());
        for member in ask.what {
            match found.remove(&member) {
                Some(profile) => profiles.push(profile),
                None => missing.push(member),
            }
        }
        Ok(Found { profiles, missing })
    }

    /// The profile of whoever is known by a name.
    pub async fn find(&self, ask: Ask<Name>) -> Result<Bytes, Stop<Refusal>> {
        self.reached(&ask.fresh).await?;
        let holder = self.members.holder(ask.tenant, &ask.what).await?;
        let member = holder.ok_or_else(|| {
            let key = self.members.key_of(ask.tenant, &ask.what);
            Stop::Refused(Refusal::NobodyKnownBy { kind: ask.what.kind, key })
        })?;
        self.get(Ask { tenant: ask.tenant, what: member, fresh: ask.fresh }).await
    }

    /// A page of members, read from the database.
    pub async fn list(&self, ask: Ask<Page>) -> Result<Vec<Member>, Stop<Refusal>> {
        self.reached(&ask.fresh).await?;
        Ok(self.members.page(ask.tenant, &ask.what).await?)
    }

    /// A page of birthdays, read from the database.
    pub async fn birthdays(&self, ask: Ask<PageOfBirthdays>) -> Result<Vec<(MemberId, Timestamp)>, Stop<Refusal>> {
        self.reached(&ask.fresh).await?;
        Ok(self.members.birthdays(ask.tenant, &ask.what).await?)
    }

    /// How a tenant is settled; none where nobody opened it.
    pub async fn settings(&self, tenant: TenantId) -> Result<Option<Settings>, StoreError> {
        let tenants = self.tenants.clone();
        let load = || {
            let tenants = tenants.clone();
            async move {
                let (head, found) = tenants.read(tenant).await?;
                let value = found.map(|found| serde_json::to_vec(&found.settings)).transpose();
                let value = value.map_err(StoreError::unreadable)?.map(Bytes::from);
                Ok::<_, StoreError>(Loaded { version: version(head), value })
            }
        };
        let kept = self.settings.get(&SettingsKey(tenant), None, load).await?;
        kept.map(|bytes| serde_json::from_slice(&bytes).map_err(StoreError::unreadable)).transpose()
    }

    /// The log that [`Hot::follow`] follows.
    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    /// Follows registry's own log until `stop`. While it does not, everything is read from the database.
    pub async fn follow(&self, stop: CancellationToken) {
        self.log.follow(self, stop).await;
    }

    async fn reached(&self, fresh: &Freshness) -> Result<(), Stop<Refusal>> {
        if fresh.is_empty() {
            return Ok(());
        }
        self.progress.wait_for(fresh).await.map_err(|unreachable| Stop::Refused(Refusal::Unreachable(unreachable)))
    }
}

#[async_trait]
impl Follower for Hot {
    async fn hear(&self, seen: Seen) {
        for (shard, head) in seen.begun {
            self.profiles.begin(shard, version(head));
            self.settings.begin(shard, version(head));
        }
        let (mut profiles, mut settings) = (Vec::new(), Vec::new());
        for event in &seen.events {
            if let Ok(member) = MemberId::parse(&event.subject) {
                profiles.push((ProfileKey(event.tenant, member), event.position));
            }
            if let Ok(tenant) = TenantId::parse(&event.subject) {
                settings.push((SettingsKey(tenant), event.position));
            }
        }
        self.profiles.changed(&profiles).await;
        self.settings.changed(&settings).await;
    }

    fn caught_up(&self, began: Instant) {
        self.profiles.caught_up(began);
        self.settings.caught_up(began);
    }
}

/// What a token demands of one member's profile: everything about it lies in its own shard.
fn least(fresh: &Freshness, member: MemberId) -> Option<Version> {
    let mark = fresh.mark(SERVICE, Shard::of_member(member))?;
    Some(Version { epoch: mark.epoch, position: mark.position })
}

fn loaded((_, head, member): (MemberId, Head, Option<Member>), written: Written) -> Loaded {
    Loaded { version: version(head), value: member.as_ref().map(written) }
}

const fn version(head: Head) -> Version {
    Version { epoch: head.epoch, position: head.position }
}

/// Every shard has a head, so a reading of one member is one row.
fn no_head() -> StoreError {
    StoreError::unreadable("the heads: run `rapport migrate`")
}
