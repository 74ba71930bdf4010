# A tablespace that is full: building an index and inserting into one end in an error that says so (53100), the server
# stays up, and the index is of use or was never there.
#
# The tablespace is a small file system of its own, in memory, that only this server sees: it runs in user and mount
# namespaces. Where one may not make these, the test is skipped.
use strict;
use warnings;

use HnswLoad;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $small = PostgreSQL::Test::Utils::tempdir;
my $megabytes = 6;
my ($user, $group) = ($>, (split / /, $))[0]);
# As root of the namespace to mount, then back to who we are: PostgreSQL refuses to run as root.
my @in_namespace = ('unshare', '--user', '--map-root-user', '--mount', 'sh', '-c',
	'mount -t tmpfs -o size="$0"m,mode=1777 tmpfs "$1" && mkdir -m 700 "$1/space" && user="$2" group="$3" && shift 3 &&'
	  . ' exec unshare --user --map-user="$user" --map-group="$group" "$@"',
	$megabytes, $small, $user, $group);
plan skip_all => 'no namespaces of our own here' if system("@{[ map { quotemeta } @in_namespace, 'true' ]} >/dev/null 2>&1") != 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nshared_buffers = 16MB\nmax_parallel_workers_per_gather = 0");
# As Cluster::start, but within the namespaces
{
	local %ENV = $node->_get_env(PGAPPNAME => undef);
	command_ok([ @in_namespace, 'pg_ctl', '-w', '-D', $node->data_dir, '-l', $node->logfile, '-o', '--cluster-name=main', 'start' ],
		'the server starts');
	$node->_update_pid(1);
}
$node->safe_psql('postgres', 'CREATE EXTENSION vector');
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$small/space'");
make_loaded_table($node);
$node->safe_psql('postgres', 'CREATE TABLE many (id int PRIMARY KEY, embedding vector(300));
	INSERT INTO many SELECT n, (SELECT array_agg(random()) FROM generate_series(1, 300) WHERE n > 0)::vector FROM generate_series(1, 8000) AS n');

# The statement is refused because the disk is full.
sub disk_is_full
{
	my ($sql, $name) = @_;
	my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET client_min_messages = warning; $sql");
	like($err, qr/ERROR:  53100: could not (extend|write|write to) file .*: (No space left on device|wrote only)/, "$name: says that the disk is full")
		|| diag($err);
	return;
}

my $empty_space = q(SELECT count(*) FROM pg_class WHERE reltablespace = (SELECT oid FROM pg_tablespace WHERE spcname = 'small'));

# ---- builds ----

my $build = q(CREATE INDEX many_embedding ON many USING hnsw (embedding vector_l2_ops) WITH (m = 16, quantization = none) TABLESPACE small);
foreach my $case (
	[ 'build', '' ],
	[ 'parallel build', q(ALTER TABLE many SET (parallel_workers = 2); SET max_parallel_maintenance_workers = 2;) ],
	[ 'build in little memory', q(SET maintenance_work_mem = '1MB';) ])
{
	my ($name, $settings) = @$case;
	disk_is_full("$settings $build", $name);
	is($node->safe_psql('postgres', $empty_space), 0, "$name: no index");
	is($node->safe_psql('postgres', q(CHECKPOINT; SELECT count(*) FROM pg_ls_dir('pg_tblspc/' || (SELECT oid FROM pg_tablespace WHERE spcname = 'small')) AS d,
			pg_ls_dir('pg_tblspc/' || (SELECT oid FROM pg_tablespace WHERE spcname = 'small') || '/' || d) AS e,
			LATERAL (SELECT sum(size) AS size FROM pg_stat_file('pg_tblspc/' || (SELECT oid FROM pg_tablespace WHERE spcname = 'small') || '/' || d || '/' || e)) s
			WHERE size > 8192)),
		0, "$name: no file is left");
}
$build =~ s/INDEX/INDEX CONCURRENTLY/;
disk_is_full($build, 'concurrent build');
is($node->safe_psql('postgres', q(SELECT indisvalid FROM pg_index WHERE indexrelid = 'many_embedding'::regclass)), 'f', 'concurrent build: the index is invalid');
$node->safe_psql('postgres', 'DROP INDEX many_embedding');

# ---- inserts and vacuum ----

$node->safe_psql('postgres', 'CREATE TABLE filling (id int, embedding vector(300));
	CREATE INDEX filling_embedding ON filling USING hnsw (embedding vector_l2_ops) WITH (quantization = none) TABLESPACE small');
sub every_row_of_filling_is_found
{
	my ($name) = @_;
	all_indexes_are_sound($node, $name);
	return is(rows_not_found($node, 'filling', '<->', '(SELECT embedding FROM many WHERE id = 1)', 'strict_order'), 0, "$name: every row is found");
}
# One by one as far as they go: statements before the one that fails stay.
my ($ret, $out, $err) = $node->psql('postgres', q(
	DO $$ BEGIN
		FOR i IN 1 .. 8000 LOOP
			INSERT INTO filling SELECT * FROM many WHERE id = i;
			COMMIT;
		END LOOP;
	END $$));
like($err, qr/ERROR:  could not extend file .*No space left on device/, 'inserts: the disk is full');
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM filling');
cmp_ok($rows, '>', 500, "inserts: $rows rows before");
every_row_of_filling_is_found('inserts');
disk_is_full('INSERT INTO filling SELECT id + 10000, embedding FROM many', "an insert of many rows");
is($node->safe_psql('postgres', 'SELECT count(*) FROM filling'), $rows, 'an insert of many rows: none of them stays');
every_row_of_filling_is_found('an insert of many rows');

# Vacuum needs no new pages, and makes room. Also for rows of the failed inserts
$node->safe_psql('postgres', 'DELETE FROM filling WHERE id % 2 = 0');
$node->safe_psql('postgres', 'VACUUM filling');
every_row_of_filling_is_found('vacuumed on a full disk');
$node->safe_psql('postgres', 'INSERT INTO filling SELECT id + 20000, embedding FROM many WHERE id <= 200');
every_row_of_filling_is_found('inserts into the room that vacuum made');

# A crash with the disk full
$node->safe_psql('postgres', 'CHECKPOINT');
$node->psql('postgres', 'INSERT INTO filling SELECT id + 30000, embedding FROM many');
$rows = $node->safe_psql('postgres', 'SELECT count(*) FROM filling');
{
	# The file system goes with the last process in it, so the server has to crash without its postmaster.
	$node->safe_psql('postgres', 'ALTER SYSTEM SET restart_after_crash = on; SELECT pg_reload_conf()');
	my $session = $node->safe_psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'));
	kill('KILL', $session);
	foreach (1 .. 600)
	{
		last if () = slurp_file($node->logfile) =~ /all server processes terminated; reinitializing.*ready to accept connections/s;
		select(undef, undef, undef, 0.1);
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM filling'), $rows, 'after a crash: the same rows');
every_row_of_filling_is_found('after a crash');
every_row_is_found($node, 'an index elsewhere');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|XX00|signal (?!9)\d/, 'nothing of the kind in the log');
done_testing();
