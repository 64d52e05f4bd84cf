-- What tells the event at a cursor's place from any other: a producer that was restored, and has given the position out again,
-- is found out by it. 0 where it is not known.
ALTER TABLE cursor ADD COLUMN mark bigint NOT NULL DEFAULT 0;
