# Sessions that insert, delete, update, select and vacuum at once, with an index for each metric. Nothing fails, and
# afterwards the indexes have the rows of the table.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 7;
my $node = started_node('main', 'shared_buffers = 16MB');
$node->safe_psql(
	'postgres', q(
	CREATE TABLE items (id int PRIMARY KEY, embedding vector(6));
	CREATE INDEX items_l2 ON items USING hnsw (embedding vector_l2_ops) WITH (m = 8);
	CREATE INDEX items_ip ON items USING hnsw (embedding vector_ip_ops) WITH (m = 8);
	CREATE INDEX items_cosine ON items USING hnsw (embedding vector_cosine_ops) WITH (m = 8);
	-- every fourth of a few vectors only, so there are many equal ones
	CREATE FUNCTION draw(id int) RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT CASE WHEN id % 4 = 0 THEN ARRAY[1, 2, 3, id / 4 % 3, 5, 6]
			ELSE ARRAY[random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5] END::vector
	$$;
));

my $dir = PostgreSQL::Test::Utils::tempdir;
sub script
{
	my ($name, $text) = @_;
	append_to_file("$dir/$name.sql", $text);
	return "$dir/$name.sql";
}
my $insert_one = script('insert_one', q(
\set id random(1, 1000000000)
INSERT INTO items VALUES (:id, draw(1)) ON CONFLICT DO NOTHING;
));
my $put = script('put', q(
\set id random(1, 3000)
INSERT INTO items VALUES (:id, draw(:id)) ON CONFLICT (id) DO UPDATE SET embedding = EXCLUDED.embedding;
));
my $take = script('take', q(
\set id random(1, 3000)
DELETE FROM items WHERE id = :id;
));
my $touch = script('touch', q(
\set id random(1, 3000)
UPDATE items SET embedding = embedding WHERE id = :id;
));
my $search = script('search', q(
\set id random(1, 3)
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> '[0.1,0,0,0.2,0,0]' LIMIT 10) t;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <#> ARRAY[1,0,0,:id,0,0]::vector LIMIT 10) t;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <=> ARRAY[1,2,3,:id,5,6]::vector LIMIT 100) t;
));
my $vacuum = script('vacuum', "VACUUM items;\n");
my $check = script('check', join '', map { "SELECT hnsw_check('items_$_', true);\n" } qw(l2 ip cosine));

# All sessions prefer the index to a sort.
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET enable_seqscan = off');

# Starts pgbench, which has to end in time.
sub started
{
	my @arguments = @_;
	my ($out, $err);
	return IPC::Run::start([ 'pgbench', '-n', '-M', 'prepared', @arguments, $node->connstr('postgres') ],
		'>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
}

# The first elements of an empty index, inserted at once, all find one another.
my $lost_first = 0;
foreach my $round (1 .. 8)
{
	$node->safe_psql('postgres', 'TRUNCATE items');
	started('-c', 8, '-j', 2, '-t', 2, '-f', $insert_one)->finish;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM items'), 16, 'first rows') if $round == 1;
	$lost_first += rows_not_found($node, 'items', $_, q('[1,0,1,0,1,0]')) foreach values %operator_of;
}
is($lost_first, 0, 'rows inserted at once into an empty index are all found');

# The mix, from the empty index on
$node->safe_psql('postgres', 'TRUNCATE items');
my @running = (
	started('-T', $seconds, '-c', 6, '-j', 1, map { ('-f', $_) } "$put\@6", "$take\@3", "$touch\@2", "$search\@4"),
	started('-T', $seconds, '-c', 1, '-f', $vacuum),
	started('-T', $seconds, '-c', 1, '-f', $check));
foreach my $run (@running)
{
	ok($run->finish, 'pgbench ends without an error');
}
$node->safe_psql('postgres', 'VACUUM items');
all_indexes_are_sound($node, 'after the mix');
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM items');
cmp_ok($rows, '>', 1000, "rows are left: $rows");
foreach my $opclass (sort keys %operator_of)
{
	hardly_any_lost($node, $opclass, q('[1,0,1,0,1,0]'), 'after the mix');
	is( $node->safe_psql(
			'postgres', by_index_only(10000) . qq(
			SELECT count(*) - count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding $operator_of{$opclass} '[1,0,1,0,1,0]') t)),
		0,
		"$opclass: no row comes twice");
}

# Everything deleted while others insert: the entry point goes, and comes again.
@running = (
	started('-T', 2, '-c', 3, map { ('-f', $_) } "$put\@1", "$search\@1"),
	started('-T', 2, '-c', 1, '-f', $vacuum),
	started('-T', 2, '-c', 1, '-f', $check),
	started('-T', 2, '-c', 1, '-f', script('clear', "DELETE FROM items;\n")));
ok($_->finish, 'pgbench ends without an error when everything is deleted') foreach @running;
$node->safe_psql('postgres', 'VACUUM items');
$node->safe_psql('postgres', 'DELETE FROM items; VACUUM items;');
$node->safe_psql('postgres', 'INSERT INTO items SELECT n, draw(n) FROM generate_series(1, 500) AS n');
is(rows_not_found($node, 'items', '<->', q('[1,0,1,0,1,0]')), 0, 'all rows after all that');
all_indexes_are_sound($node, 'after all that');

# Every row needs a page of its own, so all sessions extend the index all the time. They wait for each other, but somebody
# always gets on, and nobody's page is left empty.
$node->safe_psql(
	'postgres', q(
	CREATE TABLE wide (embedding vector(1536));
	CREATE INDEX wide_embedding ON wide USING hnsw (embedding vector_l2_ops) WITH (quantization = 'none');
));
my $insert_wide = script('insert_wide', "INSERT INTO wide SELECT array_agg(random() - 0.5)::vector FROM generate_series(1, 1536);\n");
my $inserts = started('-c', 8, '-j', 1, '-t', 250, '-f', $insert_wide);
ok($inserts->finish, 'pgbench ends when each row needs a page');
is($node->safe_psql('postgres', q(SELECT element_bytes / 8192, free_elements FROM hnsw_index_stats('wide_embedding'))), '2000|0', 'a page for each row');
all_indexes_are_sound($node, 'after that');

# Before the server stops: a session that has not ended yet would say FATAL.
my $log = slurp_file($node->logfile);
my @errors = grep { /ERROR|FATAL|PANIC|TRAP|terminated by signal/ } split /\n/, $log;
is(scalar @errors, 0, 'no error in the log') or diag(join "\n", @errors[ 0 .. ($#errors > 9 ? 9 : $#errors) ]);
$node->stop;
done_testing();
