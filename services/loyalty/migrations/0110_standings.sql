-- Where members stand, ladder by ladder. What rules need of it is in `standing`; beside it stands what is asked for by
-- itself: how many hold a tier, and whom the clock has to look at.
CREATE TABLE standing (
    tenant   uuid        NOT NULL,
    shard    smallint    NOT NULL,
    member   uuid        NOT NULL,
    ladder   text        NOT NULL,
    tier     text        NOT NULL,
    assigned text,
    due_at   timestamptz,
    standing jsonb       NOT NULL,
    PRIMARY KEY (tenant, shard, member, ladder)
) WITH (fillfactor = 80);
ALTER TABLE standing ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON standing USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- What counts for tiers beside what was bought, written once.
CREATE TABLE qualification (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    member      uuid        NOT NULL,
    ladder      text        NOT NULL,
    cause       text        NOT NULL,
    units       bigint      NOT NULL,
    reason      text        NOT NULL,
    actor       text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, ladder, cause),
    CONSTRAINT a_qualification_counts_for_something CHECK (units <> 0)
);
ALTER TABLE qualification ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON qualification USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('qualification');

-- A change says on which ladder it was, and who did it where a person did.
ALTER TABLE tier_change ADD COLUMN ladder text NOT NULL DEFAULT 'main';
ALTER TABLE tier_change ADD COLUMN reason text NOT NULL DEFAULT '';
ALTER TABLE tier_change ADD COLUMN actor  text NOT NULL DEFAULT '';

-- Until now there was one ladder, and it stood in the account. The columns tier, tier_since, qualified_at, needed_minor,
-- qualified_by and stood_before are not used any more, and are taken away later; review_at says when the first of all
-- tiers of the member changes by itself.
INSERT INTO standing (tenant, shard, member, ladder, tier, due_at, standing)
SELECT tenant, shard, member, 'main', tier, review_at, jsonb_build_object(
           'tier', tier,
           'since', to_char(tier_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'qualified', jsonb_build_object(
               'at', to_char(qualified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'needed_minor', needed_minor,
               'by_version', qualified_by),
           'review_at', to_char(review_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'before', stood_before)
FROM account WHERE tier IS NOT NULL AND tier_since IS NOT NULL AND qualified_at IS NOT NULL AND qualified_by IS NOT NULL;
