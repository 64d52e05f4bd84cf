-- The terms of a programme, version after version. Lies in the tenant's own shard.
CREATE TABLE programme (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    version      integer     NOT NULL CONSTRAINT programme_versions_count_from_one CHECK (version >= 1),
    effective_at timestamptz NOT NULL,
    terms        jsonb       NOT NULL,
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, version)
);
ALTER TABLE programme ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON programme USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('programme');

-- What registry said about the tenant. Lies in the tenant's own shard.
CREATE TABLE tenant_terms (
    tenant    uuid     NOT NULL,
    shard     smallint NOT NULL,
    suspended boolean  NOT NULL,
    PRIMARY KEY (tenant, shard)
);
ALTER TABLE tenant_terms ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenant_terms USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
