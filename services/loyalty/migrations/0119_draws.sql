-- A prize draw: what was promised, the secret it was committed to, and how far it has come. In the shard of its code.
CREATE TABLE draw (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    draw        text        NOT NULL,
    id          uuid        NOT NULL,
    terms       jsonb       NOT NULL,
    seed        bytea       NOT NULL,
    commitment  bytea       NOT NULL,
    tickets     bigint      NOT NULL,
    points      bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    closed_at   timestamptz,
    PRIMARY KEY (tenant, shard, draw),
    CONSTRAINT a_seed_has_32_bytes CHECK (octet_length(seed) = 32 AND octet_length(commitment) = 32),
    CONSTRAINT no_counter_of_a_draw_is_negative CHECK (tickets >= 0 AND points >= 0)
) WITH (fillfactor = 50);
ALTER TABLE draw ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON draw USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- How much of a prize was won, and how much there is.
CREATE TABLE draw_prize (
    tenant uuid     NOT NULL,
    shard  smallint NOT NULL,
    draw   text     NOT NULL,
    prize  text     NOT NULL,
    stock  bigint   NOT NULL,
    won    bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, draw, prize),
    CONSTRAINT no_prize_is_won_more_often_than_there_are CHECK (won >= 0 AND won <= stock)
) WITH (fillfactor = 50);
ALTER TABLE draw_prize ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON draw_prize USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

-- Tickets, in the shard of their draw. What was drawn is never changed; whether it was given is.
CREATE TABLE draw_ticket (
    tenant      uuid        NOT NULL,
    shard       smallint    NOT NULL,
    draw        text        NOT NULL,
    number      bigint      NOT NULL,
    member      uuid        NOT NULL,
    client_seed text        NOT NULL,
    roll        integer     NOT NULL,
    outcome     smallint    NOT NULL,
    prize       text,
    given       boolean     NOT NULL,
    drawn_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, draw, number),
    CONSTRAINT a_roll_is_below_a_million CHECK (roll >= 0 AND roll < 1000000)
) WITH (fillfactor = 90);
CREATE INDEX draw_ticket_owed ON draw_ticket (tenant, shard, draw, number) WHERE NOT given;
CREATE INDEX draw_ticket_of_member ON draw_ticket (tenant, shard, draw, member, drawn_at);
CREATE INDEX draw_ticket_in_time ON draw_ticket (tenant, shard, draw, drawn_at);
ALTER TABLE draw_ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON draw_ticket USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
