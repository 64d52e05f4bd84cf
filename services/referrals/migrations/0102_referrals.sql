-- Who was invited by whom, and how far that has come. Lies in the invitee's shard.
CREATE TABLE referral (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    invitee        uuid        NOT NULL,
    referral       uuid        NOT NULL,
    inviter        uuid        NOT NULL,
    code           text        NOT NULL,
    point          smallint    NOT NULL,
    touched_at     timestamptz NOT NULL,
    attributed_at  timestamptz NOT NULL,
    checkout_order uuid,
    terms_version  integer     NOT NULL,
    inviter_points bigint      NOT NULL,
    invitee_points bigint      NOT NULL,
    grounds        jsonb       NOT NULL,
    state          smallint    NOT NULL,
    entered_at     timestamptz NOT NULL,
    flagged_from   smallint,
    order_id       uuid,
    hold_ends_at   timestamptz,
    approved_at    timestamptz,
    inviter_entry  uuid,
    invitee_entry  uuid,
    moves          bigint      NOT NULL,
    PRIMARY KEY (tenant, shard, invitee),
    CONSTRAINT nobody_invites_themselves CHECK (inviter <> invitee),
    CONSTRAINT points_are_not_negative CHECK (inviter_points >= 0 AND invitee_points >= 0),
    CONSTRAINT a_hold_has_an_order CHECK ((order_id IS NULL) = (hold_ends_at IS NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX referral_by_id ON referral (tenant, referral);
CREATE UNIQUE INDEX a_member_has_one_inviter ON referral (tenant, invitee);
CREATE INDEX referral_by_inviter ON referral (tenant, inviter, attributed_at, referral);
CREATE INDEX referral_by_code ON referral (tenant, code, attributed_at);
ALTER TABLE referral ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON referral USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Every step of a referral, written once. In the invitee's shard.
CREATE TABLE referral_move (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    invitee     uuid        NOT NULL,
    number      bigint      NOT NULL,
    from_state  smallint,
    to_state    smallint    NOT NULL,
    reason      text        NOT NULL,
    evidence    jsonb       NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, invitee, number)
);
ALTER TABLE referral_move ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON referral_move USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('referral_move');

-- What counts against an inviter's limit. Lies in the inviter's shard, whose lock makes counting exact.
CREATE TABLE approval (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    inviter     uuid        NOT NULL,
    referral    uuid        NOT NULL,
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, inviter, referral)
);
ALTER TABLE approval ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON approval USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('approval');
