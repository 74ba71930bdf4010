# Google Benchmark programs: one executable per bench/*_bench.cpp.
find_package(benchmark REQUIRED)
file(GLOB bench_sources CONFIGURE_DEPENDS bench/*_bench.cpp)
foreach(source ${bench_sources})
  cmake_path(GET source STEM name)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE include test/unit)
  target_link_libraries(${name} PRIVATE vector_core vector_warnings benchmark::benchmark_main)
endforeach()
