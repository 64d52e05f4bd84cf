-- What the tests write down. It has no key, so that an effect that happened twice is seen twice.
CREATE TABLE entry (
    tenant uuid     NOT NULL,
    shard  smallint NOT NULL,
    id     uuid     NOT NULL,
    amount bigint   NOT NULL CONSTRAINT amount_is_positive CHECK (amount > 0),
    batch  bigint   NOT NULL,
    place  bigint   NOT NULL
);

ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON entry
    USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
SELECT write_once('entry');

CREATE TABLE balance (
    tenant uuid     NOT NULL,
    shard  smallint NOT NULL,
    points bigint   NOT NULL,
    PRIMARY KEY (tenant, shard)
);

ALTER TABLE balance ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON balance
    USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
