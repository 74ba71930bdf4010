# docs/reference.md names every object of the extension.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use Test::More;

sub slurp
{
    open my $file, '<', $_[0] or die "$_[0]: $!";
    local $/;
    return scalar <$file>;
}

my $root = "$FindBin::Bin/../..";
my $page = slurp("$root/docs/reference.md");

my $node = PostgreSQL::Test::Cluster->new('reference');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION vector');

# Each query lists texts that the page must contain.
my $members = q{pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
                AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'vector')};
my %queries = (
    'function' => "SELECT '`' || replace(d.objid::regprocedure::text, ',', ', ') || '`' FROM $members
                   AND d.classid = 'pg_proc'::regclass",
    'type' => "SELECT '| `' || d.objid::regtype || '` |' FROM $members AND d.classid = 'pg_type'::regclass
               AND (SELECT typelem = 0 FROM pg_type t WHERE t.oid = d.objid)",
    'operator' => "SELECT CASE oprname WHEN '||' THEN '<code>&#124;&#124;</code>' ELSE '`' || oprname || '`' END
                          || ' (' || oprleft::regtype || ', ' || oprright::regtype || ')'
                   FROM pg_operator o JOIN $members AND d.classid = 'pg_operator'::regclass AND d.objid = o.oid",
    'operator class' => "SELECT '| `' || opcname || '` | `' || amname || '`' FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod
                         JOIN $members AND d.classid = 'pg_opclass'::regclass AND d.objid = o.oid",
    'access method' => "SELECT '`' || amname || '`' FROM pg_am a JOIN $members
                        AND d.classid = 'pg_am'::regclass AND d.objid = a.oid",
    'setting' => "SELECT '| `' || name || '` | ' || boot_val || ' | '
                         || CASE vartype WHEN 'bool' THEN 'on, off' WHEN 'enum' THEN array_to_string(enumvals, ', ')
                                         ELSE min_val || ' to ' || max_val END || ' |'
                  FROM pg_settings WHERE name LIKE 'hnsw.%'",
);
# JOIN ... WHERE of the shared fragment: PostgreSQL wants ON.
s/JOIN pg_depend d WHERE/JOIN pg_depend d ON/ for values %queries;

for my $kind (sort keys %queries)
{
    my @texts = split /\n/, $node->safe_psql('postgres', "LOAD 'vector'; $queries{$kind}");
    ok(@texts > 0, "the extension has objects of kind $kind");
    my @missing = grep { index($page, $_) < 0 } @texts;
    is(join("\n", @missing), '', "every $kind is in the reference");
}

# A cast is a row with both types: | ... `from` ... | `to` | how |
my $how = q{CASE castcontext WHEN 'i' THEN 'implicitly' WHEN 'a' THEN 'in assignments' ELSE 'explicitly' END};
my @casts = split /\n/, $node->safe_psql('postgres',
    "SELECT castsource::regtype || ';' || casttarget::regtype || ';' || $how
     FROM pg_cast c JOIN $members AND d.classid = 'pg_cast'::regclass AND d.objid = c.oid" =~ s/pg_depend d WHERE/pg_depend d ON/r);
ok(@casts > 0, 'the extension has casts');
for my $cast (@casts)
{
    my ($from, $to, $applied) = split /;/, $cast;
    like($page, qr/^\|[^|]*`\Q$from\E`[^|]*\| `\Q$to\E` \| $applied/m, "cast from $from to $to");
}

# The examples: those with a result give it, and the indexes can be built, so no name on the page is a wrong one.
$node->safe_psql('postgres', q(CREATE TABLE vectors (c vector(3)); CREATE TABLE halfvecs (c halfvec(3));
    CREATE TABLE items (embedding vector(3)); INSERT INTO items VALUES ('[1,2,3]'), ('[1,2,3]'), ('[4,5,6]'), ('[7,8,9]');
    CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops)));
my @examples = $page =~ /`(SELECT [^`]*)` → `([^`]*)`/g;
ok(@examples > 60, 'there are examples');
while (my ($query, $result) = splice @examples, 0, 2)
{
    s/\\\|/|/g for $query, $result;    # a bar inside a table
    is($node->safe_psql('postgres', $query), $result, $query);
}
# The columns of hnsw_index_stats are those of the table, in their order.
my @columns = $page =~ /^`hnsw_index_stats` reads(.*?)^## /ms ? join(' ', $1 =~ /^\| (`.*?`) \|/mg) =~ /`(\w+)`/g : ();
is(join(' ', @columns), $node->safe_psql('postgres', q{SELECT string_agg(name, ' ' ORDER BY n) FROM pg_proc,
    unnest(proargnames) WITH ORDINALITY AS t (name, n) WHERE proname = 'hnsw_index_stats' AND n > 1}),
    'the reference has every column of hnsw_index_stats');
my @indexes = $page =~ /\| `(CREATE INDEX [^`]*)` \|/g;
is(scalar @indexes, 12, 'an example for each operator class');
$node->safe_psql('postgres', $_) for @indexes;

# Each setting has an example that sets it, and no row is of a setting that does not exist.
my @settings = $page =~ /^\| `(hnsw\.\w+)` \|/mg;
is($node->safe_psql('postgres', "LOAD 'vector'; SELECT string_agg(name, ' ' ORDER BY name) FROM pg_settings WHERE name LIKE 'hnsw.%'"),
    join(' ', sort @settings), 'the settings of the reference are those of the library');
for my $setting (@settings)
{
    my ($example) = $page =~ /^\| `$setting` .*\| `(SET LOCAL $setting = [^`]*)` \|$/m;
    ok(defined $example, "setting $setting has an example") or next;
    $node->safe_psql('postgres', "LOAD 'vector'; BEGIN; $example; COMMIT");
}

# Index options are not in the catalog, but in the table that parses them.
my %options = slurp("$root/src/pg/hnsw/options.cpp") =~ /\boption\("(\w+)", RELOPT_TYPE_(\w+)/g;
ok(keys %options > 0, 'the access method has options');
for my $option (sort keys %options)
{
    my $create = 'CREATE INDEX ON vectors USING hnsw (c vector_l2_ops)';
    my ($range, $example) = $page =~ /^\| `$option` \| \w+ \| ([^|]+) \| .*\| `(WITH \($option = [^`]*\))` \|$/m;
    ok(defined $example, "option $option has its default, its range and an example") or next;
    $node->safe_psql('postgres', "$create $example");
    my (@outside, $message);
    if ($options{$option} eq 'ENUM')
    {
        my @values = split /, /, $range;
        $node->safe_psql('postgres', "$create WITH ($option = '$_')") for @values;
        @outside = ('nonsense');
        $message = 'Valid values are ' . join(', ', map { qq("$_") } @values[0 .. $#values - 1]) . qq(, and "$values[-1]".);
    }
    else
    {
        my ($low, $high) = $range =~ /^(\d+) to (\d+)$/;
        @outside = ($low - 1, $high + 1);
        $message = qq(Valid values are between "$low" and "$high".);
    }
    for my $value (@outside)
    {
        my ($status, $out, $err) = $node->psql('postgres', "$create WITH ($option = $value)");
        like($err, qr/\Q$message\E/, "range of $option, which does not include $value");
    }
}
my @rows = $page =~ /^### Index options\n(.*?)^###/ms ? $1 =~ /^\| `(\w+)` \|/mg : ();
is(join(' ', sort @rows), join(' ', sort keys %options), 'the options of the reference are those of the access method');

done_testing();
