-- A member may have several wallets: points, whose code is empty, and others that the programme names, such as stamps. Each is
-- an account of its own, with its own statement. What is a member's and not a wallet's (tier, purchases) lies with points.
LOCK TABLE account, lot, hold, entry, rule_use IN ACCESS EXCLUSIVE MODE;
ALTER TABLE account ADD COLUMN wallet text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT account_pkey, ADD PRIMARY KEY (tenant, shard, member, wallet);
ALTER TABLE entry ADD COLUMN wallet text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT entry_pkey, ADD PRIMARY KEY (tenant, shard, member, wallet, number);
ALTER TABLE lot ADD COLUMN wallet text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN wallet text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE rule_use ADD COLUMN wallet text COLLATE "C" NOT NULL DEFAULT '';

-- What an order earned in a wallet beside points, and how much of that came back. Orders that earned nothing there have none.
CREATE TABLE wallet_purchase (
    tenant         uuid        NOT NULL,
    shard          smallint    NOT NULL,
    member         uuid        NOT NULL,
    wallet         text        COLLATE "C" NOT NULL CONSTRAINT points_are_kept_with_the_purchase CHECK (wallet <> ''),
    purchase       uuid        NOT NULL,
    currency       text        NOT NULL,
    net_minor      bigint      NOT NULL,
    returned_minor bigint      NOT NULL,
    earned         bigint      NOT NULL,
    reversed       bigint      NOT NULL,
    lot            uuid,
    occurred_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, member, wallet, purchase),
    CONSTRAINT no_more_comes_back_than_was_bought CHECK (returned_minor BETWEEN 0 AND net_minor),
    CONSTRAINT no_more_is_reversed_than_was_earned CHECK (reversed BETWEEN 0 AND earned)
) WITH (fillfactor = 80);
ALTER TABLE wallet_purchase ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wallet_purchase USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- An entry of points is digested as it ever was; one of another wallet says which.
CREATE OR REPLACE FUNCTION entry_link(before bytea, line entry) RETURNS bytea LANGUAGE sql STABLE
    RETURN sha256(before
        || CASE line.wallet WHEN '' THEN netstring('1') ELSE netstring('2') END
        || netstring(line.tenant::text)
        || netstring(line.member::text)
        || CASE line.wallet WHEN '' THEN ''::bytea ELSE netstring(line.wallet) END
        || netstring(line.number::text)
        || netstring(line.entry::text)
        || netstring(line.kind::text)
        || netstring(line.points::text)
        || netstring(line.balance_after::text)
        || netstring(line.cause)
        || netstring(line.draws::text)
        || netstring(line.grounds::text)
        || netstring(line.programme_version::text)
        || netstring((extract(epoch FROM line.occurred_at) * 1000000)::bigint::text)
        || netstring((extract(epoch FROM line.recorded_at) * 1000000)::bigint::text));
