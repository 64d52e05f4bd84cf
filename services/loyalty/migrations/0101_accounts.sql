-- One member's points and tier, as they stand after the last entry. Everything here lies in the member's shard.
CREATE TABLE account (
    tenant              uuid        NOT NULL,
    shard               smallint    NOT NULL,
    member              uuid        NOT NULL,
    joined_at           timestamptz NOT NULL,
    entries             bigint      NOT NULL,
    tier_changes        bigint      NOT NULL,
    spendable           bigint      NOT NULL,
    deficit             bigint      NOT NULL,
    earned              bigint      NOT NULL,
    earn_reversed       bigint      NOT NULL,
    redeemed            bigint      NOT NULL,
    redemption_reversed bigint      NOT NULL,
    lapsed              bigint      NOT NULL,
    adjusted            bigint      NOT NULL,
    settled_until       timestamptz NOT NULL,
    tier                text,
    tier_since          timestamptz,
    qualified_at        timestamptz,
    needed_minor        bigint,
    qualified_by        integer,
    review_at           timestamptz,
    stood_before        jsonb,
    PRIMARY KEY (tenant, shard, member),
    CONSTRAINT nothing_is_spendable_in_deficit CHECK (spendable >= 0 AND deficit >= 0 AND (spendable = 0 OR deficit = 0)),
    CONSTRAINT balance_is_the_sum_of_entries
        CHECK (spendable - deficit = earned - earn_reversed - redeemed + redemption_reversed - lapsed + adjusted)
) WITH (fillfactor = 70);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON account USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Points earned together, that lapse together.
CREATE TABLE lot (
    tenant    uuid        NOT NULL,
    shard     smallint    NOT NULL,
    member    uuid        NOT NULL,
    lot       uuid        NOT NULL,
    origin    text        NOT NULL,
    amount    bigint      NOT NULL,
    remaining bigint      NOT NULL,
    lapsed    bigint      NOT NULL,
    earned_at timestamptz NOT NULL,
    lapses_at timestamptz,
    PRIMARY KEY (tenant, shard, member, lot),
    CONSTRAINT a_lot_never_holds_more_than_it_began_with CHECK (remaining >= 0 AND lapsed >= 0 AND remaining + lapsed <= amount)
) WITH (fillfactor = 70);
CREATE INDEX lot_open ON lot (tenant, shard, member) WHERE remaining > 0;
ALTER TABLE lot ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lot USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- The statement: written once, never changed. The balance after each entry is kept with it.
CREATE TABLE entry (
    tenant            uuid        NOT NULL,
    shard             smallint    NOT NULL,
    member            uuid        NOT NULL,
    number            bigint      NOT NULL,
    entry             uuid        NOT NULL,
    kind              smallint    NOT NULL,
    points            bigint      NOT NULL,
    balance_after     bigint      NOT NULL,
    cause             text        NOT NULL,
    draws             jsonb       NOT NULL,
    grounds           jsonb       NOT NULL,
    programme_version integer     NOT NULL,
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, number)
);
CREATE INDEX entry_by_id ON entry (tenant, shard, entry);
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON entry USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('entry');

-- What an order counted for, and how much of it came back.
CREATE TABLE purchase (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    member         uuid        NOT NULL,
    purchase       uuid        NOT NULL,
    currency       text        NOT NULL,
    net_minor      bigint      NOT NULL,
    returned_minor bigint      NOT NULL,
    earned         bigint      NOT NULL,
    reversed       bigint      NOT NULL,
    lot            uuid,
    occurred_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, purchase),
    CONSTRAINT no_more_comes_back_than_was_bought CHECK (returned_minor BETWEEN 0 AND net_minor),
    CONSTRAINT no_more_is_reversed_than_was_earned CHECK (reversed BETWEEN 0 AND earned)
) WITH (fillfactor = 80);
ALTER TABLE purchase ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON purchase USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Every change of a member's tier, written once.
CREATE TABLE tier_change (
    tenant            uuid        NOT NULL,
    shard             smallint    NOT NULL,
    member            uuid        NOT NULL,
    number            bigint      NOT NULL,
    kind              smallint    NOT NULL,
    from_tier         text        NOT NULL,
    to_tier           text        NOT NULL,
    cause             text        NOT NULL,
    progress_minor    bigint      NOT NULL,
    programme_version integer     NOT NULL,
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, number)
);
ALTER TABLE tier_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tier_change USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('tier_change');
