-- Whom registry or activity has told of; the join is unknown as long as only an order was heard. In the member's shard.
CREATE TABLE known_member (
    tenant    uuid     NOT NULL,
    shard     smallint NOT NULL,
    member    uuid     NOT NULL,
    joined_at timestamptz,
    PRIMARY KEY (tenant, shard, member)
);
ALTER TABLE known_member ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON known_member USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Keyed digests of every identity a member was ever known by. In the member's shard.
CREATE TABLE known_identity (
    tenant       uuid     NOT NULL,
    shard        smallint NOT NULL,
    member       uuid     NOT NULL,
    identity_key text     NOT NULL,
    PRIMARY KEY (tenant, shard, member, identity_key)
);
ALTER TABLE known_identity ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON known_identity USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('known_identity');

-- What members bought and what came back of it. A return that is heard before its order waits without a currency and a
-- time. In the member's shard.
CREATE TABLE bought (
    tenant         uuid     NOT NULL,
    shard          smallint NOT NULL,
    member         uuid     NOT NULL,
    order_id       uuid     NOT NULL,
    currency       text,
    net_minor      bigint   NOT NULL,
    returned_minor bigint   NOT NULL,
    occurred_at    timestamptz,
    received_at    timestamptz,
    returned_at    timestamptz,
    PRIMARY KEY (tenant, shard, member, order_id)
) WITH (fillfactor = 80);
ALTER TABLE bought ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON bought USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
