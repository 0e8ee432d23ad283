-- Up to where ids are sifted by spans; beyond it by commits.
SELECT coalesce(max(last_offset), 0) FROM id_spans
