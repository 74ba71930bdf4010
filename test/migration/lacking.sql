-- Uses of what pgvector has and this project has not.
CREATE EXTENSION vector;
CREATE TABLE items (id int, v vector(3), words sparsevec(100), codes bit(8));
INSERT INTO items VALUES (1, '[1,2,3]', '{1:1,3:2}/100', '10101010');
CREATE INDEX items_lists ON items USING ivfflat (v vector_l2_ops) WITH (lists = 1);
CREATE INDEX items_codes ON items USING hnsw (codes bit_hamming_ops);
CREATE INDEX items_words ON items USING hnsw (words sparsevec_l2_ops);
CREATE VIEW distances AS SELECT id, codes <~> '11110000' AS distance FROM items;
CREATE DOMAIN bag AS sparsevec(10);
CREATE TABLE lists (bags sparsevec[]);
CREATE FUNCTION words_of(sparsevec) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE kept (v vector(3));
CREATE INDEX kept_v ON kept USING hnsw (v vector_l2_ops);
