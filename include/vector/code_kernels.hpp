// Kernels of the codec sq8, which keeps a vector as one byte per dimension.
//
// A code is n unsigned bytes; byte u stands for the integer u - 128. The codec writes 1..255, that
// is -127..127; a byte 0 is taken as -128, so damaged codes give a number as well.
//
// Shapes are those of distance.hpp: every pointer may be unaligned, n and count may be 0, nothing
// outside the arrays is read or written, and outputs do not overlap inputs unless they are the same
// argument. Results are the same bits in every table: the integers are exact, and the float
// operations are done in one order with one rounding each. The exceptions are `dot` and
// `residual_squared`, whose sums in double differ between tables by rounding, and the payloads and
// signs of NaNs. Numbers are rounded in the processor's mode, to nearest unless somebody changed
// it. No errors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vec {

// The largest magnitude of an element of a packed query: a query is split into a high and a low
// byte, both signed.
inline constexpr int kLargestCodeQuery = 127 * 256 + 127;

struct CodeKernels {
  // The Walsh-Hadamard transform in place, not normalized: n times the inverse of itself. Element i
  // becomes the sum over j of x[j], negated where i & j has an odd number of bits. Stages of
  // distance 1, 2, 4, ... in this order. REQUIRES: n is a power of two.
  void (*hadamard)(float* x, std::size_t n);

  // x[i] = -x[i] where bit i % 64 of signs[i / 64] is set.
  void (*flip_signs)(float* x, std::size_t n, const std::uint64_t* signs);

  // The largest |x[i]|, 0 for n = 0; NaN if there is one, else infinity if there is one.
  float (*largest_magnitude)(const float* x, std::size_t n);

  // out[i] = 128 + the integer nearest to x[i] * factor, a float; of two the even one.
  // REQUIRES: |x[i] * factor| < 127.5.
  void (*quantize8)(const float* x, std::size_t n, float factor, std::uint8_t* out);

  // out[i] = the integer nearest to x[i] * factor, a float; of two the even one.
  // REQUIRES: |x[i] * factor| < 32767.5.
  void (*quantize16)(const float* x, std::size_t n, float factor, std::int16_t* out);

  // The sum of x[i] * (code[i] - 128), in double, where the products are exact.
  double (*dot)(const float* x, const std::uint8_t* code, std::size_t n);

  // The sum of (x[i] - factor * (code[i] - 128))^2, in double.
  double (*residual_squared)(const float* x, const std::uint8_t* code, double factor,
                             std::size_t n);

  // The form in which query_dot_many of the same table wants its query: 2 n bytes.
  // REQUIRES: |query[i]| <= kLargestCodeQuery.
  void (*pack_query)(const std::int16_t* query, std::size_t n, std::byte* packed);

  // out[i] = the sum over j of query[j] * (codes[i][j] - 128). REQUIRES: n <= 16000.
  void (*query_dot_many)(const std::byte* packed, const std::uint8_t* const* codes,
                         std::size_t count, std::size_t n, std::int64_t* out);

  // out[i] = the sum over j of (code[j] - 128) * (codes[i][j] - 128). REQUIRES: n <= 16000.
  void (*code_dot_many)(const std::uint8_t* code, const std::uint8_t* const* codes,
                        std::size_t count, std::size_t n, std::int32_t* out);
};

}  // namespace vec
