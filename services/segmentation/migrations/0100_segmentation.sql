-- Where a member stands, as of the last time they were looked at. Everything here lies in the member's shard.
CREATE TABLE person (
    tenant            uuid        NOT NULL,
    shard             smallint    NOT NULL,
    member            uuid        NOT NULL,
    joined_at         timestamptz,
    rfm_group         smallint    NOT NULL,
    group_since       timestamptz,
    lifecycle         smallint    NOT NULL,
    lifecycle_since   timestamptz,
    labels            smallint    NOT NULL,
    first_purchase_at timestamptz,
    last_purchase_at  timestamptz,
    purchases         bigint      NOT NULL,
    total_minor       bigint      NOT NULL,
    cycle_days        bigint      NOT NULL,
    cycle_source      smallint    NOT NULL,
    snapshot          bigint      NOT NULL,
    changes           bigint      NOT NULL,
    settled_until     timestamptz,
    history_until     timestamptz,
    next_change_at    timestamptz,
    PRIMARY KEY (tenant, shard, member),
    CONSTRAINT a_count_is_not_negative CHECK (purchases >= 0 AND changes >= 0)
) WITH (fillfactor = 70);
CREATE INDEX person_by_id ON person (tenant, member);
CREATE INDEX person_by_group ON person (tenant, rfm_group, member);
CREATE INDEX person_by_lifecycle ON person (tenant, lifecycle, member);
CREATE INDEX person_due ON person (tenant, next_change_at) WHERE next_change_at IS NOT NULL;
CREATE INDEX person_by_snapshot ON person (tenant, snapshot);
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON person USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- An order of a member, as it was bought.
CREATE TABLE purchase (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    purchase    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    currency    text        NOT NULL,
    net_minor   bigint      NOT NULL,
    cost_minor  bigint,
    channel     text        NOT NULL,
    categories  jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, purchase)
);
ALTER TABLE purchase ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON purchase USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('purchase');

-- What came back of it, and when. A whole return ends the purchase.
CREATE TABLE purchase_return (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    purchase    uuid        NOT NULL,
    cause       text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    net_minor   bigint      NOT NULL,
    cost_minor  bigint,
    whole       boolean     NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, purchase, cause),
    CONSTRAINT nothing_comes_back_twice CHECK (net_minor >= 0)
);
ALTER TABLE purchase_return ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON purchase_return USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('purchase_return');

-- Every change of a member's group or lifecycle.
CREATE TABLE change (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    number      bigint      NOT NULL,
    kind        smallint    NOT NULL,
    before      smallint    NOT NULL,
    after       smallint    NOT NULL,
    labels      smallint    NOT NULL,
    cause       text        NOT NULL,
    snapshot    bigint      NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, number)
);
ALTER TABLE change ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON change USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('change');

-- The shop at one moment. Lies in the tenant's own shard. `frame_since` is the first snapshot that compares as this one
-- does: whoever was looked at under that one need not be looked at again.
CREATE TABLE snapshot (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    number      bigint      NOT NULL CONSTRAINT snapshots_count_from_one CHECK (number >= 1),
    taken_at    timestamptz NOT NULL,
    frame_since bigint      NOT NULL,
    frame       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, number)
);
ALTER TABLE snapshot ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON snapshot USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('snapshot');
