-- routed → waiting behind its key
INSERT INTO waiting ("trigger", offset, order_key) VALUES (?, ?, ?)
ON CONFLICT ("trigger", offset) DO UPDATE SET order_key = excluded.order_key
