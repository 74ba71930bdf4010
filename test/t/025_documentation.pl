# Every SQL block of README.md and docs/ is executed, in order, in a database for each page. Pages with more servers or other
# programs have tests of their own, named below.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::Bin/../..";
my %elsewhere = ('docs/scaling-out.md' => '040_scaling_out.pl');

# What a page takes for granted.
my $items = q(CREATE EXTENSION vector;
	CREATE TABLE items (id bigserial PRIMARY KEY, embedding vector(3));
	INSERT INTO items (embedding) SELECT ARRAY[i % 7, i % 11, i % 13]::vector FROM generate_series(1, 1000) i;);
my %before = (
	'docs/migrating-from-pgvector.md' => $items . q(
		CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
		UPDATE pg_index SET indisvalid = false, indisready = false WHERE indexrelid = 'items_embedding'::regclass;),
	'docs/reference.md' => $items . 'CREATE INDEX ON items USING hnsw (embedding vector_l2_ops);',
	'docs/tuning.md' => $items);

my $node = PostgreSQL::Test::Cluster->new('documentation');
$node->init;
$node->start;

# Whether the heading of a link "page.md#heading" or "#heading" of a page is there, spelled as GitHub does.
sub has_heading
{
	my ($page, $link) = @_;
	my ($file, $anchor) = $link =~ /^(.*)#(.*)$/;
	my ($folder) = $page =~ m{^(.*/|)};
	my @headings = slurp_file("$root/" . ($file eq '' ? $page : "$folder$file")) =~ /^#+ (.*)$/mg;
	return grep { lc($_) =~ s/[^\w\- ]//gr =~ s/ /-/gr eq $anchor } @headings;
}

# Statements whose plan the page foretells, as [statement, whether the index is used].
my @plans;
# Statements that a page says use an index of its own, by page; and how many have their result beside them.
my (%marked, $results);
foreach my $path ('README.md', map { s/^\Q$root\E\///r } sort glob "$root/docs/*.md")
{
	my $page = slurp_file("$root/$path");
	my ($folder) = $path =~ m{^(.*/|)};
	my @targets = grep { /\.(md|svg|png)$/ && !m{^https?:} } $page =~ /\]\(([^)#]+)(?:#[^)]*)?\)/g;
	is(join(' ', grep { !-e "$root/$folder$_" } @targets), '', "$path: what it links to is there");
	is(join(' ', grep { !has_heading($path, $_) } $page =~ /\]\(([^):]*#[^)]+)\)/g), '', "$path: headings that it links to are there");
	my @blocks;
	# A block inside a list is indented.
	while ($page =~ /^( *)```sql\n(.*?)^\1```$/msg) { push @blocks, $2 }
	is(scalar @blocks, scalar(() = $page =~ /^ *```sql$/mg), "$path: every block of SQL ends");
	next if !@blocks;
	if (exists $elsewhere{$path})
	{
		ok(-e "$FindBin::Bin/$elsewhere{$path}", "$path: its blocks are run by $elsewhere{$path}");
		next;
	}
	my $database = $path =~ s/\W/_/gr;
	$node->safe_psql('postgres', "CREATE DATABASE \"$database\"");
	$node->safe_psql($database, $before{$path}) if exists $before{$path};
	my $n = 0;
	foreach my $block (@blocks)
	{
		$n++;
		my ($ret, $stdout, $stderr) = $node->psql($database, $block, on_error_stop => 1);
		# psql's commands that run statements, too, print errors only.
		ok($ret == 0 && $stderr !~ /ERROR|WARNING/, "$path: block $n of SQL") or diag("$block\n$stderr");
		# Statements below a line that says so, in the database of the page.
		while ($block =~ /^-- uses the index(?: (\w+))?\n(.*?;)$/msg)
		{
			my ($index, $statement) = ($1, $2);
			my $plan = $node->safe_psql($database, "SET enable_seqscan = off; EXPLAIN (COSTS OFF) $statement");
			my @used = $plan =~ /Index Scan using (\S+)/g;
			my $hnsw = $node->safe_psql($database, q(SELECT relname FROM pg_class JOIN pg_am a ON a.oid = relam WHERE amname = 'hnsw'));
			my %is_hnsw = map { $_ => 1 } split /\n/, $hnsw;
			ok((grep { defined $index ? $_ eq $index : $is_hnsw{$_} } @used), "$path: block $n uses " . ($index // 'an hnsw index'))
			  or diag("$statement\n$plan");
			$marked{$path}++;
		}
		# Wherever it stands: a line that is no whole statement fails.
		while ($block =~ /^(.*?) *-- gives (.*)$/mg)
		{
			my ($statement, $result) = ($1, $2);
			is($node->safe_psql($database, $statement), $result, "$path: $statement");
			$results++;
		}
		push @plans, map { /^(SELECT .*;) +-- (uses the index|no index)/ ? [ $1, $2 eq 'uses the index' ] : () } split /\n/, $block;
	}
	ok($node->safe_psql($database, q(SELECT bool_and(indisvalid AND indisready) FROM pg_index)) eq 't', "$path: leaves every index valid");
}

cmp_ok($marked{'docs/recipes.md'}, '>=', 12, 'recipes that use an index are marked');
cmp_ok($results, '>=', 3, 'there are statements with results');

# The FAQ, with one index on the table.
cmp_ok(scalar(grep { $_->[1] } @plans), '>=', 5, 'there are statements that use an index');
cmp_ok(scalar(grep { !$_->[1] } @plans), '>=', 7, 'and statements that cannot');
$node->safe_psql('postgres', $items . q(ALTER TABLE items ADD COLUMN category integer, ADD COLUMN price numeric;
	CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops)));
foreach (@plans)
{
	my ($statement, $uses) = @$_;
	my $plan = $node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN (COSTS OFF) $statement");
	ok($uses == ($plan =~ /Index Scan using items_embedding/ ? 1 : 0), ($uses ? 'uses an index: ' : 'cannot: ') . $statement) or diag($plan);
}

done_testing();
