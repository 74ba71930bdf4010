// IEEE 754 binary16, the element of halfvec.
//
// Scalar conversions, right on every machine; arrays go through the kernels (distance.hpp), which
// use the machine's instructions and give the same bits.
#pragma once

#include <bit>
#include <cstdint>

namespace vec {

// Stored in halfvec values and in index pages. A struct, so that it is never taken for an integer.
struct Half {
  std::uint16_t bits;
};
static_assert(sizeof(Half) == 2);

inline constexpr float kMaxHalf = 65504;

// Exact.
inline float to_float(Half half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half.bits & 0x8000u) << 16;
  const std::uint32_t magnitude = half.bits & 0x7fffu;
  if (magnitude >= 0x7c00u) {  // infinite, NaN
    return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  }
  // The bits as a float are too small by 2^112; the product is exact, also for subnormal halves.
  return std::bit_cast<float>(
      sign | std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112f));
}

// Rounds to nearest, ties to even. 65520 and above become infinite; NaN stays NaN.
inline Half to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return {static_cast<std::uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu))};
  if (magnitude >= 0x477ff000u) return {static_cast<std::uint16_t>(sign | 0x7c00u)};  // >= 65520
  if (magnitude <
      0x38800000u) {  // below 2^-14: subnormal; adding 0.5 lets the addition round to 2^-24
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return {
        static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u))};
  }
  const std::uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return {static_cast<std::uint16_t>(sign | (rounded - 0x38000000u) >> 13)};
}

}  // namespace vec
