// The kernels of codes, see vector/code_kernels.hpp. Included by kernels.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "code_batch.hpp"
#include "code_dots.hpp"
#include "vector/code_kernels.hpp"

namespace vec {
namespace {

// The stages within a batch of which the first n lanes are used.
template <std::size_t Distance = 1>
VECTOR_INLINE Batch hadamard_of(Batch x, std::size_t n) {
  if constexpr (Distance < batch_size) {
    if (Distance < n) {
      return hadamard_of<2 * Distance>(pair_up<Distance>(x), n);
    }
  }
  return x;
}

void hadamard(float* x, std::size_t n) {
  if (n < batch_size) {
    if (n > 1) {
      store_prefix(x, hadamard_of(load_prefix(x, n), n), n);
    }
    return;
  }
  for (std::size_t i = 0; i < n; i += batch_size) {
    store(x + i, hadamard_of(load(x + i), batch_size));
  }
  std::size_t distance = batch_size;
  // Two stages at a time halve the traffic.
  for (; distance * 4 <= n; distance *= 4) {
    for (std::size_t first = 0; first < n; first += distance * 4) {
      for (std::size_t i = first; i < first + distance; i += batch_size) {
        const Batch a = load(x + i);
        const Batch b = load(x + i + distance);
        const Batch c = load(x + i + distance * 2);
        const Batch d = load(x + i + distance * 3);
        const Batch a_b = a + b;
        const Batch ab = a - b;
        const Batch c_d = c + d;
        const Batch cd = c - d;
        store(x + i, a_b + c_d);
        store(x + i + distance, ab + cd);
        store(x + i + distance * 2, a_b - c_d);
        store(x + i + distance * 3, ab - cd);
      }
    }
  }
  if (distance < n) {  // then it is half of n
    for (std::size_t i = 0; i < distance; i += batch_size) {
      const Batch a = load(x + i);
      const Batch b = load(x + i + distance);
      store(x + i, a + b);
      store(x + i + distance, a - b);
    }
  }
}

// Calls take(at) for every whole batch of an array, then take_prefix(at, count) for what is left.
template <class Take, class TakePrefix>
VECTOR_INLINE void for_batches(std::size_t n, Take take, TakePrefix take_prefix) {
  std::size_t done = 0;
  for (; n - done >= batch_size; done += batch_size) {
    take(done);
  }
  if (done != n) {
    take_prefix(done, n - done);
  }
}

void flip_signs(float* x, std::size_t n, const std::uint64_t* signs) {
  // The signs of a batch are all in one word.
  static_assert(64 % batch_size == 0);
  const auto signs_at = [signs](std::size_t at) __attribute__((always_inline)) {
    std::uint64_t word;
    __builtin_memcpy(&word, signs + at / 64, sizeof word);  // may be misaligned
    return word >> at % 64;
  };
  for_batches(
      n,
      [&](std::size_t at) __attribute__((always_inline)) {
        store(x + at, negate_where(load(x + at), signs_at(at)));
      },
      [&](std::size_t at, std::size_t count) __attribute__((always_inline)) {
        store_prefix(x + at, negate_where(load_prefix(x + at, count), signs_at(at)), count);
      });
}

float largest_magnitude(const float* x, std::size_t n) {
  Integers magnitudes = no_magnitudes();
  for_batches(
      n,
      [&](std::size_t at) __attribute__((always_inline)) {
        magnitudes = larger_magnitudes(magnitudes, load(x + at));
      },
      [&](std::size_t at, std::size_t count) __attribute__((always_inline)) {
        magnitudes = larger_magnitudes(magnitudes, load_prefix(x + at, count));
      });
  return largest(magnitudes);
}

template <class Integer>
VECTOR_INLINE void quantize(const float* x, std::size_t n, float factor, std::int32_t zero,
                            Integer* out) {
  const Batch factors(factor);
  for_batches(
      n,
      [&](std::size_t at)
          __attribute__((always_inline)) { store(out + at, round(load(x + at) * factors) + zero); },
      [&](std::size_t at, std::size_t count) __attribute__((always_inline)) {
        store_prefix(out + at, round(load_prefix(x + at, count) * factors) + zero, count);
      });
}

void quantize8(const float* x, std::size_t n, float factor, std::uint8_t* out) {
  quantize(x, n, factor, zero_code, out);
}

void quantize16(const float* x, std::size_t n, float factor, std::int16_t* out) {
  quantize(x, n, factor, 0, out);
}

// Over all pairs of an element and the integer of its code, in double. Four sums hide latency.
template <class Take>
VECTOR_INLINE double sum_of_pairs(const float* x, const std::uint8_t* code, std::size_t n,
                                  Take take) {
  DoubleBatch s0(0.0);
  DoubleBatch s1(0.0);
  DoubleBatch s2(0.0);
  DoubleBatch s3(0.0);
  std::size_t done = 0;
  for (; n - done >= 2 * batch_size; done += 2 * batch_size) {
    const Batch a = load(x + done);
    const Batch p = load(code + done);
    const Batch b = load(x + done + batch_size);
    const Batch q = load(code + done + batch_size);
    s0 = take(s0, widen_low(a), widen_low(p));
    s1 = take(s1, widen_high(a), widen_high(p));
    s2 = take(s2, widen_low(b), widen_low(q));
    s3 = take(s3, widen_high(b), widen_high(q));
  }
  if (n - done >= batch_size) {
    const Batch a = load(x + done);
    const Batch p = load(code + done);
    s0 = take(s0, widen_low(a), widen_low(p));
    s1 = take(s1, widen_high(a), widen_high(p));
    done += batch_size;
  }
  if (done != n) {
    const Batch a = load_prefix(x + done, n - done);
    const Batch p = load_prefix(code + done, n - done);
    s2 = take(s2, widen_low(a), widen_low(p));
    s3 = take(s3, widen_high(a), widen_high(p));
  }
  return reduce((s0 + s1) + (s2 + s3));
}

double code_dot(const float* x, const std::uint8_t* code, std::size_t n) {
  return sum_of_pairs(
      x, code, n,
      [](DoubleBatch sum, DoubleBatch element, DoubleBatch integer)
          __attribute__((always_inline)) { return multiply_add(element, integer, sum); });
}

double residual_squared(const float* x, const std::uint8_t* code, double factor, std::size_t n) {
  const DoubleBatch minus_factor(-factor);
  return sum_of_pairs(
      x, code, n,
      [minus_factor](DoubleBatch sum, DoubleBatch element, DoubleBatch integer)
          __attribute__((always_inline)) {
            const DoubleBatch residual = multiply_add(minus_factor, integer, element);
            return multiply_add(residual, residual, sum);
          });
}

void pack_query(const std::int16_t* query, std::size_t n, std::byte* packed) {
  pack(query, n, packed);
}

// out[i] = the sum of the products of the query and codes[i], for every i in Slot.
template <class Query, class Result, std::size_t... Slot>
VECTOR_INLINE void code_dots(Slots<Slot...>, const Query& query, const typename Query::Sums& begin,
                             const std::uint8_t* const* codes, std::size_t n, Result* out) {
  using Sums = typename Query::Sums;
  const std::uint8_t* const code[] = {codes[Slot]...};
  std::int64_t totals[] = {(static_cast<void>(Slot), 0)...};
  Sums first = begin;
  std::size_t done = 0;
  do {
    Sums sums[] = {(static_cast<void>(Slot), first)...};
    const std::size_t end = n - done < block ? n : done + block;
    for (; end - done >= code_lanes; done += code_lanes) {
      const typename Query::Lanes q = query.load(done);
      ((sums[Slot] = Query::take(sums[Slot], q, load_codes(code[Slot] + done))), ...);
    }
    if (done != end) {  // then it is the end of the vectors
      const std::size_t left = end - done;
      const typename Query::Lanes q = query.load_prefix(done, left);
      ((sums[Slot] = Query::take(sums[Slot], q, load_codes_prefix(code[Slot] + done, left))), ...);
      done = end;
    }
    ((totals[Slot] += Query::total(sums[Slot])), ...);
    first = Query::none();
  } while (done != n);
  ((out[Slot] = static_cast<Result>(totals[Slot])), ...);
}

template <class Query, class Result>
VECTOR_INLINE void code_dots(const Query& query, const std::uint8_t* const* codes,
                             std::size_t count, std::size_t n, Result* out) {
  const typename Query::Sums begin = query.begin(n);
  std::size_t i = 0;
  for (; count - i >= 4; i += 4) {
    code_dots(Slots<0, 1, 2, 3>{}, query, begin, codes + i, n, out + i);
  }
  for (; i < count; ++i) {
    code_dots(Slots<0>{}, query, begin, codes + i, n, out + i);
  }
}

void query_dot_many(const std::byte* packed, const std::uint8_t* const* codes, std::size_t count,
                    std::size_t n, std::int64_t* out) {
  code_dots(PackedQuery(packed, n), codes, count, n, out);
}

void code_dot_many(const std::uint8_t* code, const std::uint8_t* const* codes, std::size_t count,
                   std::size_t n, std::int32_t* out) {
  code_dots(CodeQuery(code, n), codes, count, n, out);
}

constexpr CodeKernels code_kernels = {
    .hadamard = hadamard,
    .flip_signs = flip_signs,
    .largest_magnitude = largest_magnitude,
    .quantize8 = quantize8,
    .quantize16 = quantize16,
    .dot = code_dot,
    .residual_squared = residual_squared,
    .pack_query = pack_query,
    .query_dot_many = query_dot_many,
    .code_dot_many = code_dot_many,
};

}  // namespace
}  // namespace vec
