-- Calls to other services that follow from what was written here. A row is written with its cause, sent after the commit as
-- often as it takes, and goes in the transaction that writes the answer down. The number keeps calls of one subject in order.
CREATE TABLE call (
    tenant    uuid        NOT NULL,
    shard     smallint    NOT NULL,
    call      uuid        NOT NULL,
    number    bigint      GENERATED ALWAYS AS IDENTITY,
    subject   uuid        NOT NULL,
    kind      text        NOT NULL,
    payload   jsonb       NOT NULL,
    placed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, call)
);
CREATE INDEX call_in_order ON call (tenant, shard, subject, number);

ALTER TABLE call ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON call
    USING ((SELECT every_tenant_visible()) OR tenant = ANY ((SELECT visible_tenants())::uuid[]));
