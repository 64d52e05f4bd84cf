-- What an order earned by a rule whose points are limited for a member and a time: what is left is worked out from these.
-- Kept by order and not by period, so that returns give back what they took, and new terms may count other periods.
CREATE TABLE rule_use (
    tenant   uuid        NOT NULL,
    shard    smallint    NOT NULL,
    member   uuid        NOT NULL,
    purchase uuid        NOT NULL,
    rule     text        NOT NULL,
    points   bigint      NOT NULL,
    back     bigint      NOT NULL,
    used_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, purchase, rule),
    CONSTRAINT no_more_is_given_back_than_was_used CHECK (back BETWEEN 0 AND points)
) WITH (fillfactor = 80);
ALTER TABLE rule_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rule_use USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
