# An insert that is stopped in the middle, while it holds the insert lock, and a vacuum beside it: the vacuum waits at its
# barrier, scans do not, and afterwards the index has every row.
#
# SQL cannot stop an insert there, so the process is stopped, at points that nobody chose, until it is found with the lock.
# It may then hold a lock of shared memory as well: whoever looks into pg_locks is not waited for longer than a moment.
# (test/unit/interleaving_test.cpp tries every point, one after the other.)
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = started_node('main', 'shared_buffers = 16MB');
my $dimensions = 300;
my $query = "(SELECT embedding FROM probe)";
$node->safe_psql(
	'postgres', qq(
	CREATE TABLE items (id int, embedding vector($dimensions));
	CREATE TABLE probe (embedding vector($dimensions));
	CREATE FUNCTION draw(id int) RETURNS vector LANGUAGE sql VOLATILE AS \$\$
		SELECT ARRAY(SELECT random() - 0.5 FROM generate_series(1, $dimensions) WHERE id > 0)::vector \$\$;
	INSERT INTO probe VALUES (draw(1));
	CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 200);
	INSERT INTO items SELECT n, draw(n) FROM generate_series(1, 1000) AS n));

# A psql that runs on its own, of statements each by itself.
sub session
{
	my (@statements) = @_;
	my $session = { out => '', err => '' };
	$session->{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), map { ('-c', $_) } @statements ],
		'<', '/dev/null', '>', \$session->{out}, '2>', \$session->{err});
	return $session;
}

# What a query answers, or undef if it does not within some seconds; then it is left alone until something else is undone.
sub answer
{
	my ($sql, $undo) = @_;
	my $session = session($sql);
	foreach (1 .. 1000)
	{
		usleep(10_000);
		last if !$session->{run}->pumpable;
		$session->{run}->pump_nb;
	}
	my $in_time = !$session->{run}->pumpable;
	$undo->() unless $in_time;
	$session->{run}->finish;
	chomp $session->{out};
	return $in_time ? $session->{out} : undef;
}

my $insert_lock = q(FROM pg_locks WHERE locktype = 'page' AND relation = 'items_embedding'::regclass AND page = 0);

# Starts an insert of many rows and stops it while it holds the insert lock.
sub paused_insert
{
	my ($sql) = @_;
	my $session = session("SET application_name = 'inserts'", $sql);
	$node->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'inserts' AND query LIKE 'INSERT%'))
		or die 'the insert does not start';
	my $pid = $node->safe_psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE application_name = 'inserts'));
	foreach (1 .. 200)
	{
		usleep(int(rand(20_000)));
		kill('STOP', $pid) or die 'the insert has ended';
		my $holds = answer("SELECT count(*) $insert_lock AND granted AND pid = $pid", sub { kill('CONT', $pid) });
		# A scan of the index is not held up either, so it stopped where it locks no page exclusively.
		my $scan = defined $holds && $holds == 1
			? answer(by_index_only(100) . "SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> $query) t", sub { kill('CONT', $pid) })
			: undef;
		if (defined $scan)
		{
			$session->{pid} = $pid;
			$session->{seen} = $scan;
			return $session;
		}
		kill('CONT', $pid);
	}
	die 'the insert was never found with the lock';
}

# What a scan finds while a vacuum waits for the stopped insert; undef if the vacuum does not come to wait. The insert may have
# been stopped with a lock that the vacuum needs before it gets there: letting it go on would let the vacuum pass, too.
sub scan_while_vacuum_waits
{
	my ($insert) = @_;
	my $go_on = sub { kill('CONT', $insert->{pid}) };
	foreach (1 .. 25)
	{
		my $waits = answer("SELECT count(*) $insert_lock AND mode = 'ExclusiveLock' AND NOT granted", $go_on);
		return undef unless defined $waits;
		# The insert alone does not hold up a scan: that was tried when it was stopped.
		return answer(by_index_only(100) . "SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> $query) t", $go_on) // 'the scan waits'
			if $waits == 1;
		usleep(100_000);
	}
	return undef;
}

my $next_id = 10_000;

# Deletes, stops an insert, starts a vacuum. Whether a scan could be tried while the vacuum waited.
sub vacuum_beside_stopped_insert
{
	my ($name, $delete) = @_;
	$node->safe_psql('postgres', $delete);
	my $left = $node->safe_psql('postgres', 'SELECT count(*) FROM items');
	my $count = 3000;
	my $insert = paused_insert("INSERT INTO items SELECT $next_id + n, draw(n) FROM generate_series(1, $count) AS n");
	$next_id += $count;
	is($insert->{seen}, $left, "$name: a scan beside the stopped insert");

	my $vacuum = session("SET application_name = 'vacuums'", 'VACUUM items');
	my $scan = scan_while_vacuum_waits($insert);
	is($scan, $left, "$name: vacuum waits for the stopped insert, a scan does not wait for the vacuum") if defined $scan;

	kill('CONT', $insert->{pid});
	foreach my $session ($vacuum, $insert)
	{
		$session->{run}->finish;
		is($session->{err}, '', "$name: no error");
	}
	is($node->safe_psql('postgres', 'SELECT count(*) FROM items'), $left + $count, "$name: all rows are there");
	all_indexes_are_sound($node, $name);
	hardly_any_lost($node, 'vector_l2_ops', $query, $name);
	$node->safe_psql('postgres', 'VACUUM items');
	is($node->safe_psql('postgres', q(SELECT deleted_elements FROM hnsw_index_stats('items_embedding'))), 0, "$name: nothing dead is left");
	all_indexes_are_sound($node, "$name, another vacuum");
	return defined $scan;
}

foreach my $case ([ 'half of the rows have died', 'DELETE FROM items WHERE id % 2 = 0' ], [ 'all rows have died', 'DELETE FROM items' ])
{
	my $tries = 0;
	my $waited = 0;
	$waited = vacuum_beside_stopped_insert(@$case) until $waited || ++$tries > 20;
	ok($waited, "$case->[0]: a vacuum came to wait");
}

$node->stop;
unlike(slurp_file($node->logfile), qr/ERROR|PANIC|TRAP|terminated by signal/, 'no error in the log');
done_testing();
