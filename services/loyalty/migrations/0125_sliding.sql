-- Points that keep as long as their member comes by: what they earn or spend renews them. A lot keeps what it was promised:
-- so many months and days from then.
ALTER TABLE lot ADD COLUMN slide_months integer, ADD COLUMN slide_days integer,
    ADD CONSTRAINT what_slides_says_how_long CHECK ((slide_months IS NULL) = (slide_days IS NULL)),
    ADD CONSTRAINT what_slides_lapses CHECK (slide_months IS NULL OR lapses_at IS NOT NULL);
