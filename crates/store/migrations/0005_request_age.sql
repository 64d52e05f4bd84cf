-- Old requests are forgotten in the order of their age. Rows are written in that order too, so the index grows at its end.
CREATE INDEX request_by_age ON request (recorded_at);
