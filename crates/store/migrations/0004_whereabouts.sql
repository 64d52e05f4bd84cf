-- A backup that is restored brings its rows along and not its place. What is written here about the place then differs from
-- what the server says, and the heads begin a new epoch before anything else is written.
ALTER TABLE head ADD COLUMN relation oid;
UPDATE head SET relation = tableoid;
ALTER TABLE head ALTER COLUMN relation SET NOT NULL;

-- The server's own name, the database's, and the timeline of its write-ahead log, which a recovery to a point in time or a
-- promoted standby changes. Written when the database is first used.
CREATE TABLE whereabouts (
    sole     boolean PRIMARY KEY DEFAULT true CHECK (sole),
    server   bigint NOT NULL,
    database oid    NOT NULL,
    timeline text   NOT NULL
);

-- Where each epoch ended, and which one followed it. `certain`: nothing was appended between the restore and this end, so
-- whatever lies at or below it is what readers of that epoch have seen.
CREATE TABLE former_epoch (
    shard    smallint NOT NULL,
    epoch    uuid     NOT NULL,
    position bigint   NOT NULL,
    certain  boolean  NOT NULL,
    follower uuid     NOT NULL,
    PRIMARY KEY (shard, epoch)
);
SELECT write_once('former_epoch');

-- The suite's own requests belong to no tenant, and old ones of all tenants are forgotten together.
ALTER POLICY tenant ON request
    USING ((SELECT every_tenant_visible()) OR tenant = ANY ((SELECT visible_tenants())::uuid[]));
