# The quantized index on random data of many kinds: the first rows come in the order of their true distances, no lower
# bound is above a distance ("index returned tuples in wrong order"), and a scan to its end gives every row once. Both when
# the executor puts the rows in order and when the scan does.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = 400;
my $node = started_node('main', 'jit = off');

# ---- the checks, in the server ----
$node->safe_psql(
	'postgres', q(
	CREATE TABLE items (id int, v vector, h halfvec);
	CREATE TABLE queries (LIKE items);
	-- What an index scan for one query, with these settings, does wrong. `wanted`: rows that come in order.
	CREATE FUNCTION problems(distance text, ef int, wanted int, max_tuples int, mode text, exact_rows int[]) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		distances float8[];
		ids int[];
		reached int;
	BEGIN
		PERFORM set_config('hnsw.ef_search', ef::text, true), set_config('hnsw.max_scan_tuples', max_tuples::text, true),
			set_config('hnsw.iterative_scan', mode, true);
		EXECUTE format('SELECT array_agg(d) FROM (SELECT %s AS d FROM items ORDER BY %1$s LIMIT %s) t', distance, wanted) INTO distances;
		IF cardinality(distances) <> least(wanted, cardinality(exact_rows)) THEN RETURN 'too few rows'; END IF;
		FOR i IN 2 .. cardinality(distances) LOOP
			IF distances[i] < distances[i - 1] THEN
				-- In order are those that the first search comes to. Now and then the graph hides some from it, which come late.
				PERFORM set_config('hnsw.iterative_scan', 'off', true);
				EXECUTE format('SELECT count(*) FROM (SELECT FROM items ORDER BY %s) t', distance) INTO reached;
				PERFORM set_config('hnsw.iterative_scan', mode, true);
				EXIT WHEN i > reached;
				RETURN format('row %s of %s, %s reached: %s after %s', i, wanted, reached, distances[i], distances[i - 1]);
			END IF;
		END LOOP;
		EXECUTE format('SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM items ORDER BY %s) t', distance) INTO ids;
		IF ids IS DISTINCT FROM exact_rows THEN RETURN 'not every row once'; END IF;
		RETURN NULL;
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLERRM;
	END $$;
	-- The same for all queries, with several settings.
	CREATE FUNCTION all_problems(element text, operator text) RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE
		distance text;
		query record;
		exact_rows int[];
		setting record;
	BEGIN
		FOR query IN SELECT id, CASE WHEN element LIKE 'v%' THEN v::text ELSE h::text END AS text FROM queries LOOP
			distance := format('%s %s %L', element, operator, query.text);
			SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = on;
			EXECUTE format('SELECT array_agg(id ORDER BY id) FROM items WHERE %s <> ''NaN''', distance) INTO exact_rows;
			SET LOCAL enable_indexscan = on; SET LOCAL enable_seqscan = off;
			CONTINUE WHEN exact_rows IS NULL;    -- a zero vector has no cosine distance
			FOR setting IN SELECT * FROM (VALUES (40, 40, 20000, 'strict_order'), (10, 10, 1, 'strict_order'), (15, 5, 200, 'relaxed_order'), (1000, 350, 20000, 'relaxed_order'))
				AS t (ef, wanted, max_tuples, mode) LOOP
				RETURN QUERY SELECT format('query %s, %s: %s', query.id, setting, p)
				FROM problems(distance, setting.ef, setting.wanted, setting.max_tuples, setting.mode, exact_rows) AS p WHERE p IS NOT NULL;
			END LOOP;
		END LOOP;
	END $$;
));

# ---- the data ----
sub gauss { return sqrt(-2 * log(1 - rand)) * cos(6.283185307179586 * rand) }
sub gaussian
{
	my ($dimensions) = @_;
	return [ map { gauss() } 1 .. $dimensions ];
}
sub scaled
{
	my ($factor, $vector) = @_;
	return [ map { $factor * $_ } @$vector ];
}
my @few;
# One vector of each distribution: what a vector column gets, and what a halfvec column gets if that is another.
my %draw = (
	gaussian => \&gaussian,
	offset => sub { [ map { 100 + $_ } @{ gaussian(@_) } ] },
	sparse => sub { [ map { rand() < 0.05 ? gauss() : 0 } 1 .. $_[0] ] },
	huge => sub { my $vector = gaussian(@_); (scaled(1e15, $vector), scaled(1e4, $vector)) },
	# squares of these have no place in single precision
	extreme => sub { my $vector = gaussian(@_); (scaled(1e30, $vector), scaled(1.2e4, $vector)) },
	tiny => sub { my $vector = gaussian(@_); (scaled(1e-25, $vector), scaled(1e-6, $vector)) },
	lengths => sub { my $factor = exp(6 * gauss()); my $vector = gaussian(@_); (scaled($factor, $vector), scaled($factor < 1e4 ? $factor : 1e4, $vector)) },
	outlier => sub { my $vector = gaussian(@_); $vector->[3] *= 1000; $vector },
	duplicates => sub { $few[ int(rand(@few)) ] },
	constant => sub { [ (3) x $_[0] ] });

sub text
{
	return '[' . join(',', map { sprintf '%.6g', $_ } @{ $_[0] }) . ']';
}
my $path = PostgreSQL::Test::Utils::tempdir . '/vectors';
sub copy
{
	my ($table, @vectors) = @_;
	my $id = 0;
	open my $file, '>', $path or die "$path: $!";
	print $file join("\t", ++$id, text($_->[0]), text($_->[-1])), "\n" foreach @vectors;
	close $file;
	$node->safe_psql('postgres', "COPY $table FROM '$path'");
	return;
}

foreach my $run ([ executor => 17, 64, 200 ], [ scan => 64, 200 ])
{
	my ($order, @dimensions) = @$run;
	local $ENV{VECTOR_FORCE_EXACT_ORDER} = $order;
	$node->restart;
	srand(7);
	foreach my $distribution (sort keys %draw)
	{
		my @problems;
		foreach my $dimensions (@dimensions)
		{
			@few = map { gaussian($dimensions) } 1 .. 20;
			my @vectors = map { [ $draw{$distribution}->($dimensions) ] } 1 .. $rows;
			$node->safe_psql('postgres', 'TRUNCATE items, queries');
			copy('queries', (map { [ $draw{$distribution}->($dimensions) ] } 1 .. 4), $vectors[9], [ gaussian($dimensions) ], [ [ (0) x $dimensions ] ]);
			copy('items', @vectors);
			foreach my $type ('vector', 'halfvec')
			{
				my $element = substr($type, 0, 1) . "::$type($dimensions)";
				foreach my $metric ([ l2 => '<->' ], [ ip => '<#>' ], [ cosine => '<=>' ])
				{
					my ($name, $operator) = @$metric;
					my $index = "CREATE INDEX items_embedding ON items USING hnsw (($element) ${type}_${name}_ops) WITH (quantization = sq8, m = 8, ef_construction = 40)";
					# built with half of the rows, or with none
					my $start = $dimensions == 64 ? 0 : $rows / 2;
					my $found = $node->safe_psql(
						'postgres', qq(
						CREATE TABLE kept AS TABLE items;
						DELETE FROM items WHERE id > $start;
						VACUUM items;
						$index;
						INSERT INTO items SELECT * FROM kept WHERE id > $start;
						SELECT all_problems('($element)', '$operator');
						DROP INDEX items_embedding;
						DROP TABLE kept));
					push @problems, map { "$type($dimensions) $name, $_" } split /\n/, $found;
				}
			}
		}
		is(scalar @problems, 0, "$distribution vectors, order by the $order") or diag(join "\n", @problems[ 0 .. ($#problems > 9 ? 9 : $#problems) ]);
	}
}
$node->restart;

# ---- recall of clustered vectors ----
my $dimensions = 64;
$node->safe_psql(
	'postgres', qq(
	DROP TABLE items, queries;
	CREATE TABLE vectors (id int, embedding vector($dimensions));
	CREATE TABLE queries (LIKE vectors)));
$path = vector_file(1, 3000, $dimensions, 2);
$node->safe_psql('postgres', "COPY vectors FROM '$path'");
$path = vector_file(1, 50, $dimensions, 3);
$node->safe_psql('postgres', "COPY queries FROM '$path'");

sub recall_is_enough
{
	my ($operator, $type, $name) = @_;
	my $found = 'SELECT q.id, ARRAY(' . nearest($operator, "q.embedding::$type", 10) . ') AS ids FROM queries q';
	my $recall = $node->safe_psql(
		'postgres', qq(
		SET enable_indexscan = off;
		CREATE TEMP TABLE exact AS $found;
		SET enable_indexscan = on;
		SET enable_seqscan = off;
		SET enable_sort = off;
		SET hnsw.ef_search = 100;
		CREATE TEMP TABLE found AS $found;
		SELECT sum(cardinality(ARRAY(SELECT unnest(f.ids) INTERSECT SELECT unnest(e.ids)))) * 1.0 / sum(cardinality(e.ids))
		FROM exact e JOIN found f USING (id)));
	return cmp_ok($recall, '>=', 0.95, sprintf('%s: recall %.3f', $name, $recall));
}

foreach my $type ('vector', 'halfvec')
{
	foreach my $metric ([ l2 => '<->' ], [ ip => '<#>' ], [ cosine => '<=>' ])
	{
		my $opclass = "${type}_$metric->[0]_ops";
		$node->safe_psql(
			'postgres', qq(
			CREATE TABLE items (id int, embedding $type($dimensions));
			INSERT INTO items TABLE vectors;
			CREATE INDEX items_embedding ON items USING hnsw (embedding $opclass) WITH (quantization = sq8)));
		recall_is_enough($metric->[1], $type, "$opclass, built");
		$node->safe_psql('postgres', 'TRUNCATE items; INSERT INTO items TABLE vectors');
		recall_is_enough($metric->[1], $type, "$opclass, inserted");
		$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 0');
		$node->safe_psql('postgres', 'VACUUM items');
		recall_is_enough($metric->[1], $type, "$opclass, inserted, a third deleted");
		$node->safe_psql('postgres', 'DROP TABLE items');
	}
}

$node->stop;
unlike(slurp_file($node->logfile), qr/wrong order|PANIC|TRAP|terminated by signal/, 'nothing of the kind in the log');
done_testing();
