// The distance kernels. Compiled once per instruction set, with
//   VECTOR_ARCH       the xsimd architecture, e.g. xsimd::avx512bw
//   VECTOR_ARCH_NAME  the name of the table, e.g. avx512
// and exporting one symbol, kernels_<name>.
//
// All kernels are one loop, accumulate(), over a measure: what to keep per lane, how to take in a
// pair of batches, and how to make the result of the four partial sums. It handles `Slot...`
// vectors side by side, so the one-pair kernel is its instance for one vector. That is why a *_many
// kernel returns bit for bit what the one-pair kernel returns: for each vector it does the same
// operations. Elements differ in how a batch of floats is loaded, and in nothing else.
#include <cstddef>

#if defined(__GNUC__) && !defined(__clang__)
// GCC PR 105593: it warns of the undefined operands of its own AVX-512 intrinsics.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "batch.hpp"
#include "code_kernels.hpp"
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#include "tables.hpp"

namespace vec {
namespace {

struct L2Squared {
  using Partial = Batch;
  using Result = float;
  VECTOR_INLINE static Partial none() { return Batch(0.0F); }
  VECTOR_INLINE static Partial take(Partial sum, Batch a, Batch b) {
    const Batch difference = a - b;
    return multiply_add(difference, difference, sum);
  }
  VECTOR_INLINE static Result total(Partial s0, Partial s1, Partial s2, Partial s3) {
    return reduce((s0 + s1) + (s2 + s3));
  }
};

struct InnerProduct {
  using Partial = Batch;
  using Result = float;
  VECTOR_INLINE static Partial none() { return Batch(0.0F); }
  VECTOR_INLINE static Partial take(Partial sum, Batch a, Batch b) {
    return multiply_add(a, b, sum);
  }
  VECTOR_INLINE static Result total(Partial s0, Partial s1, Partial s2, Partial s3) {
    return reduce((s0 + s1) + (s2 + s3));
  }
};

struct L1 {
  using Partial = Batch;
  using Result = float;
  VECTOR_INLINE static Partial none() { return Batch(0.0F); }
  VECTOR_INLINE static Partial take(Partial sum, Batch a, Batch b) { return sum + absolute(a - b); }
  VECTOR_INLINE static Result total(Partial s0, Partial s1, Partial s2, Partial s3) {
    return reduce((s0 + s1) + (s2 + s3));
  }
};

struct Cosine {
  struct Partial {
    Batch ab, aa, bb;
  };
  using Result = CosineSums;
  VECTOR_INLINE static Partial none() { return {Batch(0.0F), Batch(0.0F), Batch(0.0F)}; }
  VECTOR_INLINE static Partial take(const Partial& sum, Batch a, Batch b) {
    return {multiply_add(a, b, sum.ab), multiply_add(a, a, sum.aa), multiply_add(b, b, sum.bb)};
  }
  VECTOR_INLINE static Result total(const Partial& s0, const Partial& s1, const Partial& s2,
                                    const Partial& s3) {
    return {reduce((s0.ab + s1.ab) + (s2.ab + s3.ab)), reduce((s0.aa + s1.aa) + (s2.aa + s3.aa)),
            reduce((s0.bb + s1.bb) + (s2.bb + s3.bb))};
  }
};

// Of the first vector; the second is the same one. The square of a float is exact in double.
struct NormSquared {
  struct Partial {
    DoubleBatch low, high;
  };
  using Result = double;
  VECTOR_INLINE static Partial none() { return {DoubleBatch(0.0), DoubleBatch(0.0)}; }
  VECTOR_INLINE static Partial take(const Partial& sum, Batch a, Batch) {
    const DoubleBatch low = widen_low(a);
    const DoubleBatch high = widen_high(a);
    return {multiply_add(low, low, sum.low), multiply_add(high, high, sum.high)};
  }
  VECTOR_INLINE static Result total(const Partial& s0, const Partial& s1, const Partial& s2,
                                    const Partial& s3) {
    return reduce(((s0.low + s0.high) + (s1.low + s1.high)) +
                  ((s2.low + s2.high) + (s3.low + s3.high)));
  }
};

// out[i] = measure(query, vectors[i]) for every i in Slot. Four partial sums per vector hide the
// latency of the addition. Batches that do not fill a round of four, and the tail, go to different
// sums, so that short vectors do not wait either.
template <class Measure, class Element, std::size_t... Slot>
VECTOR_INLINE void accumulate(Slots<Slot...>, const Element* query, const Element* const* vectors,
                              std::size_t n, typename Measure::Result* out) {
  using Partial = typename Measure::Partial;
  const Element* const vector[] = {vectors[Slot]...};
  Partial s0[] = {(static_cast<void>(Slot), Measure::none())...};
  Partial s1[] = {(static_cast<void>(Slot), Measure::none())...};
  Partial s2[] = {(static_cast<void>(Slot), Measure::none())...};
  Partial s3[] = {(static_cast<void>(Slot), Measure::none())...};
  const auto take_batch = [&](Partial * sums, std::size_t at) __attribute__((always_inline)) {
    const Batch q = load(query + at);
    ((sums[Slot] = Measure::take(sums[Slot], q, load(vector[Slot] + at))), ...);
  };

  std::size_t done = 0;
  for (; n - done >= 4 * batch_size; done += 4 * batch_size) {
    take_batch(s0, done);
    take_batch(s1, done + batch_size);
    take_batch(s2, done + 2 * batch_size);
    take_batch(s3, done + 3 * batch_size);
  }
  if (n - done >= batch_size) {
    take_batch(s0, done);
    done += batch_size;
  }
  if (n - done >= batch_size) {
    take_batch(s1, done);
    done += batch_size;
  }
  if (n - done >= batch_size) {
    take_batch(s2, done);
    done += batch_size;
  }
  if (done != n) {
    const Batch q = load_prefix(query + done, n - done);
    ((s3[Slot] = Measure::take(s3[Slot], q, load_prefix(vector[Slot] + done, n - done))), ...);
  }
  ((out[Slot] = Measure::total(s0[Slot], s1[Slot], s2[Slot], s3[Slot])), ...);
}

template <class Measure, class Element>
typename Measure::Result one(const Element* a, const Element* b, std::size_t n) {
  typename Measure::Result result;
  accumulate<Measure>(Slots<0>{}, a, &b, n, &result);
  return result;
}

template <class Measure, class Element>
void many(const Element* query, const Element* const* vectors, std::size_t count, std::size_t n,
          float* out) {
  std::size_t i = 0;
  for (; count - i >= 4; i += 4) {
    accumulate<Measure>(Slots<0, 1, 2, 3>{}, query, vectors + i, n, out + i);
  }
  for (; i < count; ++i) {
    accumulate<Measure>(Slots<0>{}, query, vectors + i, n, out + i);
  }
}

template <class Element>
double norm_squared(const Element* a, std::size_t n) {
  return one<NormSquared>(a, a, n);
}

template <class Element>
constexpr ElementKernels<Element> element_kernels = {
    .l2_squared = one<L2Squared>,
    .inner_product = one<InnerProduct>,
    .l1 = one<L1>,
    .cosine_sums = one<Cosine>,
    .norm_squared = norm_squared,
    .l2_squared_many = many<L2Squared>,
    .inner_product_many = many<InnerProduct>,
    .l1_many = many<L1>,
};

template <class From, class To>
void convert(const From* x, std::size_t n, To* out) {
  std::size_t done = 0;
  for (; n - done >= batch_size; done += batch_size) {
    store(out + done, load(x + done));
  }
  if (done != n) {
    store_prefix(out + done, load_prefix(x + done, n - done), n - done);
  }
}

}  // namespace

#define VECTOR_CONCAT_EXPANDED(a, b) a##b
#define VECTOR_CONCAT(a, b) VECTOR_CONCAT_EXPANDED(a, b)
#define VECTOR_STRING_EXPANDED(a) #a
#define VECTOR_STRING(a) VECTOR_STRING_EXPANDED(a)

const DistanceKernels VECTOR_CONCAT(kernels_, VECTOR_ARCH_NAME) = {
    .name = VECTOR_STRING(VECTOR_ARCH_NAME),
    .float32 = element_kernels<float>,
    .float16 = element_kernels<Half>,
    .to_half = convert,
    .to_float = convert,
    .code8 = code_kernels,
};

}  // namespace vec
