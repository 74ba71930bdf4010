# Unit tests (GoogleTest) and the structural tests: rules of the design, checked on the built objects.
find_package(GTest REQUIRED)
include(GoogleTest)

file(GLOB unit_test_sources CONFIGURE_DEPENDS test/unit/*_test.cpp)
add_executable(unit_tests ${unit_test_sources})
target_include_directories(unit_tests PRIVATE include test/unit)
target_link_libraries(unit_tests PRIVATE vector_core vector_warnings GTest::gtest_main)
gtest_discover_tests(unit_tests)

if(EXISTS "${PROJECT_SOURCE_DIR}/cmake/StructureTests.cmake")
  include(cmake/StructureTests.cmake)
endif()
