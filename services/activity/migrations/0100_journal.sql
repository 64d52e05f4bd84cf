-- What members did. Rows lie in the shard of their key (tenant, source, external id), so that the same fact cannot exist
-- twice, first as a guest's and then as a member's. The events about a member lie in the member's shard.

-- What the shop sells, in the shard of its code.
CREATE TABLE product (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    code         text        NOT NULL,
    display_name text        NOT NULL,
    category     text        NOT NULL,
    unit_cost    text        NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, code)
);

-- An order. `subject` is the shard whose lock protects it: its member's, or its own while nobody is known.
CREATE TABLE journal_order (
    tenant            uuid        NOT NULL,
    shard             smallint    NOT NULL,
    order_id          uuid        NOT NULL,
    source            text        NOT NULL,
    external_id       text        NOT NULL,
    subject           smallint    NOT NULL,
    member            uuid,
    guest_key         text,
    channel           text        NOT NULL,
    touchpoint        text        NOT NULL,
    staff             text        NOT NULL,
    invoice_number    text        NOT NULL,
    currency          text        NOT NULL,
    payments          jsonb       NOT NULL,
    coupons           jsonb       NOT NULL,
    points_paid_minor bigint      NOT NULL,
    line_count        integer     NOT NULL,
    units             bigint      NOT NULL,
    net_minor         bigint      NOT NULL,
    returned_units    bigint      NOT NULL,
    returned_minor    bigint      NOT NULL,
    state             smallint    NOT NULL,
    state_at          timestamptz NOT NULL,
    occurred_at       timestamptz NOT NULL,
    received_at       timestamptz,
    recorded_at       timestamptz NOT NULL,
    historic          boolean     NOT NULL,
    PRIMARY KEY (tenant, shard, order_id),
    CONSTRAINT order_recorded_once UNIQUE (tenant, shard, source, external_id),
    CONSTRAINT order_returned_within_net CHECK (returned_minor BETWEEN 0 AND net_minor),
    CONSTRAINT order_units_returned_within_units CHECK (returned_units BETWEEN 0 AND units),
    CONSTRAINT order_state_known CHECK (state BETWEEN 1 AND 4),
    CONSTRAINT order_guest_lies_in_its_own_shard CHECK (member IS NOT NULL OR subject = shard)
);
CREATE INDEX order_by_member ON journal_order (tenant, member, occurred_at, order_id) WHERE member IS NOT NULL;
CREATE INDEX order_by_invoice ON journal_order (tenant, invoice_number, occurred_at) WHERE invoice_number <> '';
CREATE INDEX order_by_guest_key ON journal_order (tenant, guest_key) WHERE member IS NULL AND guest_key IS NOT NULL;

CREATE TABLE order_line (
    tenant         uuid     NOT NULL,
    shard          smallint NOT NULL,
    order_id       uuid     NOT NULL,
    number         integer  NOT NULL,
    product        text     NOT NULL,
    category       text     NOT NULL,
    quantity       bigint   NOT NULL,
    unit_price     text     NOT NULL,
    discount_minor bigint   NOT NULL,
    tax_minor      bigint   NOT NULL,
    unit_cost      text     NOT NULL,
    gross_minor    bigint   NOT NULL,
    net_minor      bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, order_id, number),
    CONSTRAINT line_has_units CHECK (quantity > 0),
    CONSTRAINT line_net_is_gross_less_discount CHECK (net_minor >= 0 AND net_minor = gross_minor - discount_minor)
);

-- A return, with how much of it found an order.
CREATE TABLE journal_return (
    tenant          uuid        NOT NULL,
    shard           smallint    NOT NULL,
    return_id       uuid        NOT NULL,
    source          text        NOT NULL,
    external_id     text        NOT NULL,
    member          uuid,
    channel         text        NOT NULL,
    currency        text        NOT NULL,
    reason          text        NOT NULL,
    matched_lines   integer     NOT NULL,
    unmatched_lines integer     NOT NULL,
    matched_minor   bigint      NOT NULL,
    unmatched_minor bigint      NOT NULL,
    occurred_at     timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    historic        boolean     NOT NULL,
    PRIMARY KEY (tenant, shard, return_id),
    CONSTRAINT return_recorded_once UNIQUE (tenant, shard, source, external_id),
    CONSTRAINT return_amounts_not_negative CHECK (matched_minor >= 0 AND unmatched_minor >= 0)
);

-- What came back as the shop said it, with its own price.
CREATE TABLE return_line (
    tenant             uuid     NOT NULL,
    shard              smallint NOT NULL,
    return_id          uuid     NOT NULL,
    position           integer  NOT NULL,
    order_line         integer  NOT NULL,
    product            text     NOT NULL,
    quantity           bigint   NOT NULL,
    unit_price         text     NOT NULL,
    unmatched_quantity bigint   NOT NULL,
    unmatched_minor    bigint   NOT NULL,
    PRIMARY KEY (tenant, shard, return_id, position),
    CONSTRAINT return_line_has_units CHECK (quantity > 0 AND unmatched_quantity BETWEEN 0 AND quantity)
);

-- What a return took back from a line of an order, in the order's shard. A quantity of 0 is money without goods. A
-- cancelled order takes itself back: its own id stands for the return.
CREATE TABLE return_match (
    tenant       uuid        NOT NULL,
    shard        smallint    NOT NULL,
    order_id     uuid        NOT NULL,
    number       integer     NOT NULL,
    return_id    uuid        NOT NULL,
    position     integer     NOT NULL,
    quantity     bigint      NOT NULL,
    amount_minor bigint      NOT NULL,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, shard, order_id, number, return_id, position),
    CONSTRAINT match_not_negative CHECK (quantity >= 0 AND amount_minor >= 0)
);

-- Money that moved and is no purchase.
CREATE TABLE adjustment (
    tenant        uuid        NOT NULL,
    shard         smallint    NOT NULL,
    adjustment_id uuid        NOT NULL,
    source        text        NOT NULL,
    external_id   text        NOT NULL,
    member        uuid,
    kind          text        NOT NULL,
    currency      text        NOT NULL,
    amount_minor  bigint      NOT NULL,
    product       text        NOT NULL,
    quantity      bigint      NOT NULL,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    historic      boolean     NOT NULL,
    PRIMARY KEY (tenant, shard, adjustment_id),
    CONSTRAINT adjustment_recorded_once UNIQUE (tenant, shard, source, external_id)
);

ALTER TABLE product ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON product USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
ALTER TABLE journal_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON journal_order USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
ALTER TABLE order_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON order_line USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
ALTER TABLE journal_return ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON journal_return USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
ALTER TABLE return_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON return_line USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
ALTER TABLE return_match ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON return_match USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));
ALTER TABLE adjustment ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON adjustment USING (tenant = ANY ((SELECT visible_tenants())::uuid[]));

SELECT write_once('order_line');
SELECT write_once('journal_return');
SELECT write_once('return_line');
SELECT write_once('return_match');
SELECT write_once('adjustment');
