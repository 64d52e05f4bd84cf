-- What a campaign is, version after version. Everything of a campaign lies in the shard of its code.
CREATE TABLE campaign_version (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    campaign    text        NOT NULL,
    version     integer     NOT NULL,
    terms       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, campaign, version)
);
ALTER TABLE campaign_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON campaign_version USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('campaign_version');

-- What it may cost, and what it has come to. What is reserved counts holds whose time is over until somebody comes by.
CREATE TABLE campaign (
    tenant         uuid     NOT NULL,
    shard          smallint NOT NULL,
    campaign       text     NOT NULL,
    version        integer  NOT NULL,
    max_uses       bigint,
    budget_minor   bigint,
    reserved_uses  bigint   NOT NULL,
    redeemed_uses  bigint   NOT NULL,
    reserved_minor bigint   NOT NULL,
    redeemed_minor bigint   NOT NULL,
    codes          bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, campaign),
    CONSTRAINT no_counter_of_a_campaign_is_negative
        CHECK (reserved_uses >= 0 AND redeemed_uses >= 0 AND reserved_minor >= 0 AND redeemed_minor >= 0 AND codes >= 0)
) WITH (fillfactor = 50);
CREATE INDEX campaign_by_code ON campaign (tenant, campaign);
ALTER TABLE campaign ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON campaign USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What a reservation holds of a campaign: free again at its instant, whether or not that is written. One that was redeemed
-- or cancelled holds nothing and is swept at that instant.
CREATE TABLE campaign_hold (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    campaign    text        NOT NULL,
    reservation uuid        NOT NULL,
    uses        bigint      NOT NULL CHECK (uses >= 0),
    minor       bigint      NOT NULL CHECK (minor >= 0),
    lapses_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, campaign, reservation)
);
CREATE INDEX campaign_hold_over ON campaign_hold (tenant, shard, campaign, lapses_at);
ALTER TABLE campaign_hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON campaign_hold USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Codes that are typed, in the shard of their text. A shared one has no version of its own.
CREATE TABLE coupon_code (
    tenant        uuid        NOT NULL,
    shard         smallint    NOT NULL,
    code          text        NOT NULL,
    campaign      text        NOT NULL,
    version       integer,
    max_uses      bigint,
    reserved_uses bigint      NOT NULL,
    redeemed_uses bigint      NOT NULL,
    request       uuid,
    number        integer,
    issued_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, code),
    CONSTRAINT no_code_is_used_more_often_than_it_can_be CHECK (reserved_uses + redeemed_uses <= max_uses),
    CONSTRAINT no_counter_of_a_code_is_negative CHECK (reserved_uses >= 0 AND redeemed_uses >= 0)
) WITH (fillfactor = 80);
ALTER TABLE coupon_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON coupon_code USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What a reservation holds of a code, as in campaign_hold.
CREATE TABLE coupon_code_hold (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    code        text        NOT NULL,
    reservation uuid        NOT NULL,
    uses        bigint      NOT NULL CHECK (uses >= 0),
    lapses_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, code, reservation)
);
CREATE INDEX coupon_code_hold_over ON coupon_code_hold (tenant, shard, code, lapses_at);
ALTER TABLE coupon_code_hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON coupon_code_hold USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What members hold, in their shard. One is used once.
CREATE TABLE coupon (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    coupon         uuid        NOT NULL,
    member         uuid        NOT NULL,
    campaign       text        NOT NULL,
    version        integer     NOT NULL,
    number         bigint      NOT NULL,
    state          smallint    NOT NULL,
    state_at       timestamptz NOT NULL,
    valid_from     timestamptz NOT NULL,
    valid_until    timestamptz,
    reservation    uuid,
    reserved_until timestamptz,
    reason         text        NOT NULL,
    issued_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, coupon),
    CONSTRAINT a_coupon_is_reserved_for_something_and_not_for_ever
        CHECK ((state = 2) = (reserved_until IS NOT NULL) AND (state <> 2 OR reservation IS NOT NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX coupon_of_member ON coupon (tenant, shard, member, number);
CREATE INDEX coupon_held ON coupon (tenant, shard, member, campaign) WHERE state IN (1, 2);
ALTER TABLE coupon ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON coupon USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What is put aside for an order, in the member's shard. An order whose reservation was given up can have another.
CREATE TABLE reservation (
    tenant        uuid        NOT NULL,
    shard         smallint    NOT NULL,
    reservation   uuid        NOT NULL,
    member        uuid        NOT NULL,
    order_source  text        NOT NULL,
    order_number  text        NOT NULL,
    attempt       integer     NOT NULL,
    state         smallint    NOT NULL,
    state_at      timestamptz NOT NULL,
    lapses_at     timestamptz NOT NULL,
    currency      text        NOT NULL,
    asked         bytea       NOT NULL,
    purchase      uuid,
    owes          boolean     NOT NULL,
    reserved_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, reservation)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX reservation_of_order ON reservation (tenant, shard, member, order_source, order_number, attempt);
CREATE UNIQUE INDEX an_order_has_one_live_reservation
    ON reservation (tenant, shard, member, order_source, order_number) WHERE state IN (1, 2);
CREATE INDEX reservation_of_purchase ON reservation (tenant, shard, purchase) WHERE purchase IS NOT NULL;
ALTER TABLE reservation ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reservation USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What it takes off, coupon by coupon and code by code, and, once it is redeemed, what that saved.
CREATE TABLE reservation_part (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    reservation    uuid        NOT NULL,
    place          smallint    NOT NULL,
    member         uuid        NOT NULL,
    coupon         uuid,
    code           text,
    campaign       text        NOT NULL,
    version        integer     NOT NULL,
    kind           smallint    NOT NULL,
    comes_back     boolean     NOT NULL,
    currency       text        NOT NULL,
    saved_minor    bigint      NOT NULL,
    line_minor     bigint[]    NOT NULL,
    delivery_minor bigint      NOT NULL,
    gift           text,
    lapses_at      timestamptz,
    redeemed_at    timestamptz,
    returned_at    timestamptz,
    PRIMARY KEY (tenant, shard, reservation, place),
    CONSTRAINT a_part_is_a_coupon_or_a_code CHECK ((coupon IS NULL) <> (code IS NULL)),
    CONSTRAINT what_is_redeemed_lapses_no_more CHECK (redeemed_at IS NULL OR lapses_at IS NULL)
) WITH (fillfactor = 70);
CREATE INDEX reservation_part_live ON reservation_part (tenant, shard, member, campaign)
    WHERE returned_at IS NULL AND (redeemed_at IS NOT NULL OR lapses_at IS NOT NULL);
CREATE INDEX reservation_part_saved ON reservation_part (tenant, shard, member, redeemed_at)
    INCLUDE (kind, currency, saved_minor) WHERE redeemed_at IS NOT NULL AND returned_at IS NULL;
ALTER TABLE reservation_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reservation_part USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
