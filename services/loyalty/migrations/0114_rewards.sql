-- What a reward is, version after version. Everything of a reward lies in the shard of its code.
CREATE TABLE reward_version (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    reward      text        NOT NULL,
    version     integer     NOT NULL,
    terms       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, reward, version)
);
ALTER TABLE reward_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reward_version USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('reward_version');

-- How many there are, and what it has come to. Stock may be put below what is claimed: then none is left.
CREATE TABLE reward (
    tenant     uuid     NOT NULL,
    shard      smallint NOT NULL,
    reward     text     NOT NULL,
    version    integer  NOT NULL,
    stock      bigint,
    claimed    bigint   NOT NULL,
    cancelled  bigint   NOT NULL,
    fulfilled  bigint   NOT NULL,
    points     bigint   NOT NULL,
    cost_minor bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, reward),
    CONSTRAINT no_more_comes_back_of_a_reward_than_was_claimed CHECK (cancelled >= 0 AND cancelled <= claimed),
    CONSTRAINT no_more_of_a_reward_is_handed_over_than_is_claimed
        CHECK (fulfilled >= 0 AND fulfilled <= claimed - cancelled),
    CONSTRAINT no_sum_of_a_reward_is_negative CHECK (points >= 0 AND cost_minor >= 0)
) WITH (fillfactor = 50);
ALTER TABLE reward ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reward USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What members took, in their shard, with the terms it was taken with.
CREATE TABLE claim (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    claim        uuid        NOT NULL,
    member       uuid        NOT NULL,
    number       bigint      NOT NULL,
    reward       text        NOT NULL,
    version      integer     NOT NULL,
    kind         smallint    NOT NULL,
    what         text        NOT NULL,
    display_name text        NOT NULL,
    cancels      smallint    NOT NULL,
    coupon       uuid,
    state        smallint    NOT NULL,
    state_at     timestamptz NOT NULL,
    points       bigint      NOT NULL CHECK (points > 0),
    entry        uuid        NOT NULL,
    reversal     uuid,
    currency     text        NOT NULL,
    co_payment   bigint      NOT NULL CHECK (co_payment >= 0),
    saved_minor  bigint      NOT NULL CHECK (saved_minor >= 0),
    cost_minor   bigint      NOT NULL CHECK (cost_minor >= 0),
    claimed_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, claim),
    CONSTRAINT a_cancelled_claim_gave_its_points_back CHECK ((state = 3) = (reversal IS NOT NULL)),
    CONSTRAINT a_claim_of_a_coupon_has_one CHECK ((kind = 1) = (coupon IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX claim_of_member ON claim (tenant, shard, member, number);
CREATE INDEX claim_of_reward ON claim (tenant, shard, member, reward) WHERE state <> 3;
CREATE INDEX claim_saved ON claim (tenant, shard, member, claimed_at) INCLUDE (currency, saved_minor)
    WHERE state <> 3 AND saved_minor > 0;
ALTER TABLE claim ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON claim USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
