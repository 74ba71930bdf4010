# libFuzzer targets: one executable per test/fuzz/*_fuzzer.cpp. Needs clang.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "VECTOR_FUZZ needs clang: -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++")
endif()
target_compile_options(vector_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
file(GLOB fuzz_sources CONFIGURE_DEPENDS test/fuzz/*_fuzzer.cpp)
foreach(source ${fuzz_sources})
  cmake_path(GET source STEM name)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE vector_core vector_warnings)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
# Pages in plain memory are those of the unit tests.
target_include_directories(page_fuzzer PRIVATE test/unit)

# The module's own code of the types, over a stand-in for the server.
if(NOT TARGET PostgreSQL::server)
  include(cmake/PostgreSQL.cmake)
endif()
target_sources(receive_fuzzer PRIVATE test/fuzz/backend.cpp src/pg/types/io.cpp src/pg/types/checks.cpp
                                      src/pg/types/element.cpp)
target_include_directories(receive_fuzzer PRIVATE include src/pg)
target_link_libraries(receive_fuzzer PRIVATE PostgreSQL::server)
target_compile_options(receive_fuzzer PRIVATE -fno-strict-aliasing -fwrapv -Wno-deprecated-volatile)
