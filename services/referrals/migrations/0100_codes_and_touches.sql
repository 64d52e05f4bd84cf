-- What members pass on. Lies in the shard of its own text, by which it is looked up.
CREATE TABLE referral_code (
    tenant     uuid        NOT NULL,
    shard      smallint    NOT NULL,
    code       text        NOT NULL,
    member     uuid        NOT NULL,
    issued_at  timestamptz NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (tenant, shard, code)
);
CREATE UNIQUE INDEX a_member_has_one_live_code ON referral_code (tenant, member) WHERE retired_at IS NULL;
ALTER TABLE referral_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON referral_code USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Who came by which code, before anybody knew them. Lies in the shard of the visitor's digest.
CREATE TABLE touch (
    tenant     uuid        NOT NULL,
    shard      smallint    NOT NULL,
    visitor    text        NOT NULL,
    touched_at timestamptz NOT NULL,
    code       text        NOT NULL,
    PRIMARY KEY (tenant, shard, visitor, touched_at, code)
);
ALTER TABLE touch ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON touch USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('touch');
