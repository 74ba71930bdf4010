# pg_upgrade takes index files as they are, of the same version here: they go on as they were.
use strict;
use warnings;

use HnswLoad;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = started_node('old', '');
make_loaded_table($old);
# Not as a build leaves them
$old->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 0; INSERT INTO items SELECT 10000 + n, draw(n) FROM generate_series(1, 500) AS n');
$old->safe_psql('postgres', 'VACUUM items');
$old->safe_psql('postgres', 'DELETE FROM items WHERE id % 7 = 0; INSERT INTO items SELECT 20000 + n, draw(n) FROM generate_series(1, 500) AS n');
my $statistics = q(SELECT i, s.elements, s.indexed_rows, s.entry_point, s.edges, s.free_elements, s.free_lists
	FROM unnest(ARRAY['items_sq8', 'items_full']::regclass[]) AS i, hnsw_index_stats(i) AS s);
my $before = $old->safe_psql('postgres', $statistics);
my $rows = $old->safe_psql('postgres', 'SELECT id, embedding FROM items ORDER BY id');
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
my $bindir = $new->config_data('--bindir');
my $dir = PostgreSQL::Test::Utils::tempdir;
chdir $dir or die "$dir: $!";
command_ok(
	[ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
		'-s', $new->host, '-p', $old->port, '-P', $new->port ],
	'pg_upgrade');
$new->append_conf('postgresql.conf', 'autovacuum = off');
$new->start;

ok($new->safe_psql('postgres', 'SELECT id, embedding FROM items ORDER BY id') eq $rows, 'the rows of before');
is($new->safe_psql('postgres', $statistics), $before, 'the indexes of before');
all_indexes_are_sound($new, 'upgraded');
every_row_is_found($new, 'upgraded');
finish_load(0, start_load($new, 2));
drop_unfinished_indexes($new);
all_indexes_are_sound($new, 'upgraded, after a load');
every_row_is_found($new, 'upgraded, after a load');

$new->stop;
done_testing();
