-- Programmes are kept as every service keeps its terms. The version and its instant have columns of their own.
INSERT INTO terms_version (tenant, shard, version, effective_at, terms, recorded_at)
SELECT tenant, shard, version, effective_at, terms - 'version' - 'effective_at', recorded_at FROM programme;
DROP TABLE programme;

-- Of a tenant, loyalty knew only whether it may write. ISO 4217 says no currency with three X; the next thing that registry
-- settles for the tenant overwrites all of it.
INSERT INTO settled_tenant (tenant, shard, currency, minor_digits, zone, suspended, recorded_at)
SELECT tenant, shard, repeat('X', 3), 0, 'UTC', suspended, '1970-01-01T00:00:00Z' FROM tenant_terms;
DROP TABLE tenant_terms;
