# Damaged index files: hnsw_check reports them; whatever else is done with them ends in an answer or in an error that
# names the corruption, never in a crash or a hang; and REINDEX heals.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The layout of include/vector/hnsw/page_format.hpp, for 8 dimensions and m = 4.
use constant {
	PAGE => 8192,
	HEADER => 24,
	ELEMENT => 24 + 8 * 4 + 8 * 6,
	EDGES => 24 + 8 * 4,
	LIST => 8 + 8 * 6,
	ELEMENTS => 2,
	LISTS => 3,
};
my %element_field = (state => 0, level => 1, degree => 2, lists => 4, tid => 8, further_tids => 16, append_tids => 20);
my %meta_field = (
	magic => 0, format_version => 4, dimensions => 8, m => 12, ef_construction => 14, metric => 16, codec => 18,
	element_type => 20, element_slot_bytes => 24, list_slot_bytes => 28, entry_point => 32, entry_level => 36,
	codec_data_block => 40, codec_data_bytes => 44, rotation_seed => 48, has_center => 56, reserved => 64);

my $per_page = int((PAGE - HEADER - 8) / ELEMENT);
my $lists_per_page = int((PAGE - HEADER - 8) / LIST);

my $node = started_node('main', "statement_timeout = '3s'\nshared_buffers = 16MB\nrestart_after_crash = on", no_data_checksums => 1);
$node->safe_psql(
	'postgres', q(
	CREATE TABLE template (id int, embedding vector(8))));
my $path = vector_file(1, 500, 8, 2);
# 120 rows of 500 are equal to others, by threes
$node->safe_psql('postgres', qq(
	COPY template FROM '$path';
	UPDATE template t SET embedding = o.embedding FROM template o WHERE t.id <= 120 AND o.id = 200 + t.id % 40));

# ---- kinds of damage: each changes the bytes of an index file, given by reference ----

sub put
{
	my ($file, $offset, $format, @values) = @_;
	my $bytes = pack($format, @values);
	substr($$file, $offset, length $bytes, $bytes);
}
sub blocks { return length(${ $_[0] }) / PAGE }
sub kind_of { return unpack('v', substr(${ $_[0] }, $_[1] * PAGE + PAGE - 8, 2)) }
sub blocks_of
{
	my ($file, $kind) = @_;
	return grep { kind_of($file, $_) == $kind } 1 .. blocks($file) - 1;
}
# The offsets of the elements in use, and their ids.
sub elements
{
	my ($file) = @_;
	my @found;
	foreach my $block (blocks_of($file, ELEMENTS))
	{
		foreach my $slot (0 .. $per_page - 1)
		{
			my $offset = $block * PAGE + HEADER + $slot * ELEMENT;
			push @found, [ $offset, $block * $per_page + $slot ] if ord(substr($$file, $offset, 1)) == 1;
		}
	}
	return @found;
}
sub lists
{
	my ($file, $kind) = @_;
	return grep { ord(substr($$file, $_ + 4, 1)) == $kind }
		map { my $block = $_; map { $block * PAGE + HEADER + $_ * LIST } 0 .. $lists_per_page - 1 } blocks_of($file, LISTS);
}
sub set_meta
{
	my ($field, $format, $value) = @_;
	return sub { put($_[0], HEADER + $meta_field{$field}, $format, $value) };
}
sub set_elements
{
	my ($field, $format, $value) = @_;
	return sub {
		my ($file) = @_;
		put($file, $_->[0] + $element_field{$field}, $format, ref $value ? $value->($file, $_->[1]) : $value) foreach elements($file);
	};
}
sub set_edges
{
	my ($value) = @_;
	return sub {
		my ($file) = @_;
		foreach my $element (elements($file))
		{
			put($file, $element->[0] + EDGES, 'V*', map { $value->($file, $element->[1]) } 1 .. 8);
			put($file, $element->[0] + $element_field{degree}, 'C', 8);
		}
	};
}
# Bytes anywhere but in page headers
sub set_bytes
{
	my ($seed, $count, $choose) = @_;
	return sub {
		my ($file) = @_;
		srand($seed);
		put($file, int(rand(blocks($file))) * PAGE + HEADER + int(rand(PAGE - HEADER)), 'C', $choose->()) foreach 1 .. $count;
	};
}
# One bit in the used part of any page but the metapage. (Not in the page header: PostgreSQL waits for a WAL position there.)
sub set_bit
{
	my ($seed) = @_;
	return sub {
		my ($file) = @_;
		srand($seed);
		my $offset = (1 + int(rand(blocks($file) - 1))) * PAGE + HEADER + int(rand(6000));
		put($file, $offset, 'C', ord(substr($$file, $offset, 1)) ^ 1 << int(rand(8)));
	};
}
my $own_page = sub { my ($file, $id) = @_; return int($id / $per_page) * $lists_per_page };    # as a list
my $first_list = sub { my ($file) = @_; return (blocks_of($file, LISTS))[0] * $lists_per_page };
my $list_as_element = sub { my ($file) = @_; return (blocks_of($file, LISTS))[0] * $per_page };

my %damage = (
	meta_zeroed => sub { put($_[0], 0, 'x' . PAGE) },
	meta_magic => set_meta('magic', 'V', 0xa953a953),
	meta_version => set_meta('format_version', 'V', 99),
	meta_m => set_meta('m', 'v', 5),
	meta_m_huge => set_meta('m', 'v', 65535),
	meta_dimensions => set_meta('dimensions', 'V', 7),
	meta_dimensions_huge => set_meta('dimensions', 'V', 0x7fffffff),
	meta_ef_construction => set_meta('ef_construction', 'v', 0),
	meta_metric => set_meta('metric', 'v', 2),
	meta_codec => set_meta('codec', 'v', 9),
	meta_element_bytes => set_meta('element_slot_bytes', 'V', 8),
	meta_list_bytes => set_meta('list_slot_bytes', 'V', 1 << 31),
	entry_outside => set_meta('entry_point', 'V', 0xfffffff0),
	entry_on_metapage => set_meta('entry_point', 'V', 3),
	entry_on_lists => sub { set_meta('entry_point', 'V', $list_as_element->($_[0]))->(@_) },
	entry_level_high => set_meta('entry_level', 'V', 1000),
	entry_level_negative => set_meta('entry_level', 'l<', -7),
	entry_level_wrong => set_meta('entry_level', 'V', 40),
	entry_none => set_meta('entry_point', 'V', 0xffffffff),
	entry_free => sub { my ($file) = @_; put($file, HEADER + $meta_field{entry_point}, 'V', (blocks_of($file, ELEMENTS))[-1] * $per_page + $per_page - 1) },

	page_zeroed => sub { put($_[0], PAGE, 'x' . PAGE) },
	all_pages_zeroed => sub { put($_[0], PAGE, 'x' . (length(${ $_[0] }) - PAGE)) },
	list_pages_zeroed => sub { my ($file) = @_; put($file, $_ * PAGE, 'x' . PAGE) foreach blocks_of($file, LISTS) },
	page_of_random_bytes => sub { my ($file) = @_; srand(4); put($file, PAGE, 'C*', map { int rand 256 } 1 .. PAGE) },
	page_contents_random => sub { my ($file) = @_; srand(5); put($file, PAGE + HEADER, 'C*', map { int rand 256 } 1 .. PAGE - HEADER - 8) },
	list_contents_random => sub { my ($file) = @_; srand(6); put($file, $_ * PAGE + HEADER, 'C*', map { int rand 256 } 1 .. PAGE - HEADER - 8) foreach blocks_of($file, LISTS) },
	element_page_says_lists => sub { put($_[0], 2 * PAGE - 8, 'v', LISTS) },
	list_page_says_elements => sub { my ($file) = @_; put($file, $_ * PAGE + PAGE - 8, 'v', ELEMENTS) foreach blocks_of($file, LISTS) },
	page_says_other_slots => sub { put($_[0], 2 * PAGE - 6, 'v', 16) },
	page_of_the_heap => sub { my ($file) = @_; put($file, 2 * PAGE - 8, 'x8') },
	pages_exchanged => sub { my ($file) = @_; my ($a, $b) = (1, (blocks_of($file, LISTS))[0]);
		my ($x, $y) = map { substr($$file, $_ * PAGE, PAGE) } $a, $b; substr($$file, $a * PAGE, PAGE, $y); substr($$file, $b * PAGE, PAGE, $x) },
	file_of_no_page => sub { ${ $_[0] } = '' },
	file_of_one_page => sub { ${ $_[0] } = substr(${ $_[0] }, 0, PAGE) },
	file_of_half_the_pages => sub { ${ $_[0] } = substr(${ $_[0] }, 0, int(blocks($_[0]) / 2) * PAGE) },
	file_torn => sub { ${ $_[0] } = substr(${ $_[0] }, 0, -3000) },

	state_unknown => set_elements('state', 'C', 77),
	state_free => set_elements('state', 'C', 0),
	state_deleted => set_elements('state', 'C', 2),
	level_high => set_elements('level', 'C', 255),
	level_wrong => set_elements('level', 'C', 3),
	degree_high => set_elements('degree', 'C', 255),
	degree_full => set_elements('degree', 'C', 8),
	lists_outside => set_elements('lists', 'V', 0xfffffff0),
	lists_on_metapage => set_elements('lists', 'V', 0),
	lists_on_own_page => set_elements('lists', 'V', $own_page),
	lists_of_others => set_elements('lists', 'V', $first_list),
	tids_none => set_elements('tid', 'x6', 0),
	tids_outside => set_elements('tid', 'v3', 0x7fff),
	further_tids_outside => set_elements('further_tids', 'V', 0xfffffff0),
	further_tids_on_own_page => set_elements('further_tids', 'V', $own_page),
	further_tids_of_others => set_elements('further_tids', 'V', $first_list),
	append_tids_outside => set_elements('append_tids', 'V', 0xfffffff0),
	append_tids_on_own_page => set_elements('append_tids', 'V', $own_page),
	append_tids_of_others => set_elements('append_tids', 'V', $first_list),
	edges_outside => set_edges(sub { 0xfffffff0 }),
	edges_none => set_edges(sub { 0xffffffff }),
	edges_to_metapage => set_edges(sub { 1 }),
	edges_to_themselves => set_edges(sub { $_[1] }),
	edges_to_lists => set_edges($list_as_element),
	edges_random => do { set_edges(sub { $per_page + int(rand(500)) }) },
	lists_too_long => sub { my ($file) = @_; put($file, $_ + 6, 'C', 255) foreach lists($file, 1) },
	tid_lists_too_long => sub { my ($file) = @_; put($file, $_ + 6, 'C', 255) foreach lists($file, 2) },
	tid_lists_of_no_row => sub { my ($file) = @_; put($file, $_ + 12, 'v3', 0, 0, 0) foreach lists($file, 2) },
	tid_lists_without_owner => sub { my ($file) = @_; put($file, $_, 'V', 0) foreach lists($file, 2) },
	# each list continues with the first list of all, which continues with itself
	tid_lists_in_a_circle => sub { my ($file) = @_; my @lists = lists($file, 2);
		my $id = sub { int($_[0] / PAGE) * $lists_per_page + ($_[0] % PAGE - HEADER) / LIST };
		my $owner = substr($$file, $lists[0], 4);
		foreach my $list (@lists) { put($file, $list + 8, 'V', $id->($lists[0])); substr($$file, $list, 4, $owner); put($file, $list + 6, 'C', 7) } },
	meta_codec_without_pages => set_meta('codec', 'v', 3),
	meta_reserved => set_meta('reserved', 'V', 1),

	header_lower => sub { put($_[0], PAGE + 12, 'v', 24) },
	header_special => sub { put($_[0], 2 * PAGE + 16, 'v', PAGE) },
	header_of_another_version => sub { put($_[0], PAGE + 18, 'v', PAGE + 3) },
	page_magic => sub { put($_[0], 2 * PAGE - 4, 'V', 0) },
	slot_without_mark => sub { my ($file) = @_; put($file, (elements($file))[7][0] + 14, 'v', 0) },
	free_slot_not_empty => sub { my ($file) = @_; put($file, (blocks_of($file, ELEMENTS))[-1] * PAGE + HEADER + ($per_page - 1) * ELEMENT + 4, 'V', 3) },
	code_nan => sub { my ($file) = @_; put($file, (elements($file))[9][0] + 24, 'V', 0x7fc00000) },
	code_of_another => sub { my ($file) = @_; my @e = elements($file); put($file, $e[9][0] + 24, 'f<', 1000) },
	edge_length_nan => sub { my ($file) = @_; put($file, (elements($file))[9][0] + EDGES + 8 * 4, 'v', 0x7fc0) },
	edge_outside => sub { my ($file) = @_; put($file, (elements($file))[9][0] + EDGES, 'V', 0xfffffff0) },
	edge_twice => sub { my ($file) = @_; my @e = elements($file); substr($$file, $e[9][0] + EDGES + 4, 4) = substr($$file, $e[9][0] + EDGES, 4) },
	edge_to_itself => sub { my ($file) = @_; my @e = elements($file); put($file, $e[9][0] + EDGES, 'V', $e[9][1]) },
	edge_to_free_slot => sub { my ($file) = @_; put($file, (elements($file))[9][0] + EDGES, 'V', (blocks_of($file, ELEMENTS))[-1] * $per_page + $per_page - 1) },
	edges_of_one_lost => sub { my ($file) = @_; put($file, $_->[0] + $element_field{degree}, 'C', 0) foreach elements($file) },
	list_of_another_level => sub { my ($file) = @_; put($file, (lists($file, 1))[0] + 5, 'C', 7) },
	list_of_another_owner => sub { my ($file) = @_; put($file, (lists($file, 1))[0], 'V', (elements($file))[-1][1]) },
	list_of_unknown_kind => sub { my ($file) = @_; put($file, (lists($file, 1))[0] + 4, 'C', 9) },
	list_of_nobody => sub { my ($file) = @_; put($file, (lists($file, 0), lists($file, 2))[0], 'VCC', (elements($file))[-1][1], 2, 0) },
	tid_list_dangling => sub { my ($file) = @_; put($file, (lists($file, 2))[0] + 8, 'V', 0xfffffff0) },
	tid_list_in_a_circle => sub { my ($file) = @_; my $list = (lists($file, 2))[0];
		put($file, $list + 8, 'V', int($list / PAGE) * $lists_per_page + ($list % PAGE - HEADER) / LIST) },
	tid_of_another => sub { my ($file) = @_; my @e = elements($file); substr($$file, $e[9][0] + 8, 6) = substr($$file, $e[8][0] + 8, 6) },
	tid_none => sub { my ($file) = @_; put($file, (elements($file))[9][0] + 8, 'v3', 0xffff, 0xffff, 0) },

	# of quantized indexes: block 1 holds the center
	codec_page_zeroed => sub { put($_[0], PAGE, 'x' . PAGE) },
	codec_page_says_elements => sub { put($_[0], 2 * PAGE - 8, 'v', ELEMENTS) },
	codec_page_says_nothing => sub { put($_[0], 2 * PAGE - 8, 'v', 0) },
	codec_page_magic => sub { put($_[0], 2 * PAGE - 4, 'V', 0) },
	codec_page_exchanged => sub { my ($file) = @_; my ($x, $y) = map { substr($$file, $_ * PAGE, PAGE) } 1, 2;
		substr($$file, PAGE, PAGE, $y); substr($$file, 2 * PAGE, PAGE, $x) },
	codec_center_nan => sub { put($_[0], PAGE + HEADER + 12, 'V', 0x7fc00000) },
	codec_center_infinite => sub { put($_[0], PAGE + HEADER, 'V', 0x7f800000) },
	codec_center_wrong => sub { put($_[0], PAGE + HEADER, 'f<8', 5, -4, 3, 3, 2, -7, 1, 1) },
	codec_seed_wrong => set_meta('rotation_seed', 'V', 12345),
	codec_has_no_center => set_meta('has_center', 'V', 0),
	codec_has_center_of_no_kind => set_meta('has_center', 'V', 7),
	codec_data_elsewhere => set_meta('codec_data_block', 'V', 2),
	codec_data_nowhere => set_meta('codec_data_block', 'V', 0xffffffff),
	codec_data_too_long => set_meta('codec_data_bytes', 'V', 1 << 30),
	codec_is_another => set_meta('codec', 'v', 1),
	codec_page_as_entry_point => set_meta('entry_point', 'V', int((PAGE - HEADER - 8) / (24 + 24 + 8 * 6)) + 1),
	codec_page_cut_off => sub { ${ $_[0] } = substr(${ $_[0] }, 0, PAGE) },
	codec_page_torn => sub { ${ $_[0] } = substr(${ $_[0] }, 0, PAGE + 100) },
	codec_metapage_zeroed => sub { put($_[0], 0, 'x' . PAGE) },
	codec_contents_random => sub { my ($file) = @_; srand(7); put($file, 2 * PAGE + HEADER, 'C*', map { int rand 256 } 1 .. PAGE - HEADER - 8) },
	(map { ("codec_random_bytes_$_" => set_bytes($_, 60, sub { int rand 256 })) } 40 .. 43),
	(map { ("random_bytes_$_" => set_bytes($_, 40, sub { int rand 256 })) } 10 .. 17),
	(map { ("bit_$_" => set_bit($_)) } 50 .. 58),
	(map { ("codec_bit_$_" => set_bit($_)) } 70 .. 75),
	(map { ("ones_$_" => set_bytes($_, 300, sub { 255 })) } 20 .. 22),
	(map { ("many_random_bytes_$_" => set_bytes($_, 3000, sub { int rand 256 })) } 30 .. 32),
	nothing => sub { });

# ---- one table and index for each ----

my %file_of;
$node->safe_psql('postgres', join(';', map { qq(
	CREATE TABLE $_ (id int, embedding vector(8));
	INSERT INTO $_ TABLE template;
	CREATE INDEX ${_}_embedding ON $_ USING hnsw (embedding vector_l2_ops) WITH (m = 4, ef_construction = 40, quantization = @{[ /^codec_/ ? 'sq8' : 'none' ]})) } sort keys %damage));
my $paths = $node->safe_psql('postgres', q(SELECT relname, pg_relation_filepath(oid) FROM pg_class WHERE relname LIKE '%\_embedding'));
%file_of = map { /^(\w+)_embedding\|(.*)$/ } split /\n/, $paths;
$node->stop;

my $changed = 0;
foreach my $name (sort keys %damage)
{
	my $file = $node->data_dir . "/$file_of{$name}";
	my $bytes = slurp_file($file);
	my $before = $bytes;
	$damage{$name}->(\$bytes);
	$changed++ if $bytes ne $before;
	open my $handle, '+<:raw', $file or die "$file: $!";
	print $handle $bytes;
	truncate $handle, length $bytes;
	close $handle;
}
is($changed, keys(%damage) - 1, 'every kind of damage changes the file');
$node->start;

# ---- what the check says of each ----

$node->safe_psql('postgres', q(
	CREATE FUNCTION verdict(statement text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE statement;
		RETURN '';
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE || ' ' || SQLERRM;
	END $$));
sub verdicts
{
	my ($call) = @_;
	my ($ret, $stdout, $stderr) = $node->psql('postgres', qq(SET statement_timeout = '60s';
		SELECT relname, verdict(format('SELECT $call', oid::regclass)) FROM pg_class WHERE relname LIKE '%\_embedding'));
	is($ret, 0, "$call ends");
	my %verdict = map { /^(\w+)_embedding\|(.*)$/ } split /\n/, $stdout;
	$verdict{$_} = "warning$verdict{$_}" foreach $stderr =~ /WARNING:.* index "(\w+)_embedding" cannot be reached/g;
	return %verdict;
}
my %stats = verdicts('hnsw_index_stats(%L)');
is(join("\n", grep { !/^(XX00[12] |$)/ } values %stats), '', 'hnsw_index_stats answers or says that an index is corrupted');
my %checked = verdicts('hnsw_check(%L, true)');
is(join("\n", grep { !/^(XX00[12] |warning$|$)/ } values %checked), '', 'hnsw_check finds nothing but corruption');
is(scalar(keys %checked), scalar(keys %damage), 'hnsw_check looks at every index');
is($checked{nothing}, '', 'nothing without damage');
is($checked{edges_of_one_lost}, 'warning', 'elements out of reach are a warning');
# Not seen: other parameters of the codec and other numbers, as good as the right ones. Some bits are of this kind.
my @silent = grep { $checked{$_} eq '' && !/^(codec_)?bit_/ } sort keys %checked;
is("@silent", 'code_of_another codec_center_wrong codec_seed_wrong nothing', 'all other damage is reported');
like($checked{$_->[0]}, qr/^XX002 .*: $_->[1]$/, "$_->[0]: $_->[1]") foreach (
	[ header_lower => '(there is something behind the used part of the page|the used part of the page ends in the wrong place)' ],
	[ header_special => 'the page header is damaged' ],
	[ level_high => 'an element is on a level that is too high' ],
	[ page_magic => 'page is not of the expected kind' ],
	[ edge_outside => 'an edge leads to a page that holds no elements' ],
	[ edge_twice => 'an edge is in a neighbor list twice' ],
	[ edge_to_itself => 'an edge leads to the element it comes from' ],
	[ edge_to_free_slot => 'an edge leads to a free slot' ],
	[ edge_length_nan => 'the length of an edge is not a number' ],
	[ code_nan => q(a vector's code is damaged) ],
	[ tid_lists_of_no_row => 'a heap tid is outside of the table' ],
	[ tid_list_dangling => 'a heap tid list of an element is not its own' ],
	[ tid_list_in_a_circle => 'the heap tid lists of an element form a cycle' ],
	[ list_of_another_owner => 'a neighbor list of an element is not its own' ],
	[ tid_of_another => 'it (has a row twice|lacks a row of its table)' ],
	[ tid_none => 'it lacks a row of its table' ]);

# Pages of other sessions' temporary tables are out of sight.
my $other = $node->background_psql('postgres');
$other->query_safe('CREATE TEMP TABLE hidden (v vector(2)); CREATE INDEX hidden_v ON hidden USING hnsw (v vector_l2_ops)');
foreach my $function (qw(hnsw_check hnsw_index_stats))
{
	is($node->safe_psql('postgres', "SELECT verdict(format('SELECT $function(%s)', oid)) FROM pg_class WHERE relname = 'hidden_v'"),
		'0A000 cannot access temporary tables of other sessions', "$function refuses them");
}
$other->quit;

# What passes the check gives right results.
foreach my $name (grep { /bit_|nothing/ && $checked{$_} eq '' } sort keys %checked)
{
	my $ids = "SELECT count(*), sum(id) FROM (SELECT id FROM $name ORDER BY embedding <-> '[1,0,-1,0.5,0,0,1,0]') t";
	my $expected = $node->safe_psql('postgres', "SET enable_indexscan = off; $ids");
	is($node->safe_psql('postgres', by_index_only(1000) . 'SET hnsw.exact_order = off;' . $ids), $expected, "$name: right results");
}

# ---- what is done with each ----

my $query = q('[1,0,-1,0.5,0,0,1,0]');
# Errors of the index are XX002; XX001 is PostgreSQL's for pages that it does not take or that are not there, which a
# damaged heap tid or a damaged page header leads to.
my $allowed = qr/^(?:psql:<stdin>:\d+: )?ERROR:  XX00[12]: /;
# Codes that mean something else than they did may be nearer than they seem, which is PostgreSQL's to notice.
my $other_codes = qr/^(?:psql:<stdin>:\d+: )?ERROR:  XX000: index returned tuples in wrong order/;
my %seen;

sub survives
{
	my ($name) = @_;
	my $statements = by_index_only(1000) . qq(
		\\set VERBOSITY verbose
		SELECT count(*) FROM (SELECT id FROM $name ORDER BY embedding <-> $query LIMIT 10) t;
		SELECT count(*) FROM (SELECT id FROM $name ORDER BY embedding <-> $query) t;
		INSERT INTO $name SELECT id + 1000, embedding FROM template WHERE id % 20 = 1;
		INSERT INTO $name SELECT 2000, embedding FROM template WHERE id = 5;
		INSERT INTO $name SELECT 2001, ARRAY[9, 9, 9, 9, 9, 9, 9, 9];
		DELETE FROM $name WHERE id % 3 = 0;
		VACUUM (INDEX_CLEANUP on) $name;
		SELECT count(*) FROM (SELECT id FROM $name ORDER BY embedding <-> $query) t;
		INSERT INTO $name SELECT id + 3000, embedding FROM template WHERE id % 3 = 0;
		VACUUM (INDEX_CLEANUP on) $name;
		);
	my ($stdout, $stderr, $timed_out) = ('', '', 0);
	my $ret = $node->psql('postgres', $statements, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0,
		timeout => 8, timed_out => \$timed_out);
	my @bad = grep { /(ERROR|FATAL|PANIC|WARNING): / && !/$allowed/ && !($name =~ /^codec_.*(wrong|random|bit)|^(code_of_another|bit)/ && /$other_codes/) } split /\n/, $stderr;
	push @bad, $stderr if $ret != 0;
	@bad = ('it hangs: ' . $node->safe_psql('postgres', q(SELECT wait_event_type, wait_event, query FROM pg_stat_activity
		WHERE state = 'active' AND pid <> pg_backend_pid()))) if $timed_out;
	$seen{$name} = $stderr;
	is(join("\n", @bad), '', "$name: answers or says that it is corrupted");
	if ($timed_out || $ret == 2)
	{
		# A hanging session holds a lock of the page for ever, a crash has ended the others.
		$node->stop('immediate');
		$node->start;
	}
	return;
}

sub heals
{
	my ($name) = @_;
	my $statement = "SELECT count(*), sum(id) FROM (SELECT id FROM $name ORDER BY embedding <-> $query) t;";
	my ($ret, $stdout, $stderr) = $node->psql('postgres',
		"SET enable_indexscan = off; $statement RESET enable_indexscan; REINDEX INDEX ${name}_embedding;" . by_index_only(1000) . $statement);
	my ($exact, $found) = split /\n/, $stdout;
	return is($found, $exact, "$name: REINDEX heals");
}

foreach my $name (sort keys %damage)
{
	survives($name);
	heals($name);
}

is($seen{nothing}, '', 'no error without damage');
# A metapage that cannot be ours
foreach my $name (qw(meta_zeroed meta_magic meta_version meta_m meta_dimensions file_of_no_page meta_codec_without_pages
	codec_page_zeroed codec_page_says_elements codec_page_says_nothing codec_page_magic codec_page_exchanged codec_center_nan
	codec_center_infinite codec_has_no_center codec_has_center_of_no_kind codec_data_elsewhere codec_data_nowhere
	codec_data_too_long codec_is_another codec_page_cut_off codec_metapage_zeroed))
{
	like(
		$seen{$name},
		qr/ERROR:  XX002: index "${name}_embedding" is not a valid hnsw index\n(?:.*\n)?HINT:  Please REINDEX it\./,
		"$name: says what to do");
}
like($seen{$_}, qr/XX002: index "${_}_embedding" is corrupted at block \d+: .*\n(?:.*\n)?HINT:  Please REINDEX it\./, "$_: says what to do")
	foreach qw(page_of_the_heap entry_outside edges_outside degree_high further_tids_outside lists_outside tid_lists_in_a_circle tid_lists_of_no_row);

$node->stop('immediate');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'no crash in the log');
done_testing();
