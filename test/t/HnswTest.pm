# What the tests of hnsw share: vectors of a given distribution, exact answers, and comparisons with them.
package HnswTest;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(%operator_of started_node vector_file nearest by_index_only same_as_seqscan recall rows_not_found every_row_once
	hardly_any_lost all_indexes_are_sound build_report tuples_and_megabytes);

our %operator_of = (vector_l2_ops => '<->', vector_ip_ops => '<#>', vector_cosine_ops => '<=>');

# A server with the extension in it, and no autovacuum unless a test asks for it.
sub started_node
{
	my ($name, $settings, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%init);
	$node->append_conf('postgresql.conf', "autovacuum = off\nlog_statement = none\nmax_parallel_workers_per_gather = 0\n$settings");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION vector');
	return $node;
}

# Normally distributed.
sub gauss
{
	return sqrt(-2 * log(1 - rand)) * cos(6.283185307179586 * rand);
}

# A file for COPY with ids from $first on: $count vectors from 100 clusters. The same centres whatever the seed, so
# queries may come from the distribution of the rows.
sub vector_file
{
	my ($first, $count, $dimensions, $seed) = @_;
	srand(1);
	my @centres = map { [ map { gauss() } 1 .. $dimensions ] } 1 .. 100;
	srand($seed);
	my $path = abs_path(PostgreSQL::Test::Utils::tempdir) . '/vectors';
	open my $file, '>', $path or die "$path: $!";
	foreach my $id ($first .. $first + $count - 1)
	{
		my $centre = $centres[ int(rand(@centres)) ];
		print $file "$id\t[", join(',', map { sprintf '%.4f', $_ + 1.15 * gauss() } @$centre), "]\n";
	}
	close $file;
	return $path;
}

# The statement for the rows of `items` nearest to a query.
sub nearest
{
	my ($operator, $query, $limit) = @_;
	return "SELECT id FROM items ORDER BY embedding $operator $query LIMIT $limit";
}

# To be put before statements that shall use the index, whatever they cost.
sub by_index_only
{
	my ($ef_search) = @_;
	return "SET enable_seqscan = off; SET enable_bitmapscan = off; LOAD 'vector'; SET hnsw.ef_search = $ef_search;";
}

# The share of the 10 nearest rows in `items`, to each vector of `queries`, that an index scan finds by default.
sub recall
{
	my ($node, $operator) = @_;
	my $ten = nearest($operator, 'q.embedding', 10);
	my $found = "SELECT q.id, ARRAY($ten) AS ids FROM queries q";
	my $plan = $node->safe_psql('postgres', by_index_only(40) . "EXPLAIN $found");
	die "not by index:\n$plan" unless $plan =~ /Index Scan using \w+ on items/;
	return $node->safe_psql(
		'postgres', qq(
		SET enable_indexscan = off;
		CREATE TEMP TABLE exact AS $found;
		SET enable_indexscan = on;
		SET enable_seqscan = off;
		CREATE TEMP TABLE found AS $found;
		SELECT sum(cardinality(ARRAY(SELECT unnest(f.ids) INTERSECT SELECT unnest(e.ids)))) * 1.0 / sum(cardinality(e.ids))
		FROM exact e JOIN found f USING (id)));
}

# How many rows of a table the search for the nearest to $query does not come to, or with $iterative_scan the scan.
# The table has fewer elements than the largest ef_search.
sub rows_not_found
{
	my ($node, $table, $operator, $query, $iterative_scan) = @_;
	$iterative_scan //= 'off';
	return $node->safe_psql('postgres', by_index_only(10000) . qq(
		SET hnsw.iterative_scan = $iterative_scan;
		SELECT count(*) FROM (SELECT ctid FROM $table WHERE embedding IS NOT NULL EXCEPT ALL
			SELECT ctid FROM (SELECT ctid FROM $table ORDER BY embedding $operator $query) t) t));
}

# A search for the nearest to $query comes to every row of a table, and to none twice. The table has fewer elements
# than the largest ef_search.
sub every_row_once
{
	my ($node, $table, $operator, $query, $name) = @_;
	my $indexed = $node->safe_psql('postgres', "SELECT count(*) FROM $table WHERE embedding IS NOT NULL");
	my $lost = rows_not_found($node, $table, $operator, $query);
	my $found = $node->safe_psql('postgres', by_index_only(10000) . qq(
		SELECT count(*), count(DISTINCT ctid) FROM (SELECT ctid FROM $table ORDER BY embedding $operator $query) t));
	return is("$lost not found, $found", "0 not found, $indexed|$indexed", "$name: every row once");
}

# At most 0.5 % of the rows of `items` are out of the graph's reach, and no row out of a scan's.
sub hardly_any_lost
{
	my ($node, $opclass, $query, $name) = @_;
	my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM items');
	my $lost = rows_not_found($node, 'items', $operator_of{$opclass}, $query);
	$name = sprintf('%s, %s: %d of %d rows not found', $name, $opclass, $lost, $rows);
	is(rows_not_found($node, 'items', $operator_of{$opclass}, $query, 'strict_order'), 0, "$name, by scans none");
	return cmp_ok($lost, '<=', $rows * 0.005, $name);
}

# hnsw_check finds no damage, and every row. (It may warn of elements out of reach: see hardly_any_lost.)
sub all_indexes_are_sound
{
	my ($node, $name) = @_;
	my ($ret, $stdout, $stderr) = $node->psql('postgres', q(
		SELECT count(hnsw_check(c.oid, true)) FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE amname = 'hnsw' AND relkind = 'i'));
	return ok($ret == 0 && $stdout > 0, "$name: hnsw_check finds the indexes sound") || diag($stderr);
}

# Whether a scan by index gives the same rows as a sequential scan, at the same distances.
sub same_as_seqscan
{
	my ($node, $operator, $query, $limit, $name) = @_;
	# Not ORDER BY distance, id, which needs all rows before PostgreSQL 17.
	my $nearest = "SELECT id, embedding $operator $query AS distance FROM items ORDER BY distance LIMIT $limit";
	my $statement = "SELECT * FROM ($nearest) nearest ORDER BY distance, id";
	my $exact = $node->safe_psql('postgres', "SET enable_indexscan = off; $statement");
	my $found = $node->safe_psql('postgres', by_index_only(1000) . $statement);
	like($node->safe_psql('postgres', by_index_only(1000) . "EXPLAIN $statement"), qr/Index Scan using/, "$name: by index");
	return is($found, $exact, $name);
}

# Runs statements that build an index, and returns what psql reports on standard error.
sub build_report
{
	my ($node, $statements) = @_;
	my ($ret, $stdout, $stderr) = $node->psql('postgres', $statements);
	is($ret, 0, 'built') or diag($stderr);
	return $stderr;
}

# Of the NOTICE about memory: tuples and MB.
sub tuples_and_megabytes
{
	my ($report) = @_;
	return $report =~ /NOTICE:  hnsw graph no longer fits into maintenance_work_mem after (\d+) tuples\n.*DETAIL:  Building will take significantly more time\.\n.*HINT:  Increase maintenance_work_mem to speed up builds\. The whole graph would take about (\d+) MB\./;
}

1;
