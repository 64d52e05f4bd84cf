-- What registry settled for a tenant, as last heard. Lies in the tenant's own shard.
CREATE TABLE settled_tenant (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    currency     text        NOT NULL,
    minor_digits smallint    NOT NULL CONSTRAINT terms_digits_fit CHECK (minor_digits BETWEEN 0 AND 4),
    zone         text        NOT NULL,
    suspended    boolean     NOT NULL,
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard)
);
ALTER TABLE settled_tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON settled_tenant USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- The service's own terms for a tenant, version after version. Lies in the tenant's own shard.
CREATE TABLE terms_version (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    version      integer     NOT NULL CONSTRAINT versions_count_from_one CHECK (version >= 1),
    effective_at timestamptz NOT NULL,
    terms        jsonb       NOT NULL,
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, version)
);
ALTER TABLE terms_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON terms_version USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('terms_version');
