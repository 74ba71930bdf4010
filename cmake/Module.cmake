# The PostgreSQL module vector.so, its control file and its SQL scripts.
include(cmake/PostgreSQL.cmake)

file(GLOB_RECURSE module_sources CONFIGURE_DEPENDS src/pg/*.cpp)
# Exceptions and RTTI stay at their defaults: the reference to the exception personality is the
# evidence that the test module_has_nothing_to_unwind looks for. (But see below for an old clang.)
add_library(vector_shim OBJECT ${module_sources})
target_include_directories(vector_shim PRIVATE include src/pg)
target_link_libraries(vector_shim PRIVATE vector_warnings PostgreSQL::server)
# As PostgreSQL itself is compiled: its headers rely on it.
target_compile_options(vector_shim PRIVATE -fno-strict-aliasing -fwrapv)
# Of macros of PostgreSQL's headers; g++ sees by itself that they come from there.
target_compile_options(vector_shim PRIVATE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-volatile>)
# clang 14 refers to the personality where nothing unwinds any more, for instance after each std::atomic::load. Other
# compilers have to be the evidence.
set(VECTOR_SHIM_IS_EVIDENCE ON)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  target_compile_options(vector_shim PRIVATE -fno-exceptions)
  set(VECTOR_SHIM_IS_EVIDENCE OFF)
endif()
target_compile_definitions(vector_shim PRIVATE "VECTOR_VERSION=\"${PROJECT_VERSION}\"")

add_library(vector MODULE $<TARGET_OBJECTS:vector_shim>)
target_link_libraries(vector PRIVATE vector_core m)
# Linked by the C driver: the module must not need libstdc++.
set_target_properties(vector PROPERTIES PREFIX "" LINKER_LANGUAGE C)
# -Bsymbolic: addresses of our functions are compared, and another library may export the same names.
target_link_options(vector PRIVATE -Wl,--as-needed -Wl,-Bsymbolic
                    "-Wl,--version-script=${PROJECT_SOURCE_DIR}/src/pg/hidden.map")
set_target_properties(vector PROPERTIES LINK_DEPENDS "${PROJECT_SOURCE_DIR}/src/pg/hidden.map")

configure_file(vector.control vector.control @ONLY)
configure_file(sql/vector.sql "vector--${PROJECT_VERSION}.sql" COPYONLY)
file(GLOB upgrade_scripts CONFIGURE_DEPENDS sql/vector--*.sql)
include(cmake/FromPgvector.cmake)

install(TARGETS vector LIBRARY DESTINATION "${PG_PKGLIBDIR}")
install(FILES "${PROJECT_BINARY_DIR}/vector.control" "${PROJECT_BINARY_DIR}/vector--${PROJECT_VERSION}.sql"
              ${upgrade_scripts} ${scripts_from_pgvector}
        DESTINATION "${PG_SHAREDIR}/extension")
