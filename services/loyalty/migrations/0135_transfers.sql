-- What came from other members, less what was passed on to them.
ALTER TABLE account ADD COLUMN transferred bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT balance_is_the_sum_of_entries,
    ADD CONSTRAINT balance_is_the_sum_of_entries CHECK (
        spendable + pending + held - deficit
            = earned - earn_reversed - redeemed + redemption_reversed - lapsed + adjusted + transferred);

-- Points that a member passed on: from which lots into which, and what of them was taken back. It lies in the giver's shard.
CREATE TABLE transfer (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    member       uuid        NOT NULL,
    transfer     uuid        NOT NULL,
    wallet       text        COLLATE "C" NOT NULL,
    to_member    uuid        NOT NULL,
    entry        uuid        NOT NULL,
    points       bigint      NOT NULL,
    fee          bigint      NOT NULL,
    parts        jsonb       NOT NULL,
    fee_draws    jsonb       NOT NULL,
    returned     bigint      NOT NULL,
    reversed     boolean     NOT NULL,
    made_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, transfer),
    CONSTRAINT nobody_passes_points_on_to_themselves CHECK (member <> to_member),
    CONSTRAINT something_is_passed_on CHECK (points > 0 AND fee >= 0),
    CONSTRAINT no_more_returns_than_was_passed_on CHECK (returned BETWEEN 0 AND points AND (reversed OR returned = 0))
) WITH (fillfactor = 80);
CREATE INDEX transfer_of_late ON transfer (tenant, shard, member, wallet, made_at);
ALTER TABLE transfer ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON transfer USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
