-- One row a shard. Its lock is the authority for the order of everything written under that shard, and it carries the
-- last position of the shard's partition of the event log. The epoch changes when a database is restored.
CREATE TABLE head (
    shard    smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    epoch    uuid     NOT NULL,
    position bigint   NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 10);

INSERT INTO head (shard, epoch, position)
SELECT shard, gen_random_uuid(), 0 FROM generate_series(0, 255) AS shard;
