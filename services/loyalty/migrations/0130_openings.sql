-- What members brought along from another system, written once: what that system calls a lot names it for ever. A row lies in the shard of
-- its reference, so that no two members are given the same.
CREATE TABLE opening (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    wallet      text        COLLATE "C" NOT NULL,
    reference   text        COLLATE "C" NOT NULL,
    member      uuid        NOT NULL,
    entry       uuid        NOT NULL,
    points      bigint      NOT NULL CONSTRAINT an_opening_is_of_something CHECK (points <> 0),
    earned_at   timestamptz NOT NULL,
    usable_from timestamptz,
    lapses_at   timestamptz,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, wallet, reference)
);
ALTER TABLE opening ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON opening USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('opening');
