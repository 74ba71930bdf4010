// Shortest decimals of many floats at a time, for print_vector_text. One function per instruction
// set, all with the same results; src/kernels/decimals.cpp says how they work.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vec {

// Number i stands for an integer of up to nine digits, divided by 10^places[i].
inline constexpr std::size_t kDecimalBlock = 64;
struct DecimalBlock {
  std::uint64_t places[kDecimalBlock];  // 2 to 12, zeros at the end of the digits included
  std::uint64_t first[kDecimalBlock];   // digit of 10^8: 0 or 1
  std::uint64_t
      digits[kDecimalBlock];  // the other eight, one a byte, the highest in the lowest byte
};

// Sets `block` to the shortest decimals that read back as the `kDecimalBlock` numbers without their
// signs; of several the nearest to the number, of two as near the even one. These are the digits of
// PostgreSQL's float_to_shortest_decimal_bufn.
//
// Only where has_shortest_decimal(number): the entries of other numbers, NaN among them, mean
// nothing.
using ShortestDecimals = void (*)(const float* numbers, DecimalBlock& block);

// The numbers that PostgreSQL prints without an exponent, but for 0.
inline bool has_shortest_decimal(float number) {
  const float magnitude = number < 0 ? -number : number;
  return magnitude >= 1e-4F && magnitude < 1e6F;
}

// By the name of the kernels of the same instruction set (vector/distance.hpp), or null when
// unknown or not supported here.
ShortestDecimals shortest_decimals_named(const char* kernels);

}  // namespace vec
