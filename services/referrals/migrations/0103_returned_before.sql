-- What had come back of a guest's order before it joined the member: it never counted for them.
ALTER TABLE bought ADD COLUMN returned_before_minor bigint NOT NULL DEFAULT 0;
