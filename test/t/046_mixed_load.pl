# All kinds of statements at once, for LOAD_SECONDS (an hour: TAP=046_mixed_load LOAD_SECONDS=3600 scripts/check tap).
# Nothing fails, no session waits for another in a circle, and all the time an exhaustive index scan has the rows of a
# sequential scan of the same snapshot.
use strict;
use warnings;

use HnswLoad;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = started_node('main', "shared_buffers = 16MB\nmax_wal_size = 512MB");
make_loaded_table($node);
finish_load(0, start_load($node, $ENV{LOAD_SECONDS} // 30));
# Where the time was up in the middle of a build
drop_unfinished_indexes($node);

every_row_is_found($node, 'after the load');
all_indexes_are_sound($node, 'after the load');
$node->safe_psql('postgres', 'VACUUM items');
every_row_is_found($node, 'after a vacuum');
all_indexes_are_sound($node, 'after a vacuum');
hardly_any_lost($node, 'vector_l2_ops', q('[1,0,-1,0.5,0,0,1,0,1,1,0,0,0,1,0,1]'), 'after a vacuum');

# Before the server stops: a session that has not ended yet would say FATAL.
unlike(slurp_file($node->logfile), qr/ERROR|FATAL|PANIC|TRAP|deadlock|terminated by signal/, 'no error in the log');
$node->stop;
done_testing();
