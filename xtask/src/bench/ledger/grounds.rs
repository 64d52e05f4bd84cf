//! Databases with members, and what is run on copies of them.
//!
//! Every run begins from the same state, so none pays for the entries that another has written.

use std::collections::BTreeSet;

use backing::postgres::Postgres;

use super::FOLDER;
use crate::bench::{load, pgbench};
use crate::run::{Failure, tell};

/// Points of one grant, on both sides; each member has been given them once.
const POINTS: u64 = 10;
/// How long a run is measured.
pub(super) const SECONDS: &str = "4";
/// As near to 1 as pgbench's `random_zipfian` allows: it wants a parameter above it.
const NEARLY_ONE: &str = "1.001";

/// Whose database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Ours,
    Peer,
}

impl Whose {
    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
        }
    }

    /// Entries, balances and what is left in lots, summed.
    const fn sums(self) -> &'static str {
        match self {
            Self::Ours => {
                "SELECT (SELECT sum(points) FROM loyalty.entry), \
                        (SELECT sum(spendable - deficit) FROM loyalty.account), \
                        (SELECT sum(remaining) FROM loyalty.lot)"
            }
            Self::Peer => {
                "SELECT (SELECT sum(points) FROM entry), (SELECT sum(balance) FROM account), \
                        (SELECT sum(remaining) FROM lot)"
            }
        }
    }
}

/// Who is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// By Zipf's law.
    Zipf,
    /// Always the same one.
    Hot,
}

/// How ours is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// As `load` calls it: call, batch, stream, door.
    pub(super) way: &'static str,
    pub(super) drawn: Drawn,
    pub(super) callers: u32,
    /// Grants of one call.
    pub(super) per: u32,
}

/// The textbook's tables, with the indexes that their questions need.
const TABLES: &str = "\
CREATE TABLE request (id uuid PRIMARY KEY, digest bytea NOT NULL, made_at timestamptz NOT NULL);
CREATE TABLE account (member bigint PRIMARY KEY, balance bigint NOT NULL, entries bigint NOT NULL) WITH (fillfactor = 70);
CREATE TABLE lot (member bigint NOT NULL, lot uuid NOT NULL, origin text NOT NULL, amount bigint NOT NULL, \
    remaining bigint NOT NULL, earned_at timestamptz NOT NULL, lapses_at timestamptz NOT NULL, PRIMARY KEY (member, lot));
CREATE INDEX lot_open ON lot (member) WHERE remaining > 0;
CREATE TABLE entry (member bigint NOT NULL, number bigint NOT NULL, entry uuid NOT NULL, points bigint NOT NULL, \
    balance_after bigint NOT NULL, cause text NOT NULL, occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, \
    PRIMARY KEY (member, number));
CREATE INDEX entry_by_id ON entry (entry);
CREATE TABLE outbox (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, member bigint NOT NULL, \
    payload bytea NOT NULL, recorded_at timestamptz NOT NULL);
";

/// What each member was given before, on the peer's side; `:members` of them.
const GIVEN: &str = "\
INSERT INTO request SELECT gen_random_uuid(), decode(repeat('ab', 32), 'hex'), now() FROM generate_series(1, :members);
INSERT INTO account SELECT member, 10, 1 FROM generate_series(1, :members) AS member;
INSERT INTO lot SELECT member, gen_random_uuid(), 'referral_01h455vb4pex5vsknk084sn02q', 10, 10, now(), \
    now() + interval '1 year' FROM generate_series(1, :members) AS member;
INSERT INTO entry SELECT member, 1, gen_random_uuid(), 10, 10, 'referral_01h455vb4pex5vsknk084sn02q', now(), now() \
    FROM generate_series(1, :members) AS member;
INSERT INTO outbox (member, payload, recorded_at) SELECT member, convert_to(repeat('x', 200), 'UTF8'), now() \
    FROM generate_series(1, :members) AS member;
";

/// The textbook's transaction: five statements.
const TRANSACTION: &str = "\
BEGIN;
INSERT INTO request VALUES (gen_random_uuid(), decode(repeat('ab', 32), 'hex'), now());
UPDATE account SET balance = balance + 10, entries = entries + 1 WHERE member = :member RETURNING balance AS after, entries AS number \\gset
INSERT INTO lot VALUES (:member, gen_random_uuid(), 'referral_01h455vb4pex5vsknk084sn02q', 10, 10, now(), now() + interval '1 year');
INSERT INTO entry VALUES (:member, :number, gen_random_uuid(), 10, :after, 'referral_01h455vb4pex5vsknk084sn02q', now(), now());
INSERT INTO outbox (member, payload, recorded_at) VALUES (:member, convert_to(repeat('x', 200), 'UTF8'), now());
COMMIT;
";

/// A server with databases to copy.
pub(super) struct Grounds<'s> {
    server: &'s Postgres,
    made: BTreeSet<(Whose, u32)>,
}

impl<'s> Grounds<'s> {
    pub(super) fn on(server: &'s Postgres) -> Self {
        Self { server, made: BTreeSet::new() }
    }

    /// Grants a second that ours acknowledged.
    pub(super) fn ours(&mut self, members: u32, asked: Asked) -> Result<f64, Failure> {
        let drawn = match asked.drawn {
            Drawn::Zipf => "zipf",
            Drawn::Hot => "hot",
        };
        let (callers, per) = (asked.callers.to_string(), asked.per.to_string());
        let words = ["run", asked.way, drawn, &callers, &per, SECONDS];
        let told = self.ours_tells(members, &words)?;
        Ok(load::number(&told, "given", 1)? / load::number(&told, "given", 2)?)
    }

    /// What `load` tells of a command on a copy, whose totals are proved: the first word is the command.
    pub(super) fn ours_tells(&mut self, members: u32, words: &[&str]) -> Result<String, Failure> {
        let url = self.copy(Whose::Ours, members)?;
        let (command, rest) = words.split_first().ok_or_else(|| Failure::said("load wants a command"))?;
        let begin = ["ledger", *command, &url, &members.to_string()];
        let told = load::told(begin.into_iter().chain(rest.iter().copied()))?;
        // Counted in whole grants, and fewer than a float can count.
        self.prove(Whose::Ours, &url, members, load::number(&told, "given", 0)? as u64)?;
        Ok(told)
    }

    /// Transactions a second that the peer committed.
    pub(super) fn peer(&mut self, members: u32, drawn: Drawn, clients: u32) -> Result<f64, Failure> {
        let url = self.copy(Whose::Peer, members)?;
        let script = format!("{FOLDER}/grant.sql");
        let member = match drawn {
            Drawn::Zipf => format!("random_zipfian(1, {members}, {NEARLY_ONE})"),
            Drawn::Hot => "1".to_owned(),
        };
        std::fs::write(&script, format!("\\set member {member}\n{TRANSACTION}")).map_err(Failure::said)?;
        let ran = pgbench::ran(&url, &script, clients, SECONDS)?;
        self.prove(Whose::Peer, &url, members, ran.transactions)?;
        Ok(ran.a_second)
    }

    /// A new database.
    pub(super) fn empty(&self, name: &str) -> Result<String, Failure> {
        pgbench::told(&self.server.url(), &[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])?;
        Ok(self.server.ensure_database(name)?)
    }

    /// A fresh copy of the members' database; the last one is thrown away.
    fn copy(&mut self, whose: Whose, members: u32) -> Result<String, Failure> {
        let template = format!("{}_{members}", whose.name());
        if self.made.insert((whose, members)) {
            self.make(whose, members, &template)?;
        }
        let name = format!("{}_now", whose.name());
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // Files are copied, not logged row by row; and what was written on the way is on the disk before the clock starts.
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        pgbench::told(&self.server.url(), &[&drop, &create, "CHECKPOINT"])?;
        Ok(self.server.url_of(&name))
    }

    fn make(&self, whose: Whose, members: u32, name: &str) -> Result<(), Failure> {
        tell("members", &format!("{members} of {}, each with one grant", whose.name()));
        let url = self.server.ensure_database(name)?;
        match whose {
            Whose::Ours => drop(load::told(["ledger", "make", &url, &members.to_string()])?),
            Whose::Peer => {
                pgbench::told(&url, &[TABLES, &GIVEN.replace(":members", &members.to_string())])?;
            }
        }
        pgbench::told(&url, &["VACUUM ANALYZE"])?;
        self.prove(whose, &url, members, 0)
    }

    /// Each member's first grant, and what was acknowledged since: summed over entries, balances and lots.
    fn prove(&self, whose: Whose, url: &str, members: u32, given: u64) -> Result<(), Failure> {
        let found = pgbench::told(url, &[whose.sums()])?;
        let expected = (u64::from(members) + given) * POINTS;
        if found == format!("{expected}|{expected}|{expected}") {
            return Ok(());
        }
        let name = whose.name();
        Err(Failure::said(format!("the totals of {name} are {found} (entries|balances|lots) and should be {expected}")))
    }
}
