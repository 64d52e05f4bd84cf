-- What rang, in the order it did. It has no key over the timer and its instant, so that what rang twice is seen twice.
CREATE TABLE rung (
    place   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject uuid        NOT NULL,
    kind    text        NOT NULL,
    due_at  timestamptz NOT NULL,
    told_at timestamptz NOT NULL
);
