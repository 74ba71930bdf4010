# pg_config -> the imported target PostgreSQL::server and the installation's directories.
# Nothing is cached but PG_CONFIG, so that another PG_CONFIG in the same build folder takes effect.
find_program(PG_CONFIG pg_config REQUIRED DOC "pg_config of the PostgreSQL to build for")

function(ask_pg_config variable option)
  execute_process(COMMAND "${PG_CONFIG}" ${option} OUTPUT_VARIABLE answer
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

ask_pg_config(PG_VERSION --version)
ask_pg_config(PG_INCLUDEDIR_SERVER --includedir-server)
ask_pg_config(PG_PKGLIBDIR --pkglibdir)
ask_pg_config(PG_SHAREDIR --sharedir)
if(NOT EXISTS "${PG_INCLUDEDIR_SERVER}/postgres.h")
  message(FATAL_ERROR "${PG_INCLUDEDIR_SERVER}/postgres.h is missing: install PostgreSQL's server headers "
                      "(Debian: postgresql-server-dev-NN) or name another pg_config with PG_CONFIG=")
endif()

add_library(PostgreSQL::server INTERFACE IMPORTED)
# SYSTEM: PostgreSQL's headers are not held to our warnings.
target_include_directories(PostgreSQL::server SYSTEM INTERFACE "${PG_INCLUDEDIR_SERVER}")
target_compile_definitions(PostgreSQL::server INTERFACE _GNU_SOURCE)
