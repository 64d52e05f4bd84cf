-- What will be due: one row for each subject and kind, holding the next due instant. Consumed in the transaction of its
-- effect, so that it fires exactly once whoever reads it.
CREATE TABLE timer (
    tenant  uuid        NOT NULL,
    shard   smallint    NOT NULL,
    subject uuid        NOT NULL,
    kind    text        NOT NULL,
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, subject, kind)
);
CREATE INDEX timer_due ON timer (due_at, shard);

ALTER TABLE timer ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON timer
    USING ((SELECT every_tenant_visible()) OR tenant = ANY ((SELECT visible_tenants())::uuid[]));
