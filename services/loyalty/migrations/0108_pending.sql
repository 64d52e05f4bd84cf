-- Points may wait before they can be spent. A lot that waits names the instant from which it can be; it is unset once it can.
-- An account's next_lapse_at is the first instant at which one of its lots lapses or can be spent.
ALTER TABLE lot ADD COLUMN usable_from timestamptz,
    ADD CONSTRAINT nothing_lapses_while_it_waits CHECK (usable_from < lapses_at);
ALTER TABLE account ADD COLUMN pending bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT nothing_is_spendable_in_deficit,
    ADD CONSTRAINT nothing_is_left_in_deficit
        CHECK (spendable >= 0 AND pending >= 0 AND deficit >= 0 AND (spendable + pending = 0 OR deficit = 0)),
    DROP CONSTRAINT balance_is_the_sum_of_entries,
    ADD CONSTRAINT balance_is_the_sum_of_entries CHECK (
        spendable + pending - deficit = earned - earn_reversed - redeemed + redemption_reversed - lapsed + adjusted);
