-- What a batch posts, in one round trip: accounts where they lie, new lots, the lines of statements, and the seals of their
-- shards. `unnest` stands in select lists, where PostgreSQL takes the arrays apart row by row; in FROM it would first write
-- all of them down. No index is asked for an account: a row stays where it was read while its shard is locked. Seals are
-- found by their index: joined to a list of unknown length, the table would be read as a whole.
WITH posted AS (
    UPDATE account SET
        joined_at = new.joined_at, entries = new.entries, tier_changes = new.tier_changes, spendable = new.spendable,
        deficit = new.deficit, earned = new.earned, earn_reversed = new.earn_reversed, redeemed = new.redeemed,
        redemption_reversed = new.redemption_reversed, lapsed = new.lapsed, adjusted = new.adjusted,
        settled_until = new.settled_until, review_at = new.review_at, link = new.link,
        next_lapse_at = new.next_lapse_at, pending = new.pending, held = new.held, transferred = new.transferred
    FROM (
        SELECT unnest($3::uuid[]) AS member, unnest($4::text[])::tid AS place, unnest($5::timestamptz[]) AS joined_at,
               unnest($6::bigint[]) AS entries, unnest($7::bigint[]) AS tier_changes, unnest($8::bigint[]) AS spendable,
               unnest($9::bigint[]) AS deficit, unnest($10::bigint[]) AS earned, unnest($11::bigint[]) AS earn_reversed,
               unnest($12::bigint[]) AS redeemed, unnest($13::bigint[]) AS redemption_reversed,
               unnest($14::bigint[]) AS lapsed, unnest($15::bigint[]) AS adjusted,
               unnest($16::timestamptz[]) AS settled_until, unnest($17::timestamptz[]) AS review_at,
               unnest($18::bytea[]) AS link, unnest($19::timestamptz[]) AS next_lapse_at,
               unnest($20::bigint[]) AS pending, unnest($21::bigint[]) AS held, unnest($55::bigint[]) AS transferred
    ) AS new
    WHERE account.ctid = new.place AND account.member = new.member
    RETURNING 1
), earned AS (
    INSERT INTO lot (tenant, shard, member, lot, origin, amount, remaining, lapsed, earned_at, lapses_at, number,
        usable_from, held, wallet, slide_months, slide_days)
    SELECT ($1::uuid[])[of_account], ($2::smallint[])[of_account], ($3::uuid[])[of_account], lot, origin, amount,
           remaining, lapsed, earned_at, lapses_at, number, usable_from, held, wallet, slide_months, slide_days
    FROM (
        SELECT unnest($22::integer[]) AS of_account, unnest($23::uuid[]) AS lot, unnest($24::text[]) AS origin,
               unnest($25::bigint[]) AS amount, unnest($26::bigint[]) AS remaining, unnest($27::bigint[]) AS lapsed,
               unnest($28::timestamptz[]) AS earned_at, unnest($29::timestamptz[]) AS lapses_at,
               unnest($30::bigint[]) AS number, unnest($31::timestamptz[]) AS usable_from, unnest($32::bigint[]) AS held,
               unnest($51::text[]) AS wallet, unnest($52::integer[]) AS slide_months, unnest($53::integer[]) AS slide_days
    ) AS new
), written AS (
    INSERT INTO entry (tenant, shard, member, number, entry, kind, points, balance_after, cause, draws, grounds,
        programme_version, occurred_at, link, batch, recorded_at, wallet)
    SELECT ($1::uuid[])[of_account], ($2::smallint[])[of_account], ($3::uuid[])[of_account], number, entry, kind, points,
           balance_after, cause, draws, grounds, programme_version, occurred_at, link, batch, $46::timestamptz, wallet
    FROM (
        SELECT unnest($33::integer[]) AS of_account, unnest($34::bigint[]) AS number, unnest($35::uuid[]) AS entry,
               unnest($36::smallint[]) AS kind, unnest($37::bigint[]) AS points, unnest($38::bigint[]) AS balance_after,
               unnest($39::text[]) AS cause, unnest($40::text[])::json AS draws, unnest($41::text[])::json AS grounds,
               unnest($42::integer[]) AS programme_version, unnest($43::timestamptz[]) AS occurred_at,
               unnest($44::bytea[]) AS link, unnest($45::bigint[]) AS batch, unnest($54::text[]) AS wallet
    ) AS new
), sealed AS (
    UPDATE seal SET
        entries = seal.entries + ($49::bigint[])[array_position($47::smallint[], seal.shard)],
        batch = ($48::bigint[])[array_position($47, seal.shard)],
        link = sha256(seal.link || ($50::bytea[])[array_position($47, seal.shard)]), recorded_at = $46::timestamptz
    WHERE seal.shard = ANY ($47)
)
SELECT count(*) AS "updated!" FROM posted
