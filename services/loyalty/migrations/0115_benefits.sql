-- What a benefit is, version after version. Everything of a benefit lies in the shard of its code.
CREATE TABLE benefit_version (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    benefit     text        NOT NULL,
    version     integer     NOT NULL,
    terms       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, benefit, version)
);
ALTER TABLE benefit_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON benefit_version USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('benefit_version');

-- How often it can be used, and how often it is. Uses are counted where there is a limit: else nobody has to wait for them.
CREATE TABLE benefit (
    tenant   uuid     NOT NULL,
    shard    smallint NOT NULL,
    benefit  text     NOT NULL,
    version  integer  NOT NULL,
    max_uses bigint,
    used     bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, benefit),
    CONSTRAINT no_count_of_a_benefit_is_negative CHECK (used >= 0)
) WITH (fillfactor = 50);
ALTER TABLE benefit ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON benefit USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What members used for orders, in their shard. An order uses a benefit once.
CREATE TABLE benefit_use (
    tenant        uuid        NOT NULL,
    shard         smallint    NOT NULL,
    member        uuid        NOT NULL,
    order_source  text        NOT NULL,
    order_number  text        NOT NULL,
    benefit       text        NOT NULL,
    version       integer     NOT NULL,
    kind          smallint    NOT NULL,
    counted       boolean     NOT NULL,
    asked         bytea       NOT NULL,
    currency      text        NOT NULL,
    saved_minor   bigint      NOT NULL CHECK (saved_minor >= 0),
    cost_minor    bigint      NOT NULL CHECK (cost_minor >= 0),
    forgone_minor bigint      NOT NULL CHECK (forgone_minor >= 0),
    purchase      uuid,
    used_at       timestamptz NOT NULL,
    returned_at   timestamptz,
    cancelled_at  timestamptz,
    PRIMARY KEY (tenant, shard, member, order_source, order_number, benefit)
) WITH (fillfactor = 80);
CREATE INDEX benefit_use_of_purchase ON benefit_use (tenant, shard, purchase) WHERE purchase IS NOT NULL;
CREATE INDEX benefit_use_of_member ON benefit_use (tenant, shard, member, benefit, used_at)
    WHERE returned_at IS NULL AND cancelled_at IS NULL;
CREATE INDEX benefit_use_saved ON benefit_use (tenant, shard, member, used_at) INCLUDE (kind, currency, saved_minor)
    WHERE returned_at IS NULL AND cancelled_at IS NULL AND saved_minor > 0;
CREATE INDEX benefit_use_sums ON benefit_use (tenant, benefit) INCLUDE (saved_minor, cost_minor, forgone_minor)
    WHERE returned_at IS NULL AND cancelled_at IS NULL;
ALTER TABLE benefit_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON benefit_use USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
