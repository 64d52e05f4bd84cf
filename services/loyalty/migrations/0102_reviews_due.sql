-- Whose tier is to be reviewed when. Sums over a programme look through what is due and not written yet.
CREATE INDEX account_review_due ON account (tenant, review_at, shard, member) WHERE review_at IS NOT NULL;
