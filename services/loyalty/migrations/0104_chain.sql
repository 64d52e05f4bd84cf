-- Nobody writes meanwhile, and nobody waits for us while we wait for them.
LOCK TABLE account, lot, entry IN ACCESS EXCLUSIVE MODE;

-- Each entry carries a link: a digest of the link before it and of what it says itself. What is digested is kept as it was
-- digested, so draws and grounds become text that stays as it was written.
ALTER TABLE entry ALTER COLUMN draws TYPE json, ALTER COLUMN grounds TYPE json;
ALTER TABLE entry ADD COLUMN link bytea, ADD COLUMN batch bigint;
ALTER TABLE account ADD COLUMN link bytea;

-- Of each shard: a digest over the links of all its entries, batch after batch.
CREATE TABLE seal (
    shard       smallint    PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    entries     bigint      NOT NULL,
    batch       bigint      NOT NULL,
    link        bytea       NOT NULL CONSTRAINT a_seal_is_a_digest CHECK (octet_length(link) = 32),
    recorded_at timestamptz NOT NULL
) WITH (fillfactor = 50);
DO $$
DECLARE service_role text := 'rapport_' || current_schema();
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = service_role) THEN
        EXECUTE format('REVOKE INSERT, DELETE, TRUNCATE ON seal FROM %I', service_role);
    END IF;
END
$$;

-- Anybody who can read the tables can prove them without us.
CREATE FUNCTION netstring(field text) RETURNS bytea LANGUAGE sql STABLE STRICT
    RETURN convert_to(octet_length(field) || ':' || field || ',', 'UTF8');
CREATE FUNCTION entry_link(before bytea, line entry) RETURNS bytea LANGUAGE sql STABLE
    RETURN sha256(before
        || netstring('1')
        || netstring(line.tenant::text)
        || netstring(line.member::text)
        || netstring(line.number::text)
        || netstring(line.entry::text)
        || netstring(line.kind::text)
        || netstring(line.points::text)
        || netstring(line.balance_after::text)
        || netstring(line.cause)
        || netstring(line.draws::text)
        || netstring(line.grounds::text)
        || netstring(line.programme_version::text)
        || netstring((extract(epoch FROM line.occurred_at) * 1000000)::bigint::text)
        || netstring((extract(epoch FROM line.recorded_at) * 1000000)::bigint::text));

-- What was written before is chained as it stands, as one batch.
DO $$
DECLARE
    line   entry;
    last   entry;
    before bytea;
BEGIN
    FOR line IN SELECT * FROM entry ORDER BY tenant, shard, member, number LOOP
        IF (line.tenant, line.shard, line.member) IS DISTINCT FROM (last.tenant, last.shard, last.member) THEN
            before := decode(repeat('00', 32), 'hex');
        END IF;
        last := line;
        before := entry_link(before, line);
        UPDATE entry SET link = before, batch = -1
        WHERE tenant = line.tenant AND shard = line.shard AND member = line.member AND number = line.number;
    END LOOP;
END
$$;
UPDATE account SET link = COALESCE(
    (SELECT entry.link FROM entry
     WHERE entry.tenant = account.tenant AND entry.shard = account.shard AND entry.member = account.member
       AND entry.number = account.entries),
    decode(repeat('00', 32), 'hex'));
INSERT INTO seal (shard, entries, batch, link, recorded_at)
SELECT shard, count(link), -1,
       CASE count(link) WHEN 0 THEN decode(repeat('00', 32), 'hex')
       ELSE sha256(decode(repeat('00', 32), 'hex') || string_agg(link, ''::bytea ORDER BY tenant, member, number)) END,
       COALESCE(max(recorded_at), '1970-01-01T00:00:00Z')
FROM generate_series(0, 255) AS shard LEFT JOIN entry USING (shard)
GROUP BY shard;

ALTER TABLE entry ALTER COLUMN link SET NOT NULL, ALTER COLUMN batch SET NOT NULL,
    ADD CONSTRAINT a_link_is_a_digest CHECK (octet_length(link) = 32);
ALTER TABLE account ALTER COLUMN link SET NOT NULL,
    ADD CONSTRAINT a_link_is_a_digest CHECK (octet_length(link) = 32);

-- The auditor reads everybody's statements, and writes none.
CREATE POLICY auditor ON account FOR SELECT USING ((SELECT every_tenant_visible()));
CREATE POLICY auditor ON entry FOR SELECT USING ((SELECT every_tenant_visible()));
CREATE POLICY auditor ON lot FOR SELECT USING ((SELECT every_tenant_visible()));

-- Who is given points needs no lot read, unless one has lapsed by then.
ALTER TABLE account ADD COLUMN next_lapse_at timestamptz;
UPDATE account SET next_lapse_at = (
    SELECT min(lapses_at) FROM lot
    WHERE lot.tenant = account.tenant AND lot.shard = account.shard AND lot.member = account.member AND remaining > 0);

-- Whether points were given for something before, or taken back, costs the same with ten entries and with ten thousand.
CREATE INDEX entry_by_cause ON entry (tenant, shard, member, cause);
