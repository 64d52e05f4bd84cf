-- Whose birthday is on a day of the year, in the order in which they are listed.
CREATE INDEX member_birthday ON member (tenant, birth_month, birth_day, member) WHERE birth_month IS NOT NULL;
