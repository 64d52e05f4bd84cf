-- What can be subscribed to, version after version of each code. Lies in the tenant's own shard.
CREATE TABLE plan_version (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    code        text        NOT NULL,
    version     integer     NOT NULL CONSTRAINT versions_of_a_plan_count_from_one CHECK (version >= 1),
    terms       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, code, version)
);
ALTER TABLE plan_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON plan_version USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('plan_version');

-- Members of whom registry said that they joined. Everything from here on lies in the member's shard.
CREATE TABLE known_member (
    tenant    uuid        NOT NULL,
    shard     smallint    NOT NULL,
    member    uuid        NOT NULL,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member)
);
ALTER TABLE known_member ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON known_member USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- A member's standing order, as it stands.
CREATE TABLE subscription (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    subscription   uuid        NOT NULL,
    member         uuid        NOT NULL,
    plan           text        NOT NULL,
    plan_version   integer     NOT NULL,
    state          smallint    NOT NULL,
    state_since    timestamptz NOT NULL,
    state_reason   text        NOT NULL,
    changes        bigint      NOT NULL,
    schedule       jsonb       NOT NULL,
    next_number    bigint      NOT NULL,
    payment_token  text        NOT NULL,
    by_provider    boolean     NOT NULL,
    awaits_card    boolean     NOT NULL,
    unpaid_in_row  integer     NOT NULL,
    last_paid      bigint,
    membership     jsonb,
    started_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, subscription)
) WITH (fillfactor = 80);
CREATE INDEX subscription_by_id ON subscription (tenant, subscription);
CREATE INDEX subscription_by_member ON subscription (tenant, shard, member, started_at);
CREATE INDEX subscription_in_order ON subscription (tenant, started_at, subscription);
CREATE INDEX subscription_by_token ON subscription (tenant, payment_token) WHERE by_provider;
ALTER TABLE subscription ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON subscription USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Occurrences of which something has to be remembered; those that are merely planned have no row.
CREATE TABLE occurrence (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    subscription   uuid        NOT NULL,
    number         bigint      NOT NULL CONSTRAINT occurrences_count_from_zero CHECK (number >= 0),
    state          smallint    NOT NULL,
    state_since    timestamptz NOT NULL,
    state_reason   text        NOT NULL,
    due_at         timestamptz NOT NULL,
    charge_at      timestamptz NOT NULL,
    first_tried_at timestamptz,
    attempts       integer     NOT NULL,
    order_id       uuid,
    order_refusal  text        NOT NULL,
    PRIMARY KEY (tenant, shard, subscription, number)
) WITH (fillfactor = 80);
-- Those a rule has to look at: skipped, due, being charged, unpaid.
CREATE INDEX occurrence_open ON occurrence (tenant, shard, subscription) WHERE state IN (2, 3, 4, 6);
ALTER TABLE occurrence ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON occurrence USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- An attempt to be paid (kind 1) or to give back (kind 2), written when the provider is to be asked, and never changed.
CREATE TABLE charge (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    subscription uuid        NOT NULL,
    number       bigint      NOT NULL,
    kind         smallint    NOT NULL,
    attempt      integer     NOT NULL,
    charge       uuid        NOT NULL,
    amount_minor bigint      NOT NULL CONSTRAINT a_charge_is_not_negative CHECK (amount_minor >= 0),
    currency     text        NOT NULL,
    placed_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, subscription, number, kind, attempt)
);
ALTER TABLE charge ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON charge USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('charge');

-- What the provider answered to an attempt, written once.
CREATE TABLE charge_outcome (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    subscription uuid        NOT NULL,
    number       bigint      NOT NULL,
    kind         smallint    NOT NULL,
    attempt      integer     NOT NULL,
    outcome      smallint    NOT NULL,
    code         text        NOT NULL,
    reference    text        NOT NULL,
    answered_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, subscription, number, kind, attempt)
);
-- No occurrence is ever paid twice, whatever the rules say.
CREATE UNIQUE INDEX an_occurrence_is_paid_once ON charge_outcome (tenant, shard, subscription, number)
    WHERE kind = 1 AND outcome = 1;
ALTER TABLE charge_outcome ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON charge_outcome USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('charge_outcome');

-- What is open to a member, by subscription: one row for each entitlement of a paid membership.
CREATE TABLE entitlement (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    member         uuid        NOT NULL,
    code           text        NOT NULL,
    subscription   uuid        NOT NULL,
    paid_from      timestamptz NOT NULL,
    paid_until     timestamptz NOT NULL,
    entitled_until timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, code, subscription)
);
ALTER TABLE entitlement ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON entitlement USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Every change of a subscription's state, written once.
CREATE TABLE state_change (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    subscription uuid        NOT NULL,
    number       bigint      NOT NULL,
    from_state   smallint    NOT NULL,
    to_state     smallint    NOT NULL,
    reason       text        NOT NULL,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, subscription, number)
);
ALTER TABLE state_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON state_change USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('state_change');
