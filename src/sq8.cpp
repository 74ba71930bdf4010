#include "sq8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "rotation.hpp"
#include "vector/limits.hpp"

namespace vec::sq8 {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

constexpr std::size_t kBatch = 32;  // codes at a time

// In front of the bytes of a code.
struct Factors {
  float step;          // t
  float norm_squared;  // N; infinite when floats cannot hold it: the rest then means nothing
  float error;         // E, rounded up
  float share;         // in distances between codes: |t c|^2, so that equal codes give exactly 0;
                       // for inner products |center|^2 / 2 - <center, x>
};
static_assert(sizeof(Factors) == 16);

// In front of the packed query.
struct QueryFactors {
  double norm_squared;    // |q'|^2
  double error;           // e
  double center_product;  // <center, q>; for inner products, else 0
  double slack;           // relative
  double magnitude;       // for inner products: |q|, and
  double center_norm;     // |center|
  float step;             // s
};
constexpr std::size_t kQueryFactorBytes = (sizeof(QueryFactors) + 63) / 64 * 64;

Factors factors_of(const std::byte* code) {
  Factors factors;
  std::memcpy(&factors, code, sizeof factors);
  return factors;
}

const std::uint8_t* bytes_of(const std::byte* code) {
  return reinterpret_cast<const std::uint8_t*>(code + sizeof(Factors));
}

QueryFactors query_factors_of(const std::byte* query) {
  QueryFactors factors;
  std::memcpy(&factors, query, sizeof factors);
  return factors;
}

double square(double x) {
  return x * x;
}

// Not below x.
float rounded_up(double x) {
  const auto rounded = static_cast<float>(x);
  return rounded < x ? std::nextafter(rounded, kInfinity) : rounded;
}

double product(const float* a, const float* b, std::size_t n) {
  if (a == nullptr || b == nullptr) return 0;
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::size_t j = 0; j < 4; ++j) sums[j] += double{a[i + j]} * b[i + j];
  }
  for (; i < n; ++i) sums[0] += double{a[i]} * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// out = R(x * factor - center).
void center_and_rotate(const CodecParameters& parameters, const DistanceKernels& kernels,
                       const float* x, double factor, const float* center, float* out) {
  const std::size_t n = parameters.dimensions;
  if (factor == 1 && center == nullptr) {
    std::copy_n(x, n, out);
  } else if (factor == 1) {
    for (std::size_t i = 0; i < n; ++i) out[i] = x[i] - center[i];
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = static_cast<float>(x[i] * factor - (center == nullptr ? 0.0F : center[i]));
    }
  }
  rotate(out, n, parameters.rotation_seed, kernels);
}

// 1 / |x| for cosine, 0 for a zero vector; 1 for the other metrics.
double normalization(const CodecParameters& parameters, const DistanceKernels& kernels,
                     const float* x) {
  if (parameters.metric != Metric::cosine) return 1;
  const double norm_squared = kernels.float32.norm_squared(x, parameters.dimensions);
  return norm_squared > 0 ? 1 / std::sqrt(norm_squared) : 0;
}

// A query with smaller elements might have a step that is no normal float.
constexpr float kSmallestMagnitude = 1e-30F;

// With a smaller N a code says no more than N: squares in single precision are not precise there.
constexpr double kSmallestNormSquared = 1e-36;

// More than sums of floats, and a rotation, lose to underflow: up to 2^-149 an operation.
constexpr double kUnderflow = 1e-40;

// Rounds y to a code.
Factors quantize(const DistanceKernels& kernels, const float* y, std::size_t n,
                 std::uint8_t* bytes) {
  const CodeKernels& code_kernels = kernels.code8;
  const float largest = code_kernels.largest_magnitude(y, n);
  const double norm_squared = kernels.float32.norm_squared(y, n);
  const auto norm_squared_float = static_cast<float>(norm_squared);
  if (!std::isfinite(largest) || !std::isfinite(norm_squared_float)) {
    std::memset(bytes, 128, n);
    return {0, kInfinity, kInfinity, kInfinity};
  }
  if (norm_squared < kSmallestNormSquared) {
    std::memset(bytes, 128, n);
    return {0, norm_squared_float, rounded_up(std::sqrt(norm_squared)), 0};
  }
  code_kernels.quantize8(y, n, 127 / largest, bytes);
  std::int32_t code_norm_squared;
  code_kernels.code_dot_many(bytes, &bytes, 1, n, &code_norm_squared);
  const auto step = static_cast<float>(code_kernels.dot(y, bytes, n) / code_norm_squared);
  const double error = std::sqrt(code_kernels.residual_squared(y, bytes, step, n));
  const float share = step * step * static_cast<float>(code_norm_squared);  // as code_distances
  return {step, norm_squared_float, rounded_up(error), share};
}

// Calls use(start, pointers to the bytes of the codes, count) for a few codes at a time.
template <class Use>
void in_batches(const std::byte* const* codes, std::size_t count, Use use) {
  const std::uint8_t* bytes[kBatch];
  for (std::size_t start = 0; start < count; start += kBatch) {
    const std::size_t part = std::min(kBatch, count - start);
    for (std::size_t i = 0; i < part; ++i) bytes[i] = bytes_of(codes[start + i]);
    use(start, bytes, part);
  }
}

}  // namespace

std::size_t code_bytes(std::size_t dimensions) {
  return sizeof(Factors) + dimensions;
}

std::size_t query_bytes(std::size_t dimensions) {
  return kQueryFactorBytes + 2 * dimensions;
}

bool encode(const CodecParameters& parameters, const DistanceKernels& kernels, const float* x,
            std::byte* code) {
  const std::size_t n = parameters.dimensions;
  const double factor = normalization(parameters, kernels, x);
  float y[kMaxIndexedDimensions];
  center_and_rotate(parameters, kernels, x, factor, parameters.center, y);
  Factors factors =
      quantize(kernels, y, n, reinterpret_cast<std::uint8_t*>(code + sizeof(Factors)));
  if (parameters.metric == Metric::inner_product) {
    factors.share = static_cast<float>(product(parameters.center, parameters.center, n) / 2 -
                                       product(parameters.center, x, n));
  }
  std::memcpy(code, &factors, sizeof factors);
  return factor > 0;
}

bool is_plausible(const CodecParameters& parameters, const DistanceKernels& kernels,
                  const std::byte* code) {
  const std::size_t n = parameters.dimensions;
  const Factors factors = factors_of(code);
  const std::uint8_t* bytes = bytes_of(code);
  if (std::find(bytes, bytes + n, 0) != bytes + n) return false;
  if (!(factors.step >= 0 && factors.norm_squared >= 0 && factors.error >= 0) ||
      std::isnan(factors.share)) {
    return false;
  }
  std::int32_t code_norm_squared;
  kernels.code8.code_dot_many(bytes, &bytes, 1, n, &code_norm_squared);
  if ((factors.step == 0) != (code_norm_squared == 0)) return false;
  if (!std::isfinite(factors.norm_squared)) return factors.step == 0 && factors.error == kInfinity;
  const float share = factors.step * factors.step * static_cast<float>(code_norm_squared);
  if (parameters.metric != Metric::inner_product && share != factors.share) return false;
  const double sum = square(factors.step) * code_norm_squared + square(factors.error);
  return std::fabs(sum - factors.norm_squared) <= 1e-3 * factors.norm_squared + kUnderflow;
}

void prepare_query(const CodecParameters& parameters, const DistanceKernels& kernels,
                   const float* x, std::byte* query) {
  const std::size_t n = parameters.dimensions;
  const bool is_product = parameters.metric == Metric::inner_product;
  float rotated[kMaxIndexedDimensions];
  std::int16_t integers[kMaxIndexedDimensions];
  center_and_rotate(parameters, kernels, x, normalization(parameters, kernels, x),
                    is_product ? nullptr : parameters.center, rotated);
  QueryFactors factors{};
  // Half a unit in the last place, 6e-8, for each of up to 60 operations of the rotation and of n /
  // 16 additions, one after the other, in the narrowest kernels; and all that up to four times.
  factors.slack = 2e-5 + 2e-8 * static_cast<double>(n);
  factors.norm_squared = kernels.float32.norm_squared(rotated, n);
  if (is_product) {
    factors.center_product = product(parameters.center, x, n);
    factors.center_norm = std::sqrt(product(parameters.center, parameters.center, n));
    factors.magnitude = std::sqrt(kernels.float32.norm_squared(x, n));
  }
  const float largest = kernels.code8.largest_magnitude(rotated, n);
  if (largest >= kSmallestMagnitude && std::isfinite(largest)) {
    kernels.code8.quantize16(rotated, n, kLargestCodeQuery / largest, integers);
    factors.step = largest / kLargestCodeQuery;
    double rest = 0;
    for (std::size_t i = 0; i < n; ++i)
      rest += square(rotated[i] - double{factors.step} * integers[i]);
    factors.error = std::sqrt(rest);
  } else {
    std::fill_n(integers, n, std::int16_t{0});
    factors.error = std::isfinite(largest) ? std::sqrt(factors.norm_squared) : kInfinity;
  }
  std::memcpy(query, &factors, sizeof factors);
  kernels.code8.pack_query(integers, n, query + kQueryFactorBytes);
}

void query_distances(const CodecParameters& parameters, const DistanceKernels& kernels,
                     const std::byte* query, const std::byte* const* codes, std::size_t count,
                     float* out) {
  const QueryFactors q = query_factors_of(query);
  const auto norm_squared = static_cast<float>(q.norm_squared);
  const auto center_product = static_cast<float>(q.center_product);
  in_batches(codes, count,
             [&](std::size_t start, const std::uint8_t* const* bytes, std::size_t part) {
               std::int64_t products[kBatch];
               kernels.code8.query_dot_many(query + kQueryFactorBytes, bytes, part,
                                            parameters.dimensions, products);
               for (std::size_t i = 0; i < part; ++i) {
                 const Factors code = factors_of(codes[start + i]);
                 const float v = code.step * (q.step * static_cast<float>(products[i]));
                 out[start + i] = parameters.metric == Metric::inner_product
                                      ? -center_product - v
                                      : code.norm_squared + norm_squared - 2 * v;
               }
             });
}

void code_distances(const CodecParameters& parameters, const DistanceKernels& kernels,
                    const std::byte* code, const std::byte* const* codes, std::size_t count,
                    float* out) {
  const Factors a = factors_of(code);
  in_batches(
      codes, count, [&](std::size_t start, const std::uint8_t* const* bytes, std::size_t part) {
        std::int32_t products[kBatch];
        kernels.code8.code_dot_many(bytes_of(code), bytes, part, parameters.dimensions, products);
        for (std::size_t i = 0; i < part; ++i) {
          const Factors b = factors_of(codes[start + i]);
          const float dot = a.step * b.step * static_cast<float>(products[i]);
          if (parameters.metric == Metric::inner_product) {
            out[start + i] = a.share + b.share - dot;
          } else {
            const float distance = a.share + b.share - 2 * dot;
            out[start + i] = distance < 0 ? 0 : distance;
          }
        }
      });
}

double lower_bound(const CodecParameters& parameters, const DistanceKernels& kernels,
                   const std::byte* query, const std::byte* code) {
  const bool is_product = parameters.metric == Metric::inner_product;
  const double nothing_known = is_product ? -std::numeric_limits<double>::infinity() : 0;
  const QueryFactors q = query_factors_of(query);
  const Factors x = factors_of(code);
  std::int64_t dot;
  const std::uint8_t* bytes = bytes_of(code);
  kernels.code8.query_dot_many(query + kQueryFactorBytes, &bytes, 1, parameters.dimensions, &dot);

  const double v = double{x.step} * q.step * static_cast<double>(dot);
  const double h = std::sqrt(std::fmax(0, x.norm_squared - square(x.error)));
  // Less by more than the rounding of h: near |q'| that would matter to `across`.
  const double along = h > 0 ? std::fmax(0, std::fabs(v) / h * (1 - 1e-6) - q.error) : 0;
  const double across = std::sqrt(std::fmax(0, q.norm_squared - square(along)));
  const double product_bound = v + q.error * h + x.error * across;
  if (is_product) {
    // Above this the operator may overflow.
    constexpr double kLargest = 1e37;
    const double norm = std::fmax(std::sqrt(double{x.norm_squared}), x.error);
    const double magnitude = (norm + q.center_norm) * q.magnitude;
    const double underflow = kUnderflow * (1 + norm + q.magnitude);
    const double bound = -q.center_product - product_bound - q.slack * magnitude - underflow;
    return magnitude < kLargest && std::isfinite(bound) ? bound : nothing_known;
  }
  const double magnitude = x.norm_squared + q.norm_squared;
  const double bound = magnitude - 2 * product_bound - q.slack * magnitude - kUnderflow;
  if (!(bound > 0) || !std::isfinite(bound)) return nothing_known;
  if (parameters.metric == Metric::cosine) return std::fmax(0, bound / 2 - q.slack);
  return std::sqrt(bound);
}

}  // namespace vec::sq8
