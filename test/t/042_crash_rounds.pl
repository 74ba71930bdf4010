# CRASH_ROUNDS times (fifty: TAP=042_crash_rounds CRASH_ROUNDS=50 scripts/check tap): while the table is under load, all
# processes of the server, or one of its sessions, are killed by signal 9 at a moment that nobody chose. After recovery
# the indexes are sound and have the rows of the table, which go on from there.
use strict;
use warnings;

use HnswLoad;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

plan skip_all => 'processes are found in /proc' unless -e "/proc/$$/stat";
my $rounds = $ENV{CRASH_ROUNDS} // 5;
my $seed = $ENV{CRASH_SEED} // int(time);
srand($seed);
note("CRASH_SEED=$seed");

my $node = started_node('main', "shared_buffers = 16MB\nrestart_after_crash = on");
make_loaded_table($node);

# Of each process that has not ended: its id and its parent's.
sub processes
{
	my %parent_of;
	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open my $stat, '<', $file or next;    # it has just ended
		my ($pid, $state, $parent) = (<$stat> // '') =~ /^(\d+) \(.*\) (\S) (\d+) /s or next;
		$parent_of{$pid} = $parent if $state ne 'Z';
	}
	return %parent_of;
}

# All of the server at once.
sub kill_server
{
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my %parent_of = processes();
	my @children = grep { $parent_of{$_} == $postmaster } keys %parent_of;
	$node->kill9;
	kill('KILL', @children);
	# Until the last of them has let go of the shared memory
	foreach (1 .. 600)
	{
		%parent_of = processes();
		last unless grep { exists $parent_of{$_} } $postmaster, @children;
		usleep(100_000);
	}
	# A zombie that nobody waits for would be taken for a running server.
	unlink $node->data_dir . '/postmaster.pid', $node->host . '/.s.PGSQL.' . $node->port . '.lock';
	$node->start;
	return;
}

# One session. The postmaster ends the others and starts again.
sub kill_session
{
	my @pids = split /\n/,
		$node->safe_psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker') AND pid <> pg_backend_pid()));
	my $starts = () = slurp_file($node->logfile) =~ /database system is ready to accept connections/g;
	kill('KILL', $pids[ rand @pids ]) == 1 or die 'no session to be killed';
	foreach (1 .. 1200)
	{
		my $now = () = slurp_file($node->logfile) =~ /database system is ready to accept connections/g;
		return if $now > $starts;
		usleep(100_000);
	}
	die 'the server does not start again';
}

foreach my $round (1 .. $rounds)
{
	my @load = start_load($node, 3600);
	usleep(500_000 + int(rand(2_500_000)));
	my $whole = $round % 3 != 0;
	my $name = "round $round, " . ($whole ? 'server killed' : 'session killed');
	$whole ? kill_server() : kill_session();
	finish_load(1, @load);
	drop_unfinished_indexes($node);
	all_indexes_are_sound($node, $name);
	every_row_is_found($node, $name);
	if ($round % 2 == 0)
	{
		$node->safe_psql('postgres', 'VACUUM items');
		all_indexes_are_sound($node, "$name, vacuumed");
		every_row_is_found($node, "$name, vacuumed");
	}
	last unless Test::More->builder->is_passing;
}

$node->stop;
# Sessions that end because another was killed say FATAL or WARNING.
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|XX00|corrupt(?!ed shared memory)|signal (?!9)\d|could not read block/, 'nothing of the kind in the log');
done_testing();
