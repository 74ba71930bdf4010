# Bad input as a value, where PostgreSQL can ask for it: pg_input_is_valid (16), COPY ... ON_ERROR ignore (17).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('soft');
$node->init;
plan skip_all => 'soft errors need PostgreSQL 16' if $node->pg_version < 16;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION vector');

for my $type ('vector', 'halfvec')
{
    is($node->safe_psql('postgres', "SELECT pg_input_is_valid('[1,2]', '${type}(2)')"), 't', "$type: valid");
    for my $case (
        ['[1,x]', 'invalid input syntax', '22P02'],
        ['[1,2', 'invalid input syntax', '22P02'],
        ['1,2]', 'invalid input syntax', '22P02'],
        ['[1,2]3', 'invalid input syntax', '22P02'],
        ['[1,2,3]', 'expected 2 dimensions, not 3', '22000'],
        ['[]', 'must have at least 1 dimension', '22000'],
        ['[nan,1]', 'NaN not allowed', '22000'],
        ['[inf,1]', 'infinite value not allowed', '22000'],
        ['[1e40,1]', 'out of range', '22003'])
    {
        my ($text, $message, $sqlstate) = @$case;
        like($node->safe_psql('postgres',
                "SELECT message, sql_error_code FROM pg_input_error_info('$text', '${type}(2)')"),
            qr/\Q$message\E.*\|$sqlstate/, "$type: $text");
    }

    my $many = "'[' || repeat('0,', 16000) || '0]'";
    is($node->safe_psql('postgres', "SELECT message, sql_error_code FROM pg_input_error_info($many, '$type')"),
        "$type cannot have more than 16000 dimensions|54000", "$type: too many dimensions");

    # Errors of elements are passed on by arrays and domains.
    $node->safe_psql('postgres', "CREATE DOMAIN pair_of_$type AS ${type}(2) CHECK (vector_dims(VALUE) = 2)");
    is($node->safe_psql('postgres', qq{SELECT pg_input_is_valid('{"[1,2]","[3,4]"}', '${type}(2)[]'),
              pg_input_is_valid('{"[1,2]","[3,x]"}', '${type}(2)[]'),
              pg_input_is_valid('{"[1,2]","[3]"}', '${type}(2)[]'),
              pg_input_is_valid('[1,2]', 'pair_of_$type'),
              pg_input_is_valid('[1,x]', 'pair_of_$type'),
              pg_input_is_valid('[1,2,3]', 'pair_of_$type')}),
        't|f|f|t|f|f', "$type: arrays and domains");
}

# What is too large for halfvec alone.
is($node->safe_psql('postgres', "SELECT pg_input_is_valid('[65520]', 'vector'),
          pg_input_is_valid('[65519.9]', 'halfvec'), message, sql_error_code
          FROM pg_input_error_info('[1,65520,x]', 'halfvec')"),
    't|t|"65520" is out of range for type halfvec|22003', 'halfvec: 65520');

SKIP:
{
    skip 'COPY ... ON_ERROR needs PostgreSQL 17', 1 if $node->pg_version < 17;
    my $file = $node->basedir . '/rows';
    open my $out, '>', $file or die $!;
    print $out "1\t[1,2]\n2\t[1,x]\n3\t[1,2,3]\n4\t[3,4]\n";
    close $out;
    is($node->safe_psql('postgres', "CREATE TABLE t (id int, v vector(2));
          COPY t FROM '$file' WITH (ON_ERROR ignore);
          SELECT string_agg(id::text, ',') FROM t"), '1,4', 'COPY skips bad rows');
}

done_testing();
