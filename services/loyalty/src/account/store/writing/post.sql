-- What a batch posts, in one round trip: accounts where they lie, new lots, the lines of statements, and the seals of their
-- shards. `unnest` stands in select lists, where PostgreSQL takes the arrays apart row by row; in FROM it would first write
-- all of them down. No index is asked for an account: a row stays where it was read while its shard is locked.
WITH posted AS (
    UPDATE account SET
        joined_at = new.joined_at, entries = new.entries, tier_changes = new.tier_changes, spendable = new.spendable,
        deficit = new.deficit, earned = new.earned, earn_reversed = new.earn_reversed, redeemed = new.redeemed,
        redemption_reversed = new.redemption_reversed, lapsed = new.lapsed, adjusted = new.adjusted,
        settled_until = new.settled_until, tier = new.tier, tier_since = new.tier_since, qualified_at = new.qualified_at,
        needed_minor = new.needed_minor, qualified_by = new.qualified_by, review_at = new.review_at,
        stood_before = new.stood_before, link = new.link, next_lapse_at = new.next_lapse_at, pending = new.pending,
        held = new.held
    FROM (
        SELECT unnest($3::uuid[]) AS member, unnest($4::text[])::tid AS place, unnest($5::timestamptz[]) AS joined_at,
               unnest($6::bigint[]) AS entries, unnest($7::bigint[]) AS tier_changes, unnest($8::bigint[]) AS spendable,
               unnest($9::bigint[]) AS deficit, unnest($10::bigint[]) AS earned, unnest($11::bigint[]) AS earn_reversed,
               unnest($12::bigint[]) AS redeemed, unnest($13::bigint[]) AS redemption_reversed,
               unnest($14::bigint[]) AS lapsed, unnest($15::bigint[]) AS adjusted,
               unnest($16::timestamptz[]) AS settled_until, unnest($17::text[]) AS tier,
               unnest($18::timestamptz[]) AS tier_since, unnest($19::timestamptz[]) AS qualified_at,
               unnest($20::bigint[]) AS needed_minor, unnest($21::integer[]) AS qualified_by,
               unnest($22::timestamptz[]) AS review_at, unnest($23::jsonb[]) AS stood_before,
               unnest($24::bytea[]) AS link, unnest($25::timestamptz[]) AS next_lapse_at,
               unnest($26::bigint[]) AS pending, unnest($27::bigint[]) AS held
    ) AS new
    WHERE account.ctid = new.place AND account.member = new.member
    RETURNING 1
), earned AS (
    INSERT INTO lot (tenant, shard, member, lot, origin, amount, remaining, lapsed, earned_at, lapses_at, number,
        usable_from, held, wallet)
    SELECT ($1::uuid[])[of_account], ($2::smallint[])[of_account], ($3::uuid[])[of_account], lot, origin, amount,
           remaining, lapsed, earned_at, lapses_at, number, usable_from, held, ($57::text[])[of_account]
    FROM (
        SELECT unnest($28::integer[]) AS of_account, unnest($29::uuid[]) AS lot, unnest($30::text[]) AS origin,
               unnest($31::bigint[]) AS amount, unnest($32::bigint[]) AS remaining, unnest($33::bigint[]) AS lapsed,
               unnest($34::timestamptz[]) AS earned_at, unnest($35::timestamptz[]) AS lapses_at,
               unnest($36::bigint[]) AS number, unnest($37::timestamptz[]) AS usable_from, unnest($38::bigint[]) AS held
    ) AS new
), written AS (
    INSERT INTO entry (tenant, shard, member, number, entry, kind, points, balance_after, cause, draws, grounds,
        programme_version, occurred_at, link, batch, recorded_at, wallet)
    SELECT ($1::uuid[])[of_account], ($2::smallint[])[of_account], ($3::uuid[])[of_account], number, entry, kind, points,
           balance_after, cause, draws, grounds, programme_version, occurred_at, link, batch, $52::timestamptz,
           ($57::text[])[of_account]
    FROM (
        SELECT unnest($39::integer[]) AS of_account, unnest($40::bigint[]) AS number, unnest($41::uuid[]) AS entry,
               unnest($42::smallint[]) AS kind, unnest($43::bigint[]) AS points, unnest($44::bigint[]) AS balance_after,
               unnest($45::text[]) AS cause, unnest($46::text[])::json AS draws, unnest($47::text[])::json AS grounds,
               unnest($48::integer[]) AS programme_version, unnest($49::timestamptz[]) AS occurred_at,
               unnest($50::bytea[]) AS link, unnest($51::bigint[]) AS batch
    ) AS new
), sealed AS (
    UPDATE seal SET entries = seal.entries + added.entries, batch = added.batch,
           link = sha256(seal.link || added.links), recorded_at = $52::timestamptz
    FROM (
        SELECT unnest($53::smallint[]) AS shard, unnest($54::bigint[]) AS batch, unnest($55::bigint[]) AS entries,
               unnest($56::bytea[]) AS links
    ) AS added
    WHERE seal.shard = added.shard
)
SELECT count(*) AS "updated!" FROM posted
