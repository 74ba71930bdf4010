-- What a database that uses pgvector's vector and halfvec may have in it. Whole numbers, so that sums are exact.
CREATE EXTENSION vector;
CREATE TABLE items (id int PRIMARY KEY, v vector(24), h halfvec(24), unit vector GENERATED ALWAYS AS (l2_normalize(v)) STORED);
SELECT setseed(0.5);
INSERT INTO items
SELECT id, array_agg(floor(random() * 41 - 20)::int)::vector, array_agg(floor(random() * 41 - 20)::int)::halfvec
FROM generate_series(1, 1500) id, generate_series(1, 24) GROUP BY id ORDER BY id;
INSERT INTO items VALUES (1501, NULL, NULL), (1502, array_fill(0, '{24}')::vector, array_fill(0, '{24}')::halfvec);
CREATE INDEX v_l2 ON items USING hnsw (v vector_l2_ops);
CREATE INDEX v_ip ON items USING hnsw (v vector_ip_ops) WITH (m = 8, ef_construction = 40);
CREATE INDEX v_cosine ON items USING hnsw (v vector_cosine_ops) WHERE id > 10;
CREATE INDEX v_l1 ON items USING hnsw (v vector_l1_ops);
CREATE INDEX h_l2 ON items USING hnsw (h halfvec_l2_ops);
CREATE INDEX h_ip ON items USING hnsw (h halfvec_ip_ops);
CREATE INDEX h_cosine ON items USING hnsw (h halfvec_cosine_ops);
CREATE INDEX h_l1 ON items USING hnsw (h halfvec_l1_ops);
CREATE INDEX half_of_v ON items USING hnsw ((v::halfvec(24)) halfvec_l2_ops);
CREATE INDEX v_btree ON items (v);
CREATE INDEX h_btree ON items (h);
CREATE TABLE parts (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
INSERT INTO parts SELECT i, ARRAY[i, i % 7, 1]::vector FROM generate_series(0, 199) i;
CREATE INDEX parts_v ON parts USING hnsw (v vector_l2_ops);
CREATE SCHEMA "Other one";
CREATE UNLOGGED TABLE "Other one".unlogged AS SELECT i AS id, ARRAY[i, 1]::halfvec(2) AS h FROM generate_series(1, 100) i;
CREATE INDEX ON "Other one".unlogged USING hnsw (h halfvec_l2_ops);
CREATE MATERIALIZED VIEW means AS SELECT id % 50 AS part, avg(v)::vector(24) AS mean FROM items GROUP BY 1;
CREATE INDEX ON means USING hnsw (mean vector_l2_ops);
CREATE VIEW differing AS SELECT a.id, b.id AS other, a.v <-> b.v AS distance FROM items a, items b WHERE a.v <> b.v AND a.id < 4 AND b.id < 4;
CREATE FUNCTION nearest(vector) RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM items ORDER BY v <-> $1, id LIMIT 5';
CREATE FUNCTION digest(vector[]) RETURNS text LANGUAGE sql STABLE AS $$SELECT md5(string_agg(v::text, ' ')) FROM unnest($1) v$$;
DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET hnsw.ef_search = 200', current_database()); END$$;
ANALYZE;
