-- Points may wait before they can be spent. A lot that waits names the instant from which it can be; it is unset once it can.
-- Points may be held back: they stay in their lot.
ALTER TABLE lot ADD COLUMN usable_from timestamptz, ADD COLUMN held bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT nothing_lapses_while_it_waits CHECK (usable_from < lapses_at),
    ADD CONSTRAINT no_more_is_held_than_is_left CHECK (held BETWEEN 0 AND remaining);

-- An account's next_lapse_at is the first instant at which one of its lots lapses or can be spent, or a hold ends.
ALTER TABLE account ADD COLUMN pending bigint NOT NULL DEFAULT 0, ADD COLUMN held bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT nothing_is_spendable_in_deficit,
    ADD CONSTRAINT nothing_is_left_in_deficit CHECK (spendable >= 0 AND pending >= 0 AND held >= 0 AND deficit >= 0
        AND (spendable + pending = 0 OR deficit = 0)),
    DROP CONSTRAINT balance_is_the_sum_of_entries,
    ADD CONSTRAINT balance_is_the_sum_of_entries CHECK (
        spendable + pending + held - deficit
            = earned - earn_reversed - redeemed + redemption_reversed - lapsed + adjusted);

-- Points held back for something that is yet to be paid: of which lots, and until when. It lies in the member's shard.
CREATE TABLE hold (
    tenant     uuid        NOT NULL,
    shard      smallint    NOT NULL,
    member     uuid        NOT NULL,
    hold       uuid        NOT NULL,
    held       bigint      NOT NULL CONSTRAINT a_hold_holds_nothing_or_something CHECK (held >= 0),
    spent_on   text        NOT NULL,
    draws      jsonb       NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, hold)
) WITH (fillfactor = 70);
CREATE INDEX hold_open ON hold (tenant, shard, member) WHERE held > 0;
ALTER TABLE hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON hold USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY auditor ON hold FOR SELECT USING ((SELECT every_tenant_visible()));
