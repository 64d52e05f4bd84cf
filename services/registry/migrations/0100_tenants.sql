-- The tenants themselves. Each lies in its own shard; the operator's list reads across all of them.
CREATE TABLE tenant (
    tenant        uuid        NOT NULL,
    shard         smallint    NOT NULL,
    code          text        NOT NULL,
    display_name  text        NOT NULL,
    zone          text        NOT NULL,
    currency      text        NOT NULL,
    minor_digits  smallint    NOT NULL,
    phone_region  text        NOT NULL,
    suspended     boolean     NOT NULL,
    state_at      timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    version       bigint      NOT NULL,
    PRIMARY KEY (tenant, shard),
    CONSTRAINT minor_digits_are_few CHECK (minor_digits BETWEEN 0 AND 4),
    CONSTRAINT tenant_versions_count_from_one CHECK (version >= 1)
);
CREATE INDEX tenant_opened ON tenant (created_at, tenant);
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenant
    USING ((SELECT every_tenant_visible()) OR tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Which tenant has a code. Belongs to the installation: the nil tenant, in the shard of the code's text.
CREATE TABLE tenant_code (
    tenant uuid     NOT NULL,
    shard  smallint NOT NULL,
    code   text     NOT NULL,
    holder uuid     NOT NULL,
    PRIMARY KEY (tenant, shard, code),
    CONSTRAINT codes_belong_to_the_installation CHECK (tenant = '00000000-0000-0000-0000-000000000000')
);
ALTER TABLE tenant_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenant_code USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('tenant_code');
