# The write-ahead log of a load: a standby replays it to the same pages (wal_consistency_checking) and answers meanwhile;
# recovery stops at a name or a transaction; after a promotion pg_rewind turns the old primary around. Everywhere the
# indexes are sound and have the rows of the table.
use strict;
use warnings;

use HnswLoad;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 4;
my $primary = started_node('primary', "wal_consistency_checking = 'generic'\nwal_keep_size = 4GB\nwal_log_hints = on\n",
	allows_streaming => 1, has_archiving => 1);
make_loaded_table($primary);
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
# On a standby repeatable read and vacuum are in each other's way: it waits, and tells the primary what it sees.
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\nhot_standby_feedback = on\n");
$standby->start;

sub sound_and_complete
{
	my ($node, $name) = @_;
	all_indexes_are_sound($node, $name);
	return every_row_is_found($node, $name);
}

# hnsw_index_stats says the same of both. (The free space map is not logged.)
my $statistics = q(SELECT i, s.elements, s.deleted_elements, s.indexed_rows, s.entry_point, s.elements_by_level, s.edges, s.elements_by_degree,
	s.free_elements, s.free_lists, s.unused_bytes FROM unnest(ARRAY['items_sq8', 'items_full']::regclass[]) AS i, hnsw_index_stats(i) AS s);
sub same_on_standby
{
	my ($name) = @_;
	$primary->wait_for_catchup($standby);
	is($standby->safe_psql('postgres', $statistics), $primary->safe_psql('postgres', $statistics), "$name: the same statistics");
	return sound_and_complete($standby, "$name, standby");
}

# ---- a standby beside the load ----

my @load = start_load($primary, $seconds);
my @queries = start_queries($standby, $seconds);
finish_load(0, @load, @queries);
drop_unfinished_indexes($primary);
same_on_standby('after the load');

$primary->safe_psql('postgres', q(
	ALTER TABLE items SET (parallel_workers = 2);
	SET max_parallel_maintenance_workers = 2;
	SET min_parallel_table_scan_size = 0;
	REINDEX TABLE items));
same_on_standby('after a parallel build');
$primary->safe_psql('postgres', q(
	SET client_min_messages = warning;
	SET maintenance_work_mem = '1MB';
	REINDEX INDEX CONCURRENTLY items_sq8));
same_on_standby('after a build in little memory');
$primary->safe_psql('postgres', 'ALTER TABLE items SET UNLOGGED; ALTER TABLE items SET LOGGED');
same_on_standby('after SET UNLOGGED and LOGGED');

# ---- recovery to a point in time ----

my %expected;
my $content = 'SELECT id, embedding FROM items ORDER BY id';
$primary->safe_psql('postgres', q(SELECT pg_create_restore_point('named')));
$expected{name} = $primary->safe_psql('postgres', $content);
my $xid = $primary->safe_psql('postgres', q(
	BEGIN;
	DELETE FROM items WHERE id % 3 = 0;
	INSERT INTO items SELECT 100000 + n, draw(n) FROM generate_series(1, 300) AS n;
	SELECT pg_current_xact_id();
	COMMIT));
$expected{xid} = $primary->safe_psql('postgres', $content);
# What must not come back.
$primary->safe_psql('postgres', 'VACUUM items');
$primary->safe_psql('postgres', 'INSERT INTO items SELECT 200000 + n, draw(n) FROM generate_series(1, 300) AS n');
$primary->safe_psql('postgres', 'TRUNCATE items');
my $last_segment = $primary->safe_psql('postgres', 'SELECT pg_walfile_name(pg_current_wal_lsn())');
$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');
$primary->poll_query_until('postgres', "SELECT last_archived_wal >= '$last_segment' FROM pg_stat_archiver")
	or die 'the log is not archived';
foreach my $target ([ name => 'named' ], [ xid => $xid ])
{
	my ($kind, $value) = @$target;
	my $node = PostgreSQL::Test::Cluster->new("recovered_by_$kind");
	$node->init_from_backup($primary, 'backup', has_restoring => 1, standby => 0);
	$node->append_conf('postgresql.conf', "recovery_target_$kind = '$value'\nrecovery_target_action = 'promote'\narchive_mode = off\n");
	$node->start;
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'recovery does not end';
	ok($node->safe_psql('postgres', $content) eq $expected{$kind}, "recovery_target_$kind: the rows of that moment");
	sound_and_complete($node, "recovery_target_$kind");
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 5 = 0; INSERT INTO items SELECT 300000 + n, draw(n) FROM generate_series(1, 100) AS n');
	$node->safe_psql('postgres', 'VACUUM items');
	sound_and_complete($node, "recovery_target_$kind, gone on");
	$node->stop;
	unlike(slurp_file($node->logfile), qr/PANIC|TRAP|inconsistent page|terminated by signal/, 'nothing of the kind in the log of ' . $node->name);
}

# ---- promotion under load, and pg_rewind of the old primary, which went on for a while ----

# Here without wal_consistency_checking. A promoted server writes no full image of a page that changed since its last
# restartpoint, while pg_rewind lets recovery begin at a later checkpoint. A relation that both servers have dropped since has
# empty pages then: replay passes over them until it comes to the drop, but the comparison stops at a page without a header.
foreach my $node ($primary, $standby)
{
	$node->append_conf('postgresql.conf', "wal_consistency_checking = ''\n");
	$node->reload;
}
$primary->safe_psql('postgres', 'INSERT INTO items SELECT n, draw(n) FROM generate_series(1, 3000) AS n');
@load = start_load($primary, $seconds);
sleep(1);
$standby->promote;
finish_load(0, @load);
drop_unfinished_indexes($standby);
sound_and_complete($standby, 'promoted');
@load = start_load($standby, 3);
finish_load(0, @load);
drop_unfinished_indexes($standby);
sound_and_complete($standby, 'promoted, after a load');

$primary->stop;
my $configuration = slurp_file($primary->data_dir . '/postgresql.conf');
$standby->safe_psql('postgres', 'CHECKPOINT');
command_ok([ 'pg_rewind', '--source-server', $standby->connstr('postgres'), '--target-pgdata', $primary->data_dir, '--no-sync' ], 'pg_rewind');
unlink $primary->data_dir . '/postgresql.conf';
append_to_file($primary->data_dir . '/postgresql.conf', $configuration);
$primary->enable_streaming($standby);
$primary->append_conf('postgresql.conf', 'archive_mode = off');
$primary->start;
$standby->safe_psql('postgres', 'INSERT INTO items SELECT 400000 + n, draw(n) FROM generate_series(1, 100) AS n');
$standby->wait_for_catchup($primary);
ok($primary->safe_psql('postgres', $content) eq $standby->safe_psql('postgres', $content), 'rewound: the rows of the new primary');
sound_and_complete($primary, 'rewound');
is($primary->safe_psql('postgres', $statistics), $standby->safe_psql('postgres', $statistics), 'rewound: the same statistics');

$primary->stop;
$standby->stop;
foreach my $node ($primary, $standby)
{
	unlike(slurp_file($node->logfile), qr/PANIC|TRAP|inconsistent page|terminated by signal|XX00/, 'nothing of the kind in the log of ' . $node->name);
}
done_testing();
