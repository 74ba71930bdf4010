-- Answers that must stay the same, whatever executes them; \set way to the settings of a session.
LOAD 'vector';
:way
SET hnsw.ef_search = 1000;
SELECT 'l2', round((v <-> :q)::numeric, 3) FROM items ORDER BY v <-> :q LIMIT 20;
SELECT 'ip', round((v <#> :q)::numeric, 3) FROM items ORDER BY v <#> :q LIMIT 20;
SELECT 'cosine', round((v <=> :q)::numeric, 3) FROM items WHERE id > 10 AND id <> 1502 ORDER BY v <=> :q LIMIT 20;
SELECT 'l1', round((v <+> :q)::numeric, 3) FROM items ORDER BY v <+> :q LIMIT 20;
SELECT 'halves: l2', round((h <-> :q)::numeric, 3) FROM items ORDER BY h <-> :q LIMIT 20;
SELECT 'halves: ip', round((h <#> :q)::numeric, 3) FROM items ORDER BY h <#> :q LIMIT 20;
SELECT 'halves: cosine', round((h <=> :q)::numeric, 3) FROM items WHERE id <> 1502 ORDER BY h <=> :q LIMIT 20;
SELECT 'halves: l1', round((h <+> :q)::numeric, 3) FROM items ORDER BY h <+> :q LIMIT 20;
SELECT 'expression', round((v::halfvec(24) <-> :q)::numeric, 3) FROM items ORDER BY v::halfvec(24) <-> :q LIMIT 20;
SELECT 'partitions', round((v <-> '[50,3,1]')::numeric, 3) FROM parts ORDER BY v <-> '[50,3,1]' LIMIT 5;
SELECT 'unlogged', round((h <-> '[50.4,1]')::numeric, 3) FROM "Other one".unlogged ORDER BY h <-> '[50.4,1]' LIMIT 5;
SELECT 'materialized view', round((mean <-> :q)::numeric, 3) FROM means ORDER BY mean <-> :q LIMIT 5;
SELECT 'view', id, other, round(distance::numeric, 3) FROM differing ORDER BY id, other;
SELECT 'function', nearest(:q);
SELECT 'values', digest(array_agg(v ORDER BY id)), digest(array_agg(h::vector ORDER BY id)), md5(sum(v)::text) FROM items;
SELECT 'order', md5(string_agg(id::text, ' ' ORDER BY v, h)) FROM items;
