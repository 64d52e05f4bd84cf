-- Every mutation that was carried out, so that saying it again answers the same. Holds no personal data: the digests are
-- keyed, the receipt is ids, amounts and versions.
CREATE TABLE request (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    rpc         text        NOT NULL,
    request_id  uuid        NOT NULL,
    digests     jsonb       NOT NULL,
    receipt     jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, rpc, request_id)
);

ALTER TABLE request ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON request
    USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
