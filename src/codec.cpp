// Full precision codecs: the vector itself, normalized for cosine. A prepared query has the form of
// a code.
#include "vector/codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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
  replace_nan_by_infinity(out, count);
}

}  // namespace

std::size_t code_bytes(const CodecParameters& parameters) {
  return parameters.dimensions * element_bytes(parameters.id);
}

Codec::Codec(const CodecParameters& parameters, const DistanceKernels& kernels)
    : parameters_(parameters),
      kernels_(&kernels),
      code_bytes_(static_cast<std::uint32_t>(vec::code_bytes(parameters))) {}

bool Codec::encode(const float* x, std::byte* code) const {
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

void Codec::prepare_query(const float* x, std::byte* query) const {
  encode(x, query);
}

void Codec::query_distances(const std::byte* query, const std::byte* const* codes,
                            std::size_t count, float* out) const {
  const std::size_t n = parameters_.dimensions;
  if (parameters_.id == CodecId::float16) {
    distances(kernels_->float16, parameters_.metric, query, codes, count, n, out);
  } else {
    distances(kernels_->float32, parameters_.metric, query, codes, count, n, out);
  }
}

void Codec::code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                           float* out) const {
  query_distances(code, codes, count, out);
}

}  // namespace vec
