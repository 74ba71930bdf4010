# A table under load, for the tests of concurrency, crashes and recovery: sessions that insert, update, delete, select,
# vacuum, and build indexes concurrently, as pgbench scripts. Any error ends pgbench with a failure.
#
# The table has an index of each codec, told apart by their operators. Ids come again and again, so rows die and slots
# are used anew; a fourth of the vectors are equal to others.
package HnswLoad;
use strict;
use warnings;

use Exporter qw(import);
use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(make_loaded_table start_load start_queries finish_load drop_unfinished_indexes every_row_is_found);

my $ids = 4000;
my %index_of = ('<->' => 'items_sq8', '<=>' => 'items_full');
my $query = '[1,0,-1,0.5,0,0,1,0,1,1,0,0,0,1,0,1]';

sub make_loaded_table
{
	my ($node) = @_;
	$node->safe_psql(
		'postgres', qq(
		CREATE TABLE items (id int PRIMARY KEY, embedding vector(16));
		CREATE FUNCTION draw(id int) RETURNS vector LANGUAGE sql VOLATILE AS \$\$
			SELECT CASE WHEN id % 4 = 0 THEN array_fill(1 + id / 4 % 50, ARRAY[16])
				ELSE ARRAY(SELECT random() - 0.5 FROM generate_series(1, 16) WHERE id > 0) END::vector
		\$\$;
		INSERT INTO items SELECT n, draw(n) FROM generate_series(1, $ids, 2) AS n;
		CREATE INDEX items_sq8 ON items USING hnsw (embedding vector_l2_ops) WITH (m = 6, ef_construction = 24, quantization = 'sq8');
		CREATE INDEX items_full ON items USING hnsw (embedding vector_cosine_ops) WITH (m = 6, ef_construction = 24, quantization = 'none');
		ALTER DATABASE postgres SET enable_seqscan = off));
	return;
}

# Truth, against an exhaustive scan by index. Numbers, so that pgbench can compare them.
my $by_table = 'SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off;';
my $by_index = 'SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = on;';
my $sums = 'SELECT count(*) AS %s, coalesce(sum(id::bigint * id), 0) AS %s';
my $audit = "BEGIN ISOLATION LEVEL REPEATABLE READ;\n" . join("\n", split /(?<=;) /, $by_table) . "\n"
	. sprintf($sums, 'rows', 'ids') . " FROM items\n\\gset\n" . join("\n", split /(?<=;) /, $by_index) . "\n"
	. join('', map { sprintf($sums, 'found_rows', 'found_ids') . " FROM (SELECT id FROM items ORDER BY embedding $_ '$query') t\n\\gset\n"
		. "SELECT 1 / (:rows = :found_rows AND :ids = :found_ids)::int;\n" } sort keys %index_of)
	. "COMMIT;\n\\sleep 100 ms\n";

my %script = (
	insert => "\\set id random(1, $ids)\nINSERT INTO items VALUES (:id, draw(:id)) ON CONFLICT DO NOTHING;\n",
	update => "\\set id random(1, $ids)\nUPDATE items SET embedding = draw(:id) WHERE id = :id;\n",
	touch => "\\set id random(1, $ids)\nUPDATE items SET embedding = embedding WHERE id = :id;\n",
	delete => "\\set id random(1, $ids)\nDELETE FROM items WHERE id = :id;\n",
	# several rows at once, and in vain
	batch => "\\set id random(1, $ids)\nBEGIN;\nINSERT INTO items SELECT n, draw(n) FROM generate_series(:id, :id + 5) AS n ON CONFLICT DO NOTHING;\nROLLBACK;\n",
	# twenty rows, and each once
	select => join('', map {
			"SELECT 1 / (count(*) = 20 AND count(DISTINCT id) = 20)::int FROM (SELECT id FROM items ORDER BY embedding $_ draw(1) LIMIT 20) t;\n"
		} sort keys %index_of),
	audit => $audit,
	vacuum => "VACUUM items;\n\\sleep 100 ms\n",
	check => join('', map { "SELECT hnsw_check('$_', true);\n" } sort values %index_of),
	checkpoint => "CHECKPOINT;\n\\sleep 700 ms\n",
	build => q(
CREATE INDEX CONCURRENTLY items_ip ON items USING hnsw (embedding vector_ip_ops) WITH (m = 6, ef_construction = 24);
SELECT hnsw_check('items_ip', true);
REINDEX INDEX CONCURRENTLY items_sq8;
SELECT hnsw_check('items_sq8', true);
DROP INDEX CONCURRENTLY items_ip;
REINDEX INDEX CONCURRENTLY items_full;
SELECT hnsw_check('items_full', true);
));

# Starts several pgbench of a name, number of clients, and scripts with their weights.
sub started
{
	my ($node, $seconds, @parts) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my %file;
	foreach my $name (sort keys %script)
	{
		$file{$name} = "$dir/$name.sql";
		append_to_file($file{$name}, $script{$name});
	}
	return map {
		my ($name, $clients, %weight_of) = @$_;
		my ($out, $err) = ('', '');
		my @scripts = map { ('-f', "$file{$_}\@$weight_of{$_}") } sort keys %weight_of;
		{
			name => $name, out => \$out, err => \$err,
			run => IPC::Run::start([ 'pgbench', '-n', '-T', $seconds, '-c', $clients, @scripts, $node->connstr('postgres') ],
				'>', \$out, '2>', \$err)
		}
	} @parts;
}

# Starts all that for some seconds. Returns what finish_load wants.
sub start_load
{
	my ($node, $seconds) = @_;
	return started($node, $seconds,
		[ 'writers', 4, insert => 6, update => 2, touch => 1, delete => 3, batch => 1, select => 2 ],
		[ 'vacuum', 1, vacuum => 1 ],
		[ 'checkpoints', 1, checkpoint => 1 ],
		[ 'builds', 1, build => 1 ],
		[ 'audit', 1, audit => 4, check => 1 ]);
}

# The part that a standby can take.
sub start_queries
{
	my ($node, $seconds) = @_;
	return started($node, $seconds, [ 'queries of the standby', 2, select => 2, audit => 2, check => 1 ]);
}

# Waits for the end; with $expect_failure not set, it must be a good one.
sub finish_load
{
	my ($expect_failure, @load) = @_;
	foreach my $part (@load)
	{
		my $good = $part->{run}->finish;
		next if $expect_failure;
		my ($transactions) = ${ $part->{out} } =~ /actually processed: (\d+)/;
		$transactions //= 0;
		ok($good && $transactions > 0, "$part->{name}: $transactions transactions without an error") || diag(${ $part->{err} });
	}
	return;
}

# What CREATE INDEX CONCURRENTLY and the like leave behind when they are interrupted.
sub drop_unfinished_indexes
{
	my ($node) = @_;
	$node->safe_psql('postgres', q(
		DROP INDEX IF EXISTS items_ip;
		DO $$ DECLARE name text; BEGIN
			FOR name IN SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid AND indrelid = 'items'::regclass LOOP
				EXECUTE 'DROP INDEX ' || name;
			END LOOP;
		END $$));
	return;
}

# By exhaustive scans of each index: the rows of a sequential scan, each once.
sub every_row_is_found
{
	my ($node, $name) = @_;
	my $expected = $node->safe_psql('postgres', "BEGIN; $by_table SELECT id, embedding FROM items ORDER BY id; COMMIT");
	foreach my $operator (sort keys %index_of)
	{
		my $statement = "SELECT id, embedding FROM items ORDER BY embedding $operator '$query'";
		like($node->safe_psql('postgres', "BEGIN; $by_index EXPLAIN $statement; COMMIT"), qr/Index Scan using $index_of{$operator} /,
			"$name: $index_of{$operator} is used");
		my $found = $node->safe_psql('postgres', "BEGIN; $by_index SELECT * FROM ($statement) t ORDER BY id; COMMIT");
		ok($found eq $expected, "$name: $index_of{$operator} has the rows of the table, each once")
			|| diag(sprintf '%d rows by index, %d by a sequential scan', map { scalar(() = /\n/g) + 1 } $found, $expected);
	}
	return;
}

1;
