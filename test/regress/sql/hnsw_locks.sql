-- A scan takes no heavyweight lock but those that every index scan takes, and keeps no page pinned:
-- between two rows it is in nobody's way.
SET client_min_messages = warning;
SET enable_seqscan = off;
CREATE TABLE items (id int PRIMARY KEY, embedding vector(64));
INSERT INTO items SELECT n, (SELECT array_agg(sin(n * i)) FROM generate_series(1, 64) AS i)::vector FROM generate_series(1, 500) AS n;
CREATE INDEX by_embedding ON items USING hnsw (embedding vector_l2_ops);

BEGIN;
DECLARE scan CURSOR FOR SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 7);
FETCH 1 FROM scan;
SELECT locktype, mode, page, tuple FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'by_embedding'::regclass;
MOVE 400 FROM scan;
SELECT locktype, mode, page, tuple FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'by_embedding'::regclass;
-- an insert, which changes pages that the scan has read, in the middle of it
INSERT INTO items SELECT 501, embedding FROM items WHERE id = 7;
INSERT INTO items SELECT 502, (SELECT array_agg(cos(i)) FROM generate_series(1, 64) AS i)::vector;
FETCH ALL FROM scan \g /dev/null
COMMIT;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 7)) AS found;
DROP TABLE items;
