# Upgrade scripts from pgvector's versions to this one: sql/from_pgvector.sql.in and, out of vector.sql, what can be
# created or replaced. Its catalog is the same from 0.8.0 to 0.8.6; 0.8.7 adds comments.
set(pgvector_versions 0.8.0 0.8.1 0.8.2 0.8.3 0.8.4 0.8.5 0.8.6 0.8.7)

file(READ sql/vector.sql statements)
# A list of CMake ends its elements with the character that ends a statement, so that is another one here.
string(ASCII 30 end)
string(REPLACE ";\n" "${end}" statements "${statements}")
string(REGEX MATCHALL
  "(CREATE (FUNCTION|AGGREGATE)|COMMENT ON|CREATE OPERATOR CLASS [a-z]+_ops\n\tDEFAULT FOR TYPE [a-z]+ USING hash)[^${end}]*${end}"
  statements "${statements}")
list(JOIN statements "\n" statements)
string(REPLACE "${end}" ";" statements "${statements}")
string(REGEX REPLACE "CREATE (FUNCTION|AGGREGATE)" "CREATE OR REPLACE \\1" statements "${statements}")

set(scripts_from_pgvector)
foreach(from IN LISTS pgvector_versions)
  set(script "${PROJECT_BINARY_DIR}/vector--${from}--${PROJECT_VERSION}.sql")
  configure_file(sql/from_pgvector.sql.in "${script}" @ONLY)
  list(APPEND scripts_from_pgvector "${script}")
endforeach()
unset(statements)
# What is read here is not an input of configure_file.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS sql/vector.sql)
