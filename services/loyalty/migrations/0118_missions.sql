-- What a mission asks for, version after version. Everything of a mission lies in the shard of its code.
CREATE TABLE mission_version (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    mission     text        NOT NULL,
    version     integer     NOT NULL,
    terms       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, mission, version)
);
ALTER TABLE mission_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mission_version USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('mission_version');

-- How many rewards it may give, and has given or is giving.
CREATE TABLE mission (
    tenant   uuid        NOT NULL,
    shard    smallint    NOT NULL,
    mission  text        NOT NULL,
    version  integer     NOT NULL,
    put_at   timestamptz NOT NULL,
    until_at timestamptz,
    budget   bigint,
    taken    bigint      NOT NULL,
    PRIMARY KEY (tenant, shard, mission),
    CONSTRAINT no_counter_of_a_mission_is_negative CHECK (taken >= 0)
) WITH (fillfactor = 50);
CREATE INDEX mission_by_code ON mission (tenant, mission);
ALTER TABLE mission ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mission USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Orders of members while their tenant has missions, with what came back of each line, in the member's shard.
CREATE TABLE mission_order (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    purchase    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    facts       jsonb       NOT NULL,
    PRIMARY KEY (tenant, shard, member, purchase)
) WITH (fillfactor = 80);
CREATE INDEX mission_order_in_time ON mission_order (tenant, shard, member, occurred_at);
ALTER TABLE mission_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mission_order USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What members did that is no order, once for each name and number of the shop.
CREATE TABLE mission_event (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    name        text        NOT NULL,
    external_id text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    facts       jsonb       NOT NULL,
    PRIMARY KEY (tenant, shard, member, name, external_id)
);
CREATE INDEX mission_event_in_time ON mission_event (tenant, shard, member, occurred_at);
ALTER TABLE mission_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mission_event USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('mission_event');

-- Windows that members have begun, with the version they were begun with.
CREATE TABLE mission_round (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    mission     text        NOT NULL,
    period      text        NOT NULL,
    version     integer     NOT NULL,
    accepted_at timestamptz,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz,
    PRIMARY KEY (tenant, shard, member, mission, period)
);
ALTER TABLE mission_round ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mission_round USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('mission_round');

-- What members are to be given, and how far that has come.
CREATE TABLE mission_reward (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    member       uuid        NOT NULL,
    mission      text        NOT NULL,
    period       text        NOT NULL,
    number       bigint      NOT NULL,
    place        bigint      NOT NULL,
    attempt      bigint      NOT NULL,
    version      integer     NOT NULL,
    points       bigint      NOT NULL,
    campaign     text,
    completed_at timestamptz NOT NULL,
    wanted       boolean     NOT NULL,
    paid         smallint    NOT NULL,
    entry        uuid,
    coupon       uuid,
    PRIMARY KEY (tenant, shard, member, mission, period, number),
    CONSTRAINT a_reward_has_something_in_it CHECK (points > 0 OR campaign IS NOT NULL)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX mission_reward_of_member ON mission_reward (tenant, shard, member, place);
ALTER TABLE mission_reward ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mission_reward USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
