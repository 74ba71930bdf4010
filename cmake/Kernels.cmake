# Two sources, compiled once per instruction set: the distance kernels, which export one table of function pointers,
# and the arithmetic of the text format, which exports one function.
find_path(XSIMD_INCLUDE_DIR xsimd/xsimd.hpp REQUIRED DOC "folder that holds xsimd/xsimd.hpp (Debian: libxsimd-dev)")
add_library(xsimd_headers INTERFACE)
target_include_directories(xsimd_headers SYSTEM INTERFACE "${XSIMD_INCLUDE_DIR}")

set(kernel_objects)
# Always -O2 and never LTO, also in Debug builds: at -O0 objects of different instruction sets share weak
# xsimd symbols, and the linker might keep the AVX-512 copy for everybody.
function(add_kernels name arch)
  add_library(kernels_${name} OBJECT src/kernels/kernels.cpp src/kernels/decimals.cpp)
  target_include_directories(kernels_${name} PRIVATE include)
  target_link_libraries(kernels_${name} PRIVATE xsimd_headers vector_warnings)
  target_compile_definitions(kernels_${name} PRIVATE "VECTOR_ARCH=${arch}" "VECTOR_ARCH_NAME=${name}")
  target_compile_options(kernels_${name} PRIVATE ${ARGN} -O2 -fno-lto -fno-exceptions -fno-rtti)
  set(kernel_objects ${kernel_objects} $<TARGET_OBJECTS:kernels_${name}> PARENT_SCOPE)
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  add_kernels(baseline xsimd::sse2)
  add_kernels(avx2 "xsimd::fma3<xsimd::avx2>" -mavx2 -mfma -mf16c)
  set(avx512_options -mavx512f -mavx512cd -mavx512dq -mavx512bw -mavx512vl -mfma -mf16c)
  add_kernels(avx512 xsimd::avx512bw ${avx512_options})
  add_kernels(avx512vnni xsimd::avx512bw ${avx512_options} -mavx512vnni)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  add_kernels(baseline xsimd::neon64)
else()
  add_kernels(baseline xsimd::generic)
endif()
