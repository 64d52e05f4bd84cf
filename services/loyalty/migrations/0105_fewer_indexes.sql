-- What can be done once for its cause: reversals of entries; grants of builds whose lots did not say their cause yet.
CREATE TABLE done_once (
    tenant uuid     NOT NULL,
    shard  smallint NOT NULL,
    member uuid     NOT NULL,
    cause  text     NOT NULL,
    number bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, member, cause)
);
ALTER TABLE done_once ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON done_once USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('done_once');
INSERT INTO done_once (tenant, shard, member, cause, number)
SELECT tenant, shard, member, cause, min(number) FROM entry
WHERE (kind IN (2, 4) AND starts_with(cause, 'entry_'))
   OR (kind = 1 AND (starts_with(cause, 'referral_') OR starts_with(cause, 'subscription_') OR starts_with(cause, 'charge_')))
GROUP BY tenant, shard, member, cause;

-- A lot says which entry made it, and that of a grant is named by the grant's cause.
ALTER TABLE lot ADD COLUMN number bigint;

-- An entry's id says its number, so the primary key finds it; what was done for a cause is found as above. Open lots are
-- read by their member.
DROP INDEX entry_by_id;
DROP INDEX entry_by_cause;
DROP INDEX lot_open;
