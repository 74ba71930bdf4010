# Binary format of vector and halfvec: COPY out and in, and messages that must be refused.
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

# The elements 1, 2.5, -3, 7, 0.5 and those that are refused, as each type has them.
my %elements = (
	vector => {
		1 => '3f800000', 2.5 => '40200000', -3 => 'c0400000', 7 => '40e00000',
		nan => '7fc00000', minus_nan => 'ffc00000', infinity => '7f800000', minus_infinity => 'ff800000' },
	halfvec => {
		1 => '3c00', 2.5 => '4100', -3 => 'c200', 7 => '4700',
		nan => '7e00', minus_nan => 'fc01', infinity => '7c00', minus_infinity => 'fc00' });

# type, dimensions, unused, elements
sub message
{
	my ($type, $dimensions, $unused, @elements) = @_;
	return pack('n n', $dimensions, $unused) . join('', map { pack 'H*', $elements{$type}{$_} } @elements);
}

foreach my $type (sort keys %elements)
{
	my $most = $type eq 'vector' ? '3.4028235e38' : '65504';
	my $least = $type eq 'vector' ? '1e-45' : '5.9604645e-08';

	# Round trip through a file.
	my $out = "$dir/$type";
	$node->safe_psql(
		'postgres', qq(
		CREATE TABLE items (id int, embedding $type, fixed $type(3));
		INSERT INTO items VALUES
			(1, '[1,2.5,-3]', '[1,2,3]'), (2, '[-0]', NULL),
			(3, '[$least,$most,-$most,0.1]', '[0.1,0.2,0.3]'),
			(4, array_fill(0.5, ARRAY[16000])::$type, '[0,0,0]');
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
		"$type: COPY BINARY out and in");

	# A message written by hand, as a client library sends it.
	$node->safe_psql('postgres', "CREATE TABLE free (embedding $type); CREATE TABLE three (embedding $type(3))");
	my $good = copy_file("$type.good", message($type, 3, 0, 1, 2.5, -3), message($type, 1, 0, 7));
	$node->safe_psql('postgres', "COPY free FROM '$good' (FORMAT binary)");
	is($node->safe_psql('postgres', 'SELECT embedding FROM free'), "[1,2.5,-3]\n[7]", "$type: messages written by hand");
	$node->safe_psql('postgres', 'TRUNCATE free');

	my @refused = (
		[ 'no_dimensions', 'free', [ 0, 0 ], '22000', "$type must have at least 1 dimension" ],
		[ 'too_many', 'free', [ 16001, 0, (1) x 16001 ], '54000', "$type cannot have more than 16000 dimensions" ],
		[ 'negative', 'free', [ 0xffff, 0, 1 ], '54000', "$type cannot have more than 16000 dimensions" ],
		[ 'typmod', 'three', [ 2, 0, 1, 2.5 ], '22000', 'expected 3 dimensions, not 2' ],
		[ 'unused', 'free', [ 1, 1, 1 ], '22000', 'expected unused to be 0, not 1' ],
		[ 'unused_high', 'free', [ 1, 0x8000, 1 ], '22000', 'expected unused to be 0, not 32768' ],
		[ 'nan', 'free', [ 2, 0, 1, 'nan' ], '22000', "NaN not allowed in $type" ],
		[ 'minus_nan', 'free', [ 1, 0, 'minus_nan' ], '22000', "NaN not allowed in $type" ],
		[ 'infinite', 'free', [ 2, 0, 1, 'infinity' ], '22000', "infinite value not allowed in $type" ],
		[ 'minus_infinite', 'free', [ 1, 0, 'minus_infinity' ], '22000', "infinite value not allowed in $type" ],
		[ 'short', 'free', [ 3, 0, 1, 2.5 ], '08P01', 'insufficient data left in message' ],
		[ 'long', 'free', [ 1, 0, 1, 2.5 ], '22P03', 'incorrect binary data format' ]);
	$_->[2] = message($type, @{ $_->[2] }) foreach @refused;
	push @refused,
	  [ 'empty', 'free', '', '08P01', 'insufficient data left in message' ],
	  [ 'no_unused', 'free', pack('n', 1), '08P01', 'insufficient data left in message' ],
	  [ 'half_header', 'free', pack('n C', 1, 0), '08P01', 'insufficient data left in message' ],
	  [ 'torn', 'free', pack('n n C', 1, 0, 0), '08P01', 'insufficient data left in message' ];

	foreach my $case (@refused)
	{
		my ($name, $table, $message, $sqlstate, $words) = @$case;
		my $path = copy_file("$type.$name", message($type, 3, 0, 1, 2.5, -3), $message);
		my ($ret, $stdout, $stderr) = $node->psql('postgres',
			"\\set VERBOSITY verbose\nCOPY $table FROM '$path' (FORMAT binary);");
		like($stderr, qr/ERROR:  \Q$sqlstate: $words\E/, "$type: refused: $name");
	}
	is($node->safe_psql('postgres', 'SELECT count(*) FROM (TABLE free UNION ALL TABLE three) t'), '0', "$type: nothing was stored");
	$node->safe_psql('postgres', 'DROP TABLE items, copied, free, three');
}

$node->stop;
done_testing();
