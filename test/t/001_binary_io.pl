# Binary format of vector: COPY out and in, and messages that must be refused.
use strict;
use warnings;

use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION vector');

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir);

# A COPY file of one column with one value for each message.
sub copy_file
{
	my ($name, @messages) = @_;
	my $path = "$dir/$name";
	open my $file, '>:raw', $path or die "$path: $!";
	print $file "PGCOPY\n\xff\r\n\0", pack('N N', 0, 0);
	print $file pack('n N a*', 1, length $_, $_) foreach @messages;
	print $file pack('n', 0xffff);
	close $file;
	return $path;
}

# dimensions, unused, elements
sub message
{
	my ($dimensions, $unused, @elements) = @_;
	return pack('n n', $dimensions, $unused) . pack('f>*', @elements);
}

# Round trip through a file.
my $out = "$dir/out";
$node->safe_psql(
	'postgres', qq(
	CREATE TABLE items (id int, embedding vector, fixed vector(3));
	INSERT INTO items VALUES
		(1, '[1,2.5,-3]', '[1,2,3]'), (2, '[-0]', NULL),
		(3, '[1e-45,3.4028235e38,-3.4028235e38,0.1]', '[0.1,0.2,0.3]'),
		(4, array_fill(0.5, ARRAY[16000])::vector, '[0,0,0]');
	CREATE TABLE copied (LIKE items);
	COPY items TO '$out' (FORMAT binary);
	COPY copied FROM '$out' (FORMAT binary);
));
is( $node->safe_psql(
		'postgres',
		'SELECT count(*), bool_and(i.embedding::text = c.embedding::text
			AND i.fixed::text IS NOT DISTINCT FROM c.fixed::text)
		FROM items i JOIN copied c USING (id)'),
	'4|t',
	'COPY BINARY out and in');

# A message written by hand, as a client library sends it.
$node->safe_psql('postgres', 'CREATE TABLE free (embedding vector); CREATE TABLE three (embedding vector(3))');
my $good = copy_file('good', message(3, 0, 1, 2.5, -3), message(1, 0, 7));
$node->safe_psql('postgres', "COPY free FROM '$good' (FORMAT binary)");
is($node->safe_psql('postgres', 'SELECT embedding FROM free'), "[1,2.5,-3]\n[7]", 'messages written by hand');
$node->safe_psql('postgres', 'TRUNCATE free');

my $infinity = 9**9**9;
my $nan = -sin($infinity);
my @refused = (
	[ 'no_dimensions', 'free', message(0, 0), '22000', 'vector must have at least 1 dimension' ],
	[ 'too_many', 'free', message(16001, 0, (1) x 16001), '54000', 'vector cannot have more than 16000 dimensions' ],
	[ 'negative', 'free', message(0xffff, 0, 1), '54000', 'vector cannot have more than 16000 dimensions' ],
	[ 'typmod', 'three', message(2, 0, 1, 2), '22000', 'expected 3 dimensions, not 2' ],
	[ 'unused', 'free', message(1, 1, 1), '22000', 'expected unused to be 0, not 1' ],
	[ 'unused_high', 'free', message(1, 0x8000, 1), '22000', 'expected unused to be 0, not 32768' ],
	[ 'nan', 'free', message(2, 0, 1, $nan), '22000', 'NaN not allowed in vector' ],
	[ 'infinite', 'free', message(2, 0, 1, $infinity), '22000', 'infinite value not allowed in vector' ],
	[ 'minus_infinite', 'free', message(1, 0, -$infinity), '22000', 'infinite value not allowed in vector' ],
	[ 'empty', 'free', '', '08P01', 'insufficient data left in message' ],
	[ 'no_unused', 'free', pack('n', 1), '08P01', 'insufficient data left in message' ],
	[ 'half_header', 'free', pack('n C', 1, 0), '08P01', 'insufficient data left in message' ],
	[ 'short', 'free', message(3, 0, 1, 2), '08P01', 'insufficient data left in message' ],
	[ 'torn', 'free', message(1, 0) . "\0\0\0", '08P01', 'insufficient data left in message' ],
	[ 'long', 'free', message(1, 0, 1, 2), '22P03', 'incorrect binary data format' ]);

foreach my $case (@refused)
{
	my ($name, $table, $message, $sqlstate, $words) = @$case;
	my $path = copy_file($name, message(3, 0, 1, 2, 3), $message);
	my ($ret, $stdout, $stderr) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nCOPY $table FROM '$path' (FORMAT binary);");
	like($stderr, qr/ERROR:  \Q$sqlstate: $words\E/, "refused: $name");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM (TABLE free UNION ALL TABLE three) t'), '0', 'nothing was stored');

$node->stop;
done_testing();
