-- What a listener of the tests has heard, in the order it heard it. No key over source and position: what was applied
-- twice must be seen twice.
CREATE TABLE tally (
    place    bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source   text     NOT NULL,
    shard    smallint NOT NULL,
    position bigint   NOT NULL,
    subject  text     NOT NULL,
    said     text     NOT NULL
);
