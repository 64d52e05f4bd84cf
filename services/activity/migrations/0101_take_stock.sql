-- How the journal's rows are distributed, learnt when it has outgrown what is known. A shop's history comes in faster
-- than the database's own routine looks round (once a minute): until then every index that begins with the tenant looks
-- as good as any other, and a member's orders are looked for among everybody's.
CREATE FUNCTION take_stock() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) journal_order, order_line, journal_return, return_match, adjustment;
END
$$;

-- True when the journal is no longer of the size that is known, and large enough for it to matter.
CREATE FUNCTION has_outgrown_stock() RETURNS boolean LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT pg_relation_size(oid) > 8192 * greatest(40, 4 * relpages)
    FROM pg_class WHERE oid = 'journal_order'::regclass
$$;
