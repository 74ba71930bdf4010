# Recall: how many of the 10 nearest rows an index scan finds, with default settings, in an index that was built, one
# that was inserted into, one whose graph outgrew its memory, and one that was vacuumed.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = 8000;
my $inserted_rows = 4000;
my $dimensions = 32;
my $enough = 0.95;

my $node = started_node('main', '');
$node->safe_psql(
	'postgres', qq(
	CREATE TABLE vectors (id int, embedding vector($dimensions));
	CREATE TABLE queries (LIKE vectors);
));
my $path = vector_file(1, $rows, $dimensions, 2);
$node->safe_psql('postgres', "COPY vectors FROM '$path'");
$path = vector_file(1, 100, $dimensions, 3);
$node->safe_psql('postgres', "COPY queries FROM '$path'");

# Compares what the index finds with what is nearest.
sub recall_is_enough
{
	my ($operator, $name) = @_;
	my $recall = recall($node, $operator);
	return cmp_ok($recall, '>=', $enough, sprintf('%s: recall %.3f', $name, $recall));
}

sub delete_half_and_vacuum
{
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 2 = 0');
	$node->safe_psql('postgres', 'VACUUM items');
}

foreach my $opclass (sort keys %operator_of)
{
	my $operator = $operator_of{$opclass};
	$node->safe_psql(
		'postgres', qq(
		CREATE TABLE items (LIKE vectors);
		INSERT INTO items TABLE vectors;
		CREATE INDEX items_embedding ON items USING hnsw (embedding $opclass);
	));
	recall_is_enough($operator, "$opclass, built");
	delete_half_and_vacuum();
	recall_is_enough($operator, "$opclass, built, half deleted");

	$node->safe_psql(
		'postgres', qq(
		TRUNCATE items;
		INSERT INTO items SELECT * FROM vectors WHERE id <= $inserted_rows;
	));
	recall_is_enough($operator, "$opclass, inserted");
	delete_half_and_vacuum();
	recall_is_enough($operator, "$opclass, inserted, half deleted");
	# into the slots of the others
	$node->safe_psql('postgres', "INSERT INTO items SELECT * FROM vectors WHERE id BETWEEN 6001 AND 8000");
	recall_is_enough($operator, "$opclass, inserted again");

	$node->safe_psql('postgres', 'DROP TABLE items');
}

# A graph that outgrows maintenance_work_mem
$node->safe_psql('postgres', 'CREATE TABLE items (LIKE vectors); INSERT INTO items SELECT * FROM vectors WHERE id <= 5000');
my ($ret, $stdout, $stderr) = $node->psql(
	'postgres', q(
	SET maintenance_work_mem = '1MB';
	CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
));
is($ret, 0, 'built in little memory');
like(
	$stderr,
	qr/NOTICE:  hnsw graph no longer fits into maintenance_work_mem after (\d+) tuples\n.*DETAIL:  Building will take significantly more time\.\n.*HINT:  Increase maintenance_work_mem to speed up builds\./,
	'notice about too little memory');
my ($tuples) = $stderr =~ /after (\d+) tuples/;
cmp_ok($tuples, '>', 1000, 'the memory holds some rows');
cmp_ok($tuples, '<', 4500, 'and not many');
recall_is_enough('<->', 'built in little memory');
is($node->safe_psql('postgres', q(SELECT reltuples FROM pg_class WHERE relname = 'items_embedding')),
	5000, 'all rows are counted');

$node->stop;
done_testing();
