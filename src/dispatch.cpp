// Chooses the kernels for this machine.
//
// The list is best first, and each table's requirements include those of the next one: the
// supported tables are then a suffix of the list, and nothing has to be collected or remembered.
//
// The predicates are ours, not xsimd's: xsimd 8.1 does not ask whether the operating system saves
// the wide registers. __builtin_cpu_supports does.
#include <cstring>
#include <iterator>

#include "kernels/tables.hpp"
#include "vector/decimals.hpp"
#include "vector/distance.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace vec {
namespace {

#if defined(__x86_64__)

// The builtin does not know "f16c" in clang 14, so ask the processor. The registers it works on are
// those of AVX: the operating system's part of the question is answered by the check for AVX2.
bool has_f16c() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

// Whatever the objects are compiled with in cmake/Kernels.cmake.
bool has_avx2() {
  __builtin_cpu_init();  // we may be called before the constructors have run
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl");
}

bool has_avx512vnni() {
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

#endif

constexpr const DistanceKernels* best_first[] = {
#if defined(__x86_64__)
    &kernels_avx512vnni,
    &kernels_avx512,
    &kernels_avx2,
#endif
    &kernels_baseline,
};

constexpr ShortestDecimals decimals_best_first[] = {
#if defined(__x86_64__)
    shortest_decimals_avx512vnni,
    shortest_decimals_avx512,
    shortest_decimals_avx2,
#endif
    shortest_decimals_baseline,
};

// Where the supported tables begin in best_first.
std::size_t first_supported() {
#if defined(__x86_64__)
  if (has_avx512vnni()) {
    return 0;
  }
  if (has_avx512()) {
    return 1;
  }
  return has_avx2() ? 2 : 3;
#else
  return 0;
#endif
}

}  // namespace

std::span<const DistanceKernels* const> supported_kernels() {
  return std::span<const DistanceKernels* const>(best_first).subspan(first_supported());
}

const DistanceKernels* best_kernels() {
  return best_first[first_supported()];
}

const DistanceKernels* kernels_named(const char* name) {
  for (const DistanceKernels* kernels : supported_kernels()) {
    if (std::strcmp(kernels->name, name) == 0) {
      return kernels;
    }
  }
  return nullptr;
}

ShortestDecimals shortest_decimals_named(const char* kernels) {
  for (std::size_t i = first_supported(); i < std::size(best_first); ++i) {
    if (std::strcmp(best_first[i]->name, kernels) == 0) {
      return decimals_best_first[i];
    }
  }
  return nullptr;
}

}  // namespace vec
