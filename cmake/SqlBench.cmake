# sql_bench, which compares servers (docs/benchmarks.md), and its tests. Needs libpq and the C library
# of HDF5 (Debian: libpq-dev, libhdf5-dev); left out with a message when one of them is missing.
find_path(LIBPQ_INCLUDE_DIR libpq-fe.h PATH_SUFFIXES postgresql DOC "folder of libpq-fe.h")
find_library(LIBPQ_LIBRARY pq DOC "libpq")
find_path(HDF5_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial DOC "folder of hdf5.h")
find_library(HDF5_LIBRARY NAMES hdf5_serial hdf5 DOC "the C library of HDF5")
if(NOT LIBPQ_INCLUDE_DIR OR NOT LIBPQ_LIBRARY OR NOT HDF5_INCLUDE_DIR OR NOT HDF5_LIBRARY)
  message(STATUS "sql_bench is left out: install libpq and HDF5 for it (Debian: libpq-dev libhdf5-dev)")
  return()
endif()
find_package(Threads REQUIRED)

file(GLOB sql_bench_sources CONFIGURE_DEPENDS bench/sql/*.cpp)
list(FILTER sql_bench_sources EXCLUDE REGEX "/main\\.cpp$")
add_library(sql_bench_parts STATIC ${sql_bench_sources})
target_include_directories(sql_bench_parts PUBLIC bench/sql include)
target_include_directories(sql_bench_parts SYSTEM PUBLIC "${LIBPQ_INCLUDE_DIR}" "${HDF5_INCLUDE_DIR}")
target_link_libraries(sql_bench_parts PUBLIC vector_warnings Threads::Threads "${LIBPQ_LIBRARY}" "${HDF5_LIBRARY}")

add_executable(sql_bench bench/sql/main.cpp)
target_link_libraries(sql_bench PRIVATE sql_bench_parts)

if(VECTOR_TESTS)
  add_executable(sql_bench_tests test/sql_bench/sql_bench_test.cpp)
  target_link_libraries(sql_bench_tests PRIVATE sql_bench_parts GTest::gtest_main)
  gtest_discover_tests(sql_bench_tests)
endif()

# selection_table: bench/selection/main.cpp.
add_executable(selection_table bench/selection/main.cpp)
target_include_directories(selection_table PRIVATE test/unit)
target_link_libraries(selection_table PRIVATE sql_bench_parts vector_core)
