-- A member's record as it stands, with all that a profile shows: one row is one read. Lies in the member's shard.
-- Personal data live in this table, in identity and in consent, and nowhere else.
CREATE TABLE member (
    tenant             uuid        NOT NULL,
    shard              smallint    NOT NULL,
    member             uuid        NOT NULL,
    name               text        NOT NULL,
    birth_year         smallint,
    birth_month        smallint,
    birth_day          smallint,
    gender             text        NOT NULL,
    language           text        NOT NULL,
    attributes         jsonb       NOT NULL,
    tags               text[]      NOT NULL,
    identities         jsonb       NOT NULL,
    consents           jsonb       NOT NULL,
    acquisition_source text        NOT NULL,
    touchpoint         text        NOT NULL,
    state              text        NOT NULL,
    state_at           timestamptz NOT NULL,
    joined_at          timestamptz NOT NULL,
    recorded_at        timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    version            bigint      NOT NULL,
    PRIMARY KEY (tenant, shard, member),
    CONSTRAINT a_member_is_enrolled_or_has_left CHECK (state IN ('enrolled', 'left')),
    CONSTRAINT a_member_is_known_by_something CHECK (state <> 'enrolled' OR jsonb_array_length(identities) > 0),
    CONSTRAINT a_birthday_has_month_and_day
        CHECK ((birth_month IS NULL) = (birth_day IS NULL) AND (birth_year IS NULL OR birth_month IS NOT NULL)),
    CONSTRAINT member_versions_count_from_one CHECK (version >= 1)
) WITH (fillfactor = 80);
CREATE INDEX member_joined ON member (tenant, joined_at, member);
CREATE INDEX member_tags ON member USING gin (tags);
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON member USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Who is known by a name. Lies in the shard of the name's own text (kind, issuer, value), so that the key makes it
-- unique in the tenant; the member lies elsewhere.
CREATE TABLE identity (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    kind        text        NOT NULL,
    issuer      text        NOT NULL,
    value       text        NOT NULL,
    member      uuid        NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, kind, issuer, value),
    CONSTRAINT an_identity_is_of_a_known_kind CHECK (kind IN ('phone', 'email', 'line', 'card', 'external', 'tax_id'))
);
ALTER TABLE identity ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identity USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Every word a member said about a purpose, in the order it was recorded. Lies in the member's shard.
CREATE TABLE consent (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    version     bigint      NOT NULL,
    purpose     text        NOT NULL,
    granted     boolean     NOT NULL,
    source      text        NOT NULL,
    said_at     timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, version, purpose)
);
ALTER TABLE consent ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consent USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('consent');
