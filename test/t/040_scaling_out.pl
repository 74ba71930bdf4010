# docs/scaling-out.md on three servers: its statements run, the order goes to the shards and their indexes serve it.
use strict;
use warnings;
use FindBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file("$FindBin::Bin/../../docs/scaling-out.md");
my @blocks = $page =~ /^```sql\n(.*?)^```$/mgs;
is(scalar(grep { !/^-- on (each shard|the coordinator)\n/ } @blocks), 0, 'every block of the page says where it runs');

my %node = map { $_ => PostgreSQL::Test::Cluster->new($_) } qw(coordinator shard1 shard2);
foreach my $node (values %node)
{
	$node->init;
	$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\nmax_parallel_workers_per_gather = 0");
	$node->start;
}

# Runs a block and returns its output.
my $run = 0;
sub run_block
{
	my ($sql) = @_;
	my @nodes = $sql =~ /^-- on each shard/ ? @node{qw(shard1 shard2)} : ($node{coordinator});
	foreach my $shard (qw(shard1 shard2))
	{
		my ($host, $port) = ($node{$shard}->host, $node{$shard}->port);
		$sql =~ s/host '$shard', port '5432'/host '$host', port '$port'/g;
	}
	$run++;
	return join("\n", map { $_->safe_psql('postgres', $sql) } @nodes);
}

# Rows to search are needed between the tables and the queries.
my @tables = grep { /CREATE TABLE/ } @blocks;
my @queries = grep { !/CREATE TABLE/ } @blocks;
run_block($_) foreach sort { ($b =~ /each shard/) <=> ($a =~ /each shard/) } @tables;
my $file = vector_file(1, 6000, 24, 7);
$node{coordinator}->safe_psql('postgres', "COPY items FROM '$file'");
my @counts = map { $node{$_}->safe_psql('postgres', 'SELECT count(*) FROM items') } qw(shard1 shard2);
is($counts[0] + $counts[1], 6000, 'all rows are on the shards');
cmp_ok($_, '>', 2500, 'a shard has about half of them') foreach @counts;
$node{$_}->safe_psql('postgres', 'ANALYZE items') foreach qw(shard1 shard2);
my @outputs = map { run_block($_) } @queries;
is($run, scalar @blocks, 'every block of the page was run');
my ($merge) = grep { /Merge Append/ } @outputs;
ok(defined $merge, 'EXPLAIN of the page shows a Merge Append') or diag(@outputs);
my @remote = $merge =~ /Remote SQL: (.*)/g;
is(scalar(grep { /ORDER BY \(embedding OPERATOR\(public\.<->\) '\[.*\]'\)/ } @remote), 2, 'each shard is asked for the order')
  or diag($merge);

# Both ways to ask, compared with all rows on the coordinator.
sub index_scans
{
	my ($shard) = @_;
	return $node{$shard}->safe_psql('postgres', "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'items_embedding'");
}
my $query = $node{coordinator}->safe_psql('postgres', 'SELECT embedding FROM items WHERE id = 17');
my $exact = $node{coordinator}->safe_psql('postgres', qq(WITH every AS MATERIALIZED (SELECT id, embedding FROM items)
	SELECT id FROM every ORDER BY embedding <-> '$query', id LIMIT 10));
my %statement = ('partitioned table' => nearest('<->', "'$query'", 10), 'function' => "SELECT id FROM nearest_items('$query', 10)");
foreach my $way (sort keys %statement)
{
	my %before = map { $_ => index_scans($_) } qw(shard1 shard2);
	my %found = map { $_ => 1 } split /\n/, $node{coordinator}->safe_psql('postgres', $statement{$way});
	my $right = grep { $found{$_} } split /\n/, $exact;
	cmp_ok($right, '>=', 9, "$way: the nearest rows, of all shards");
	foreach my $shard (qw(shard1 shard2))
	{
		# Statistics arrive when the session of the coordinator has ended.
		ok($node{$shard}->poll_query_until('postgres',
				"SELECT idx_scan > $before{$shard} FROM pg_stat_user_indexes WHERE indexrelname = 'items_embedding'"),
			"$way: $shard used its index");
	}
}

# ORDER BY ... LIMIT is in what is sent, and shards work at the same time. (EXPLAIN does not look into a function.)
my ($body) = $page =~ /LANGUAGE sql STABLE AS \$\$(.*?)\$\$/s;
$body =~ s/\bquery\b/'$query'::vector/g;
$body =~ s/\bk\b/10/g;
my $plan = $node{coordinator}->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) $body");
is(scalar(() = $plan =~ /Remote SQL: .* ORDER BY \(embedding OPERATOR\(public\.<->\) .* LIMIT 10::bigint$/mg), 2, 'each shard is asked for order and limit')
  or diag($plan);
is(scalar(() = $plan =~ /Async Foreign Scan/g), 2, 'at the same time') or diag($plan);

# What a shard does with it: few rows leave it.
my $shard_plan = $node{shard1}->safe_psql('postgres', "EXPLAIN (COSTS OFF) " . nearest('<->', "'$query'", 10));
like($shard_plan, qr/Index Scan using items_embedding/, 'the plan of a shard');

# Why the option is needed.
$node{coordinator}->safe_psql('postgres', "ALTER SERVER $_ OPTIONS (DROP extensions)") foreach qw(shard1 shard2);
$plan = $node{coordinator}->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) $statement{'partitioned table'}");
unlike($plan, qr/Remote SQL: .* ORDER BY/, "without extensions 'vector' no order is sent");

done_testing();
