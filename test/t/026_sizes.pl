# The formulas of docs/production.md: sizes of indexes, and the memory of a build.
use strict;
use warnings;
use FindBin;
use HnswTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file("$FindBin::Bin/../../docs/production.md");
my @functions = $page =~ /^(CREATE FUNCTION hnsw_\w+\(.*?^\$\$;$)/mgs;
is(scalar @functions, 2, 'the page has both functions');
my $node = started_node('sizes', 'max_parallel_maintenance_workers = 0');
$node->safe_psql('postgres', $_) foreach @functions;

# Dimensions, m, option, type, bytes of a code, rows.
my @cases = (
	[ 24, 8, 'sq8', 'vector', 16 + 24, 6000 ], [ 24, 16, 'none', 'vector', 4 * 24, 6000 ], [ 128, 16, 'sq8', 'vector', 16 + 128, 4000 ],
	[ 128, 32, 'sq8', 'halfvec', 16 + 128, 4000 ], [ 128, 16, 'none', 'halfvec', 2 * 128, 4000 ], [ 384, 16, 'sq8', 'vector', 16 + 384, 2000 ],
	[ 768, 16, 'sq8', 'vector', 16 + 768, 1500 ], [ 768, 40, 'none', 'vector', 4 * 768, 1000 ], [ 1536, 16, 'sq8', 'halfvec', 16 + 1536, 800 ],
	[ 2000, 16, 'none', 'vector', 4 * 2000, 500 ]);
foreach my $case (@cases)
{
	my ($dimensions, $m, $quantization, $type, $code_bytes, $rows) = @$case;
	my $name = "$type($dimensions), m = $m, $quantization";
	$node->safe_psql('postgres', qq(
		DROP TABLE IF EXISTS sized;
		CREATE TABLE sized (v $type($dimensions));
		SELECT setseed(0.5);
		INSERT INTO sized SELECT array_agg(random() - 0.5)::vector::$type FROM generate_series(1, $rows) n, generate_series(1, $dimensions) GROUP BY n));
	my $create = "CREATE INDEX sized_v ON sized USING hnsw (v ${type}_l2_ops) WITH (m = $m, ef_construction = 80, quantization = '$quantization')";
	my $memory = $node->safe_psql('postgres', "SELECT hnsw_build_memory($rows, $code_bytes, $m) / 1024");
	my ($ret, $stdout, $notices) = $node->psql('postgres', "SET maintenance_work_mem = ${memory}; $create");
	is($ret . $notices, '0', "$name: what the page says is enough memory");
	my ($size, $expected) = split /\|/,
	  $node->safe_psql('postgres', "SELECT pg_relation_size('sized_v'), hnsw_expected_bytes($rows, $code_bytes, $m)");
	# Levels are drawn, and the last pages are not full.
	cmp_ok(abs($size - $expected), '<=', 0.03 * $size + 2 * 8192, "$name: $size bytes, $expected expected");
}

# And not far more than needed: two thirds are too little. (The least memory of a process does not matter at this size.)
$node->safe_psql('postgres', q(DROP TABLE sized; CREATE TABLE sized (v vector(128)); SELECT setseed(0.5);
	INSERT INTO sized SELECT array_agg(random() - 0.5)::vector FROM generate_series(1, 12000) n, generate_series(1, 128) GROUP BY n));
my $memory = $node->safe_psql('postgres', 'SELECT hnsw_build_memory(12000, 16 + 128, 16) / 1024');
my $too_little = int($memory * 2 / 3);
my ($ret, $stdout, $notices) = $node->psql('postgres',
	"SET maintenance_work_mem = $too_little; CREATE INDEX ON sized USING hnsw (v vector_l2_ops) WITH (quantization = 'sq8')");
like($notices, qr/no longer fits into maintenance_work_mem/, "$too_little of $memory kB do not suffice");
my ($whole) = $notices =~ /would take about (\d+) MB/;
cmp_ok(abs($whole - $memory / 1024), '<=', 0.25 * $memory / 1024, "the NOTICE says $whole MB, the page $memory kB");

done_testing();
