-- Whose rows the present transaction may see: set by the service when it opens a transaction, read by every policy.
CREATE FUNCTION visible_tenants() RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('rapport.tenants', true) IN ('', '*') THEN NULL
                ELSE current_setting('rapport.tenants', true)::uuid[] END
$$;

-- True for the readers that serve the suite itself. Only the tables of the event log, of the timers and of the tenants ask.
CREATE FUNCTION every_tenant_visible() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT current_setting('rapport.tenants', true) = '*'
$$;

-- Takes from the service's own role the right to change what is written once and for all.
CREATE FUNCTION write_once(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE service_role text := 'rapport_' || current_schema();
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = service_role) THEN
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM %I', name, service_role);
    END IF;
END
$$;
