// Full precision codecs: the vector itself, normalized for cosine. And the choice between those and
// sq8.
#include "vector/codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "sq8.hpp"

namespace vec {
namespace {

std::size_t element_bytes(CodecId id) {
  return id == CodecId::float16 ? sizeof(Half) : sizeof(float);
}

void store(CodecId id, const DistanceKernels& kernels, const float* x, std::size_t n,
           std::byte* out) {
  if (id == CodecId::float16) {
    kernels.to_half(x, n, reinterpret_cast<Half*>(out));
  } else {
    std::memcpy(out, x, n * sizeof(float));
  }
}

// Stores x * factor, a few elements at a time.
void store_scaled(CodecId id, const DistanceKernels& kernels, const float* x, std::size_t n,
                  double factor, std::byte* out) {
  constexpr std::size_t kPart = 256;
  float part[kPart];
  for (std::size_t start = 0; start < n; start += kPart) {
    std::size_t count = std::min(kPart, n - start);
    for (std::size_t i = 0; i < count; ++i) part[i] = static_cast<float>(x[start + i] * factor);
    store(id, kernels, part, count, out + start * element_bytes(id));
  }
}

void replace_nan_by_infinity(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(values[i])) values[i] = std::numeric_limits<float>::infinity();
  }
}

// Codes are aligned for their elements (encode's contract), so they are used in place.
template <class Element>
void distances(const ElementKernels<Element>& kernels, Metric metric, const std::byte* query,
               const std::byte* const* codes, std::size_t count, std::size_t n, float* out) {
  const auto* q = reinterpret_cast<const Element*>(query);
  const auto* const* vectors = reinterpret_cast<const Element* const*>(codes);
  switch (metric) {
    case Metric::l2:
    case Metric::cosine:
      kernels.l2_squared_many(q, vectors, count, n, out);
      break;
    case Metric::inner_product:
      kernels.inner_product_many(q, vectors, count, n, out);
      for (std::size_t i = 0; i < count; ++i) out[i] = -out[i];
      break;
    case Metric::l1:
      kernels.l1_many(q, vectors, count, n, out);
      break;
  }
}

// The squared length of a vector, NaN or infinite when one of its elements is.
template <class Element>
double norm_squared(const ElementKernels<Element>& kernels, const std::byte* code, std::size_t n) {
  return kernels.norm_squared(reinterpret_cast<const Element*>(code), n);
}

// How far a cosine that an operator computes in single precision may be from one that follows from
// the distance of normalized vectors, with n / 16 additions one after the other in each.
double cosine_rounding(std::size_t n) {
  return 1e-5 + 2e-8 * static_cast<double>(n);
}

}  // namespace

std::size_t code_bytes(const CodecParameters& parameters) {
  if (parameters.id == CodecId::sq8) return sq8::code_bytes(parameters.dimensions);
  return parameters.dimensions * element_bytes(parameters.id);
}

Codec::Codec(const CodecParameters& parameters, const DistanceKernels& kernels)
    : parameters_(parameters),
      kernels_(&kernels),
      code_bytes_(static_cast<std::uint32_t>(vec::code_bytes(parameters))),
      query_bytes_(parameters.id == CodecId::sq8
                       ? static_cast<std::uint32_t>(sq8::query_bytes(parameters.dimensions))
                       : code_bytes_) {}

bool Codec::encode(const float* x, std::byte* code) const {
  if (parameters_.id == CodecId::sq8) return sq8::encode(parameters_, *kernels_, x, code);
  return encode_elements(x, code);
}

bool Codec::is_plausible(const std::byte* code) const {
  if (parameters_.id == CodecId::sq8) return sq8::is_plausible(parameters_, *kernels_, code);
  const std::size_t n = parameters_.dimensions;
  const double length_squared = parameters_.id == CodecId::float16
                                    ? norm_squared(kernels_->float16, code, n)
                                    : norm_squared(kernels_->float32, code, n);
  if (!std::isfinite(length_squared)) return false;
  // Rounding to halves changes a length by a thousandth.
  return parameters_.metric != Metric::cosine || std::fabs(length_squared - 1) < 0.01;
}

void Codec::prepare_query(const float* x, std::byte* query) const {
  if (parameters_.id == CodecId::sq8) {
    sq8::prepare_query(parameters_, *kernels_, x, query);
  } else {
    encode_elements(x, query);
  }
}

void Codec::query_distances(const std::byte* query, const std::byte* const* codes,
                            std::size_t count, float* out) const {
  const std::size_t n = parameters_.dimensions;
  switch (parameters_.id) {
    case CodecId::float32:
      distances(kernels_->float32, parameters_.metric, query, codes, count, n, out);
      break;
    case CodecId::float16:
      distances(kernels_->float16, parameters_.metric, query, codes, count, n, out);
      break;
    case CodecId::sq8:
      sq8::query_distances(parameters_, *kernels_, query, codes, count, out);
      break;
  }
  replace_nan_by_infinity(out, count);
}

void Codec::code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                           float* out) const {
  if (parameters_.id != CodecId::sq8) {
    query_distances(code, codes, count, out);
    return;
  }
  sq8::code_distances(parameters_, *kernels_, code, codes, count, out);
  replace_nan_by_infinity(out, count);
}

bool Codec::is_exact() const {
  return parameters_.id != CodecId::sq8 && parameters_.metric != Metric::cosine;
}

double Codec::lower_bound(const std::byte* query, const std::byte* code, float distance) const {
  if (parameters_.id == CodecId::sq8) {
    return sq8::lower_bound(parameters_, *kernels_, query, code);
  }
  switch (parameters_.metric) {
    case Metric::l2:
      return std::sqrt(static_cast<double>(distance));
    case Metric::inner_product:
    case Metric::l1:
      return distance;
    case Metric::cosine:
      break;
  }
  // Both were rounded after normalizing: halves relatively by 2^-11, subnormal ones by 2^-25.
  const double n = parameters_.dimensions;
  const double rounding =
      parameters_.id == CodecId::float16 ? 0x1p-10 + std::sqrt(n) * 0x1p-24 : 0x1p-22;
  const double least = std::fmax(0, std::sqrt(static_cast<double>(distance)) - rounding);
  return std::fmax(0, least * least / 2 - cosine_rounding(parameters_.dimensions));
}

// Full precision: a query has the form of a code.
bool Codec::encode_elements(const float* x, std::byte* code) const {
  const std::size_t n = parameters_.dimensions;
  if (parameters_.metric != Metric::cosine) {
    store(parameters_.id, *kernels_, x, n, code);
    return true;
  }
  const double norm = std::sqrt(kernels_->float32.norm_squared(x, n));
  const bool has_direction = norm > 0;
  store_scaled(parameters_.id, *kernels_, x, n, has_direction ? 1 / norm : 0, code);
  return has_direction;
}

CenterEstimate::CenterEstimate(Metric metric, std::span<double> sums,
                               const DistanceKernels& kernels)
    : metric_(metric), sums_(sums), kernels_(&kernels) {
  std::fill(sums_.begin(), sums_.end(), 0.0);
}

void CenterEstimate::add(const float* x) {
  double factor = 1;
  if (metric_ == Metric::cosine) {
    const double norm_squared = kernels_->float32.norm_squared(x, sums_.size());
    if (!(norm_squared > 0)) return;
    factor = 1 / std::sqrt(norm_squared);
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += x[i] * factor;
  ++count_;
}

void CenterEstimate::store(float* center) const {
  const double divisor = count_ == 0 ? 1 : static_cast<double>(count_);
  for (std::size_t i = 0; i < sums_.size(); ++i) center[i] = static_cast<float>(sums_[i] / divisor);
}

}  // namespace vec
