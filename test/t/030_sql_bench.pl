# sql_bench end to end, against two databases of one server. scripts/check names the program, if it was built, with
# the variable SQL_BENCH.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'sql_bench was not built' unless $ENV{SQL_BENCH};

my $node = PostgreSQL::Test::Cluster->new('bench');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach ('one', 'two');

my $out = PostgreSQL::Test::Utils::tempdir;
my @data = ('--synthetic', 'rows=2000,dim=16,intrinsic=4,queries=50', '--cache', "$out/cache", '--threads', 1);
my @servers = map { ('--server', "$_=" . $node->connstr($_)) } ('one', 'two');

# The exit status, stdout and stderr of sql_bench.
sub run_bench
{
	my @arguments = @_;
	my ($stdout, $stderr);
	my $ok = IPC::Run::run([ $ENV{SQL_BENCH}, @arguments ], '>', \$stdout, '2>', \$stderr);
	return ($ok, $stdout, $stderr);
}

sub slurp
{
	my ($path) = @_;
	return PostgreSQL::Test::Utils::slurp_file($path);
}

my ($ok, $stdout, $stderr) = run_bench(@data, $servers[0], $servers[1], '--ef', '10,200', '--rounds', 2, '--slice-ms', 50,
	'--clients', '1,2', '--explain', 10, '--out', "$out/results", '--with', 'm = 8');
ok($ok, 'one server') or diag($stderr);
my ($recall) = $stdout =~ /^200 +one +(\S+)/m;
cmp_ok($recall, '>=', 0.99, 'almost all are found at ef 200');
like($stdout, qr/WITH \(m='8'\)/, 'index options are passed on');
my @lines = split /\n/, slurp("$out/results/results.csv");
is(scalar @lines, 1 + 2 * 2, 'results.csv: a header, and a line per ef and number of clients');
like(slurp("$out/results/results.json"), qr/"label": "one"/, 'results.json');

($ok, $stdout, $stderr) = run_bench(@data, @servers, '--ef', '10', '--rounds', 1, '--slice-ms', 20, '--with-of', 'two=m = 4');
ok($ok, 'two servers') or diag($stderr);
like($stdout, qr/^two:.*\n.*m='4'/m, 'index options of one server');
($ok, $stdout, $stderr) = run_bench(@data, @servers, '--skip-build', '--ef', '10', '--rounds', 1, '--slice-ms', 20,
	'--metric', 'l2', '--targets', '0.1,1', '--out', "$out/as_is");
ok($ok, 'tables and indexes as they are') or diag($stderr);
like(slurp("$out/as_is/plot.gnuplot"), qr/^# two: server .*; CREATE INDEX .* WITH \(m='4'\)$/m, 'plot.gnuplot: what was measured');
like($stdout, qr/^one against two/m, 'they are compared');
like(slurp("$out/as_is/results.csv"), qr/^one,10,1,(?:[^,]*,){12},\d{5,},\d{5,}$/m, 'results.csv: no time of a build that was not');
like($stdout, qr/^0\.1 .*one: exceeded at the smallest ef\./m, 'a recall that even the smallest ef exceeds');

($ok, $stdout, $stderr) = run_bench('insert', @data, @servers, '--rounds', 2, '--inserts', 100, '--with', 'm = 8',
	'--out', "$out/writes");
ok($ok, 'insert') or diag($stderr);
@lines = split /\n/, slurp("$out/writes/results.csv");
is(scalar @lines, 1 + 2 * 2 * 2, 'insert, results.csv: a header, and a line per server, kind and number of clients');
my %line_of;
foreach my $line (@lines)
{
	my @fields = split /,/, $line;
	$line_of{"@fields[0 .. 2]"} = \@fields;
}
foreach my $clients (1, 4)
{
	my ($inserts, $updates) = map { $line_of{"one $_ $clients"} } ('insert', 'update');
	my (undef, undef, undef, $rows, $rate, undef, $log, undef, $index_buffers, $buffers) = @$inserts;
	is($rows, 100, "insert, $clients clients: rows");
	cmp_ok($rate, '>', 0, "insert, $clients clients: rows per second");
	cmp_ok($log, '>', 100, "insert, $clients clients: log");
	cmp_ok($index_buffers, '>', 50, "insert, $clients clients: buffers of the index");
	cmp_ok($buffers, '>', $index_buffers, "insert, $clients clients: and of the table");
	cmp_ok($updates->[8], '>', 5, "insert, $clients clients: updates make entries in the index");
	cmp_ok($updates->[8], '<', $index_buffers, "insert, $clients clients: at less cost");
}
like($stdout, qr/^one against two/m, 'insert: servers are compared');
like($stdout, qr/^inserts +4 /m, 'insert: with several clients, too');
like(slurp("$out/writes/results.json"), qr/"updates": \[\{"clients": 1, "rows": 100, /, 'insert: results.json');
is($node->safe_psql('two', 'SELECT count(*), sum(touched) FROM sql_bench'), '2000|200', 'insert: rows and updates');

foreach my $case ([ 'ip', 'vector' ], [ 'cosine', 'halfvec' ])
{
	my ($metric, $type) = @$case;
	($ok, $stdout, $stderr) = run_bench(@data, @servers, '--metric', $metric, '--type', $type, '--ef', '200',
		'--rounds', 1, '--slice-ms', 20, '--storage', 'plain', '--primary-key', '--set-build', 'maintenance_work_mem=64MB');
	ok($ok, "$type, $metric") or diag($stderr);
	($recall) = $stdout =~ /^200 +one +(\S+)/m;
	cmp_ok($recall, '>=', 0.97, "$type, $metric: recall");
}

($ok, $stdout, $stderr) = run_bench('copy', @data, '--type', 'halfvec', @servers, '--rounds', 1, '--copy-rows', 1000,
	'--skip-load');
ok($ok, 'copy') or diag($stderr);
like($stdout, qr/^two +1000 /m, 'copy: rows');

($ok, $stdout, $stderr) = run_bench('build', '--synthetic', 'rows=600,dim=8,intrinsic=4,queries=1', '--threads', 1, @servers,
	'--row-counts', '300,600', '--dimensions', '8,24', '--types', 'vector,halfvec', '--with-of', 'two=quantization = none', '--out', "$out/series");
ok($ok, 'build') or diag($stderr);
@lines = split /\n/, slurp("$out/series/build.csv");
is(scalar @lines, 1 + 2 * 2 * 2 * 2, 'build.csv: a header, and a line per type, dimensions, rows and server');
my %bytes = map { my @f = split /,/; (join(',', @f[ 0 .. 3 ]) => $f[6]) } @lines;
cmp_ok($bytes{'two,vector,24,600'}, '>', $bytes{'two,halfvec,24,600'}, 'sizes differ by type');
cmp_ok($bytes{'two,vector,24,600'}, '>', $bytes{'two,vector,24,300'}, 'and by rows');
like(slurp("$out/series/build.gnuplot"), qr/^# sql_bench build --synthetic .*set output 'build-rows\.svg'.*set output 'size-dimensions\.svg'/s,
	'build.gnuplot: where it comes from, and both plots');

# Errors
foreach my $case (
	[ 'a table of other rows', qr/does not hold these rows/, '--skip-load', '--max-rows', 10 ],
	[ 'an option the index does not have', qr/server one: .*unrecognized parameter/, '--with', 'lists = 5' ],
	[ 'two labels for one database', qr/server one: .*hold these rows/, '--server', 'again=' . $node->connstr('one') ],
	[ 'an unknown option', qr/no option named --nothing/, '--nothing' ])
{
	my ($name, $message, @arguments) = @$case;
	($ok, $stdout, $stderr) = run_bench(@data, '--type', 'halfvec', $servers[0], $servers[1], @arguments);
	ok(!$ok, "fails: $name");
	like($stderr, $message, "says so: $name");
}

($ok, $stdout, $stderr) = run_bench('insert', @data, $servers[0], $servers[1], '--inserts', 1000);
ok(!$ok, 'fails: more rows to insert than there are');
like($stderr, qr/leave no rows/, 'says so: more rows to insert than there are');

$node->stop;
done_testing();
