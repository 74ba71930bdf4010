# Crashes: after recovery the index answers as before, has every committed row, and can be inserted into and vacuumed.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = started_node('main', 'shared_buffers = 16MB');
my $query = q('[1,0,-1,0.5,0,0,1,0]');
my $operator = '<->';

sub crash
{
	$node->stop('immediate');
	$node->start;
}

# Inserts, deletes and vacuums after a crash; the index still has every row.
sub goes_on
{
	my ($name) = @_;
	$node->safe_psql(
		'postgres', q(
		INSERT INTO items SELECT 100000 + n, ARRAY(SELECT sin(n * k) FROM generate_series(1, 8) AS k)::vector FROM generate_series(1, 200) AS n;
		DELETE FROM items WHERE id % 7 = 0;
		VACUUM items;
		INSERT INTO items SELECT 200000 + n, ARRAY(SELECT cos(n * k) FROM generate_series(1, 8) AS k)::vector FROM generate_series(1, 200) AS n;
		DELETE FROM items WHERE id >= 100000));
	$node->safe_psql('postgres', 'VACUUM items');
	all_indexes_are_sound($node, "$name: goes on");
	return hardly_any_lost($node, 'vector_l2_ops', $query, "$name: goes on");
}

$node->safe_psql(
	'postgres', q(
	CREATE TABLE items (id int, embedding vector(8));
	CREATE TABLE more (LIKE items);
	CREATE UNLOGGED TABLE volatile (id int, embedding vector(8));
	CREATE INDEX volatile_embedding ON volatile USING hnsw (embedding vector_l2_ops)));
my $path = vector_file(1, 3000, 8, 2);
$node->safe_psql('postgres', "COPY items FROM '$path'; COPY volatile FROM '$path'; CHECKPOINT");
$path = vector_file(3001, 2000, 8, 3);
$node->safe_psql('postgres', "COPY more FROM '$path'");

# A built index
$node->safe_psql('postgres', 'CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops)');
my $answer_sql = by_index_only(100) . nearest($operator, $query, 50);
my $before = $node->safe_psql('postgres', $answer_sql);
crash();
is($node->safe_psql('postgres', $answer_sql), $before, 'built index after a crash');
is(rows_not_found($node, 'items', $operator, $query), 0, 'built index after a crash: all rows');
same_as_seqscan($node, $operator, $query, 20, 'built index after a crash: nearest rows');

# An unlogged index is empty, and of use
is($node->safe_psql('postgres', by_index_only(100) . "SELECT count(*) FROM (SELECT FROM volatile ORDER BY embedding <-> $query) t"),
	0, 'unlogged index after a crash: empty');
all_indexes_are_sound($node, 'after a crash');
$node->safe_psql('postgres', 'INSERT INTO volatile SELECT * FROM more WHERE id <= 4000');
is(rows_not_found($node, 'volatile', $operator, $query), 0, 'unlogged index after a crash: takes rows');
$node->safe_psql('postgres', 'DELETE FROM volatile WHERE id % 2 = 0; VACUUM volatile; REINDEX TABLE volatile');
is(rows_not_found($node, 'volatile', $operator, $query), 0, 'unlogged index built anew');

# Rows inserted after a build, some in a transaction that does not commit; without and with a checkpoint in between
foreach my $checkpoint ('', 'CHECKPOINT;')
{
	my $name = $checkpoint ? 'inserts after a checkpoint' : 'inserts';
	$node->safe_psql('postgres', "INSERT INTO items SELECT * FROM more WHERE id <= 4000");
	my $open = $node->background_psql('postgres');
	$open->query_safe('BEGIN');
	$open->query_safe('INSERT INTO items SELECT -id, embedding FROM more WHERE id > 4000');
	$node->safe_psql('postgres', "$checkpoint INSERT INTO items SELECT * FROM more WHERE id > 4000");
	$before = $node->safe_psql('postgres', $answer_sql);
	$node->stop('immediate');
	$open->{run}->finish;
	$node->start;
	is($node->safe_psql('postgres', $answer_sql), $before, "$name: same answer");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM items WHERE id < 0'), 0, "$name: the open transaction is gone");
	is(rows_not_found($node, 'items', $operator, $query), 0, "$name: every committed row is found");
	same_as_seqscan($node, $operator, $query, 20, "$name: nearest rows");
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 3000; VACUUM items');
}
goes_on('inserts');

# In the middle of inserting, deleting and vacuuming, at points that nobody chose
my $script = PostgreSQL::Test::Utils::tempdir . '/change.sql';
append_to_file(
	$script, q(
\set id random(1, 3000)
DELETE FROM items WHERE id = :id;
INSERT INTO items SELECT id, embedding FROM more OFFSET :id % 2000 LIMIT 1;
INSERT INTO items VALUES (:id, ARRAY[:id % 3, 0, 0, 0, 1, 1, 1, 1]::vector);
));
my $vacuum = PostgreSQL::Test::Utils::tempdir . '/vacuum.sql';
append_to_file($vacuum, "VACUUM items;\n");
foreach my $round (1 .. 3)
{
	my @running = map {
		my ($file, $clients) = @$_;
		IPC::Run::start([ 'pgbench', '-n', '-T', 30, '-c', $clients, '-f', $file, $node->connstr('postgres') ],
			'>', \my $out, '2>', \my $err)
	} ([ $script, 3 ], [ $vacuum, 1 ]);
	select(undef, undef, undef, 0.7 + 0.4 * $round);
	$node->safe_psql('postgres', 'CHECKPOINT') if $round == 2;
	$node->stop('immediate');
	$_->finish foreach @running;
	$node->start;
	all_indexes_are_sound($node, "crash $round while changing");
	hardly_any_lost($node, 'vector_l2_ops', $query, "crash $round while changing");
	$node->safe_psql('postgres', 'VACUUM items');
	goes_on("crash $round while changing");
}

# A build that is interrupted leaves nothing behind that matters
my $build = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'CREATE INDEX interrupted ON items USING hnsw (embedding vector_l2_ops)' ],
	'>', \my $out, '2>', \my $err);
select(undef, undef, undef, 0.1);
$node->stop('immediate');
$build->finish;
$node->start;
$node->safe_psql('postgres', 'DROP INDEX IF EXISTS interrupted; REINDEX TABLE items');
is(rows_not_found($node, 'items', $operator, $query), 0, 'built anew');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|XX00|corrupted|signal 11|signal 6/, 'nothing of the kind in the log');
done_testing();
