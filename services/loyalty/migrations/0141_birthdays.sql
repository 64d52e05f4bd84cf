-- Up to when a tenant's birthdays were looked at. Whose they are is registry's to know, and is kept nowhere here.
CREATE TABLE birthday_look (
    tenant    uuid        NOT NULL,
    shard     smallint    NOT NULL,
    looked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard)
);
ALTER TABLE birthday_look ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON birthday_look USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
