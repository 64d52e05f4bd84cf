//! Members: who belongs to a programme, how they are known, what they agreed to.
//!
//! # Laws
//!
//! 1. A name (phone, e-mail, LINE id, card, another system's id) is one member's in a tenant. Names are compared in
//!    their one form ([`identity`]); the key of their table makes it so, and their shard's lock lets a rule say it first.
//! 2. An enrolled member is known by one name at least.
//! 3. A record changes by versions that count up; what is based on an older one is refused where the caller asked for
//!    that. A change that changes nothing keeps the version.
//! 4. The latest word on a purpose counts, and all words are kept.
//! 5. Personal data stand in registry's tables only. Events, receipts and logs carry ids, codes and keyed digests.
//! 6. A suspended tenant's members are read and not written.
//!
//! # Life cycle
//!
//! ```text
//! enrol -> Enrolled --(changes of the record, its names, tags and words)--> Enrolled -> Left
//! ```
//!
//! # Cost
//!
//! A mutation is eight to ten round trips, however many members it enrols: begin (2), recall, tenant, names, record
//! and names and words written, events, receipt, commit. It locks the shards of the members and of the names; a
//! request to enrol is remembered in the shard of its own id, for the member's is not known when it is said again.

use ::store::{Head, RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, MemberId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use wire::{Direction, Keys, Stop, known};

use crate::receipt::{Attempts, Reached};
use crate::tenants;

mod birthday;
mod change;
mod email;
mod enrolling;
mod events;
mod filter;
pub mod identity;
mod masking;
mod phone;
mod record;
mod store;
mod tax_id;

pub use birthday::Birthday;
pub use change::{Bounded, Change, ProfileChange};
pub use enrolling::Outcome;
pub(crate) use enrolling::taken;
pub use filter::Filter;
pub use identity::{Identity, Kind, Name};
pub use masking::masked;
pub use phone::{Region, read_tables};
pub use record::{Consent, Member, NewMember, Profile, State};

/// What registry says no to about members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has this id.
    MemberNotFound(MemberId),
    /// Nobody is known by this name.
    NobodyKnownBy {
        /// What sort of name it was.
        kind: Kind,
        /// What the name is recognised by without being told.
        key: String,
    },
    /// Somebody else is known by this name.
    IdentityTaken {
        /// Of the name.
        kind: Kind,
        /// Of the name, among those of the request.
        position: usize,
        /// Who has it.
        holder: MemberId,
    },
    /// The member is not known by this name.
    IdentityNotFound {
        /// Of the name.
        kind: Kind,
    },
    /// It is the only name the member is known by.
    LastIdentity {
        /// Of the name.
        kind: Kind,
    },
    /// The record would have more of something than a record may have.
    TooMany {
        /// Whose.
        member: MemberId,
        /// Of what.
        of: Bounded,
        /// How many there would be.
        would_be: usize,
    },
    /// The record changed since it was read.
    EtagMismatch {
        /// What the change was based on.
        etag: String,
        /// What it would have to be based on.
        current: i64,
    },
    /// Nobody opened this tenant.
    TenantNotFound(TenantId),
    /// The freshness asked for can never be reached here.
    Unreachable(eventlog::Unreachable),
}

/// People to enrol.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// Whose members they become.
    pub tenant: TenantId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// Who they are.
    pub people: Vec<NewMember>,
    /// Decide and write nothing.
    pub validate_only: bool,
}

/// What became of all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// In the order of the request.
    pub outcomes: Vec<Outcome>,
    /// Where a reader sees them; nowhere where nothing was written.
    pub reached: Reached,
    /// False where the call only asked what would become of them.
    #[serde(skip, default = "always")]
    pub written: bool,
}

const fn always() -> bool {
    true
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Whom it shows.
    pub filter: Filter,
    /// By when they joined.
    pub order: Direction,
    /// Where the page before ended.
    pub after: Option<(Timestamp, MemberId)>,
    /// How many it shows at most.
    pub limit: i64,
}

/// A page of those whose birthday is on a day of the year.
#[derive(Clone, Debug)]
pub struct PageOfBirthdays {
    /// The day; its year is none.
    pub on: Birthday,
    /// Those alone whose record changed since.
    pub changed_since: Option<Timestamp>,
    /// Where the page before ended.
    pub after: Option<MemberId>,
    /// How many it shows at most.
    pub limit: i64,
}

/// A change to be made.
#[derive(Clone, Debug)]
pub struct ChangeAsk {
    /// Whose member.
    pub tenant: TenantId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// Whose record.
    pub member: MemberId,
    /// What it is based on; unchecked where empty.
    pub etag: String,
    /// What to change.
    pub change: Change,
}

/// That it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReceipt {
    /// Of the record after it.
    pub version: i64,
    /// Where a reader sees it.
    pub reached: Reached,
}

/// The door.
#[derive(Clone, Debug)]
pub struct Members {
    store: Store,
    clock: Clock,
    keys: Keys,
}

/// A record, or none, and where the member's shard stood in the snapshot it was read from.
pub(crate) type Read = (MemberId, Head, Option<Member>);

impl Members {
    /// Members in this store.
    pub const fn new(store: Store, clock: Clock, keys: Keys) -> Self {
        Self { store, clock, keys }
    }

    /// Enrols one person; writes nothing where one of their names is taken.
    pub async fn enrol(&self, ask: Enrolment) -> Result<Enrolled, Stop<Refusal>> {
        let mut attempts = Attempts::default();
        loop {
            let done = self.try_enrol(&ask, |outcomes| outcomes.iter().find_map(taken)).await;
            if !attempts.again(&done).await {
                return done;
            }
        }
    }

    /// Enrols people, each with an outcome of their own.
    pub async fn enrol_all(&self, ask: Enrolment) -> Result<Enrolled, Stop<Refusal>> {
        let mut attempts = Attempts::default();
        loop {
            let done = self.try_enrol(&ask, |_| None).await;
            if !attempts.again(&done).await {
                return done;
            }
        }
    }

    async fn try_enrol(
        &self,
        ask: &Enrolment,
        refuse: impl Fn(&[Outcome]) -> Option<Refusal>,
    ) -> Result<Enrolled, Stop<Refusal>> {
        let now = self.clock.now();
        let records: Vec<Member> = ask.people.iter().map(|person| person.begin(MemberId::new_at(now), now)).collect();
        let names: Vec<&Name> = records.iter().flat_map(|record| &record.identities).map(|known| &known.name).collect();
        // Said again it would be about other ids, so it is remembered where only its own id leads.
        let remembered_in = Shard::of_text(ask.tenant, &["request", &ask.key.id.to_string()]);
        let members = records.iter().map(|record| Shard::of_member(record.id));
        let shards = members.chain(names.iter().map(|name| name.shard(ask.tenant))).chain([remembered_in]);
        let mut tx = self.store.begin(ask.tenant, shards).await?;
        if let Some(receipt) = known(tx.recall(ask.tenant, remembered_in, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        open(&mut tx, ask.tenant).await?;
        let holders = identity::store::holders(&mut tx, ask.tenant, &names).await?;
        let outcomes = enrolling::decide(&records, holders);
        if let Some(refusal) = refuse(&outcomes) {
            return Err(Stop::Refused(refusal));
        }
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Enrolled { outcomes, reached: Reached::default(), written: false });
        }
        let records: Vec<Member> = records
            .into_iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| enrolling::is_in(outcome))
            .map(|(record, _)| record)
            .collect();
        self.write_new(&mut tx, ask.tenant, &records, now).await?;
        let reached = Reached::of(&tx, records.iter().map(|record| Shard::of_member(record.id)));
        let receipt = Enrolled { outcomes, reached, written: true };
        tx.remember(ask.tenant, remembered_in, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    async fn write_new(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        records: &[Member],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let names: Vec<(MemberId, &Name)> =
            records.iter().flat_map(|one| one.identities.iter().map(|known| (one.id, &known.name))).collect();
        let words: Vec<(MemberId, i64, &Consent)> =
            records.iter().flat_map(|one| one.consents.iter().map(|word| (one.id, one.version, word))).collect();
        let events: Vec<_> = records.iter().map(|one| events::enrolled(&self.keys, tenant, one)).collect();
        store::insert(tx, tenant, records, now).await?;
        identity::store::add_names(tx, tenant, &names, now).await?;
        store::keep_words(tx, tenant, &words, now).await?;
        eventlog::append(tx, events, now)
    }

    /// Changes a record.
    pub async fn change(&self, ask: ChangeAsk) -> Result<ChangeReceipt, Stop<Refusal>> {
        let mut attempts = Attempts::default();
        loop {
            let done = self.try_change(&ask).await;
            if !attempts.again(&done).await {
                return done;
            }
        }
    }

    async fn try_change(&self, ask: &ChangeAsk) -> Result<ChangeReceipt, Stop<Refusal>> {
        let now = self.clock.now();
        let shard = Shard::of_member(ask.member);
        let named = ask.change.name();
        let shards = named.map(|name| name.shard(ask.tenant)).into_iter().chain([shard]);
        let mut tx = self.store.begin(ask.tenant, shards).await?;
        if let Some(receipt) = known(tx.recall(ask.tenant, shard, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        open(&mut tx, ask.tenant).await?;
        let record = store::find(&mut tx, ask.tenant, ask.member).await?;
        let record = record.ok_or(Stop::Refused(Refusal::MemberNotFound(ask.member)))?;
        if !ask.etag.is_empty() && ask.etag != record.version.to_string() {
            let refusal = Refusal::EtagMismatch { etag: ask.etag.clone(), current: record.version };
            return Err(Stop::Refused(refusal));
        }
        let changed = change::decide(&record, &ask.change, now).map_err(Stop::Refused)?;
        let added: Vec<&Name> = changed.added.iter().collect();
        if let Some((name, holder)) = identity::store::holders(&mut tx, ask.tenant, &added).await?.into_iter().next() {
            return Err(Stop::Refused(Refusal::IdentityTaken { kind: name.kind, position: 0, holder }));
        }
        if !changed.fields.is_empty() {
            self.write_changed(&mut tx, ask.tenant, &changed, now).await?;
        }
        let receipt = ChangeReceipt { version: changed.member.version, reached: Reached::of(&tx, [shard]) };
        tx.remember(ask.tenant, shard, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    async fn write_changed(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        changed: &change::Changed,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let member = &changed.member;
        let added: Vec<(MemberId, &Name)> = changed.added.iter().map(|name| (member.id, name)).collect();
        let said: Vec<(MemberId, i64, &Consent)> =
            changed.said.iter().map(|word| (member.id, member.version, word)).collect();
        store::update(tx, tenant, member).await?;
        for name in &changed.removed {
            identity::store::remove_name(tx, tenant, name).await?;
        }
        identity::store::add_names(tx, tenant, &added, now).await?;
        store::keep_words(tx, tenant, &said, now).await?;
        eventlog::append(tx, [events::updated(&self.keys, tenant, changed, now)], now)
    }

    /// Reads records; one statement, in no particular order.
    pub(crate) async fn read(&self, tenant: TenantId, members: &[MemberId]) -> Result<Vec<Read>, StoreError> {
        store::read(&mut self.store.read(tenant).await?, tenant, members).await
    }

    /// Who is known by a name.
    pub async fn holder(&self, tenant: TenantId, name: &Name) -> Result<Option<MemberId>, StoreError> {
        identity::store::holder(&mut self.store.read(tenant).await?, tenant, name).await
    }

    /// What a name is recognised by without being told, as events carry it.
    pub(crate) fn key_of(&self, tenant: TenantId, name: &Name) -> String {
        events::identity_key(&self.keys, tenant, name)
    }

    /// A page of those whose birthday is on a day of the year, with when they joined.
    pub(crate) async fn birthdays(
        &self,
        tenant: TenantId,
        page: &PageOfBirthdays,
    ) -> Result<Vec<(MemberId, Timestamp)>, StoreError> {
        store::birthdays(&mut self.store.read(tenant).await?, tenant, page).await
    }

    /// A page of records.
    pub(crate) async fn page(&self, tenant: TenantId, page: &Page) -> Result<Vec<Member>, StoreError> {
        store::page(&mut self.store.read(tenant).await?, tenant, page).await
    }
}

/// Lets a mutation go on where its tenant is there and may write.
async fn open(tx: &mut Tx, tenant: TenantId) -> Result<(), Stop<Refusal>> {
    match tenants::standing(tx, tenant).await? {
        None => Err(Stop::Refused(Refusal::TenantNotFound(tenant))),
        Some(tenants::Standing::Suspended) => Err(Stop::TenantSuspended),
        Some(tenants::Standing::Open) => Ok(()),
    }
}
