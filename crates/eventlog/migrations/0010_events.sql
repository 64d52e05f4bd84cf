-- What this service tells the others, written in the transaction of the fact. Positions are dense and in commit order
-- within a shard, because they are given out under the lock of the shard's head. Holds no personal data.
CREATE TABLE event (
    shard       smallint    NOT NULL,
    position    bigint      NOT NULL,
    tenant      uuid        NOT NULL,
    subject     text        NOT NULL,
    type        text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    payload     bytea       NOT NULL,
    PRIMARY KEY (shard, position)
);

ALTER TABLE event ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event
    USING ((SELECT every_tenant_visible()) OR tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('event');

-- How far this service has come in the logs it listens to. Moved by compare-and-set in the transaction that applies.
CREATE TABLE cursor (
    source   text     NOT NULL,
    shard    smallint NOT NULL,
    epoch    uuid     NOT NULL,
    position bigint   NOT NULL,
    PRIMARY KEY (source, shard)
);

-- Events that could not be applied, and the later ones of the same subject, in order.
CREATE TABLE parked (
    source    text        NOT NULL,
    shard     smallint    NOT NULL,
    position  bigint      NOT NULL,
    tenant    uuid        NOT NULL,
    subject   text        NOT NULL,
    event     bytea       NOT NULL,
    cause     text        NOT NULL,
    attempts  integer     NOT NULL,
    parked_at timestamptz NOT NULL,
    dropped   text,
    PRIMARY KEY (source, shard, position)
);
CREATE INDEX parked_subject ON parked (shard, subject) WHERE dropped IS NULL;

ALTER TABLE parked ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON parked
    USING ((SELECT every_tenant_visible()) OR tenant = ANY ((SELECT visible_tenants())::uuid[]));
