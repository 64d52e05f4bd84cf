-- What happened to a member, or what they did, that is no order: they joined, had a birthday on which something was given, or
-- did what the shop told. Each is known once, with what it brought and why; no reasons where no rule spoke of it.
CREATE TABLE occasion (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    occasion    uuid        NOT NULL,
    kind        smallint    NOT NULL CONSTRAINT an_occasion_is_of_a_known_kind CHECK (kind BETWEEN 1 AND 3),
    event       text        NOT NULL,
    external_id text        NOT NULL,
    channel     text        NOT NULL,
    quantity    bigint      NOT NULL,
    gifts       jsonb       NOT NULL,
    coupons     jsonb       NOT NULL,
    grounds     jsonb,
    historic    boolean     NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, occasion),
    CONSTRAINT an_event_has_a_code CHECK ((kind = 3) = (event <> ''))
);
CREATE INDEX occasion_by_time ON occasion (tenant, shard, member, recorded_at, occasion);
ALTER TABLE occasion ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON occasion USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('occasion');
