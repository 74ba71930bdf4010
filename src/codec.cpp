// Codec float32: the vector itself, normalized for cosine.
#include "vector/codec.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace vec {
namespace {

void copy_scaled(const float* x, std::size_t n, double factor, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(x[i] * factor);
}

// Copies the normalized x, or zeros when x has no direction; false then.
bool copy_normalized(const float* x, std::size_t n, const DistanceKernels& kernels, float* out) {
  double norm = std::sqrt(kernels.float32.norm_squared(x, n));
  bool has_direction = norm > 0;
  copy_scaled(x, n, has_direction ? 1 / norm : 0, out);
  return has_direction;
}

void replace_nan_by_infinity(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(values[i])) values[i] = std::numeric_limits<float>::infinity();
  }
}

// Codes are aligned for float (encode's contract), so a code can be used in place.
const float* as_floats(const std::byte* bytes) {
  return reinterpret_cast<const float*>(bytes);
}

float* as_floats(std::byte* bytes) {
  return reinterpret_cast<float*>(bytes);
}

const float* const* as_floats(const std::byte* const* codes) {
  return reinterpret_cast<const float* const*>(codes);
}

}  // namespace

std::size_t code_bytes(const CodecParameters& parameters) {
  return parameters.dimensions * sizeof(float);
}

Codec::Codec(const CodecParameters& parameters, const DistanceKernels& kernels)
    : parameters_(parameters),
      kernels_(&kernels),
      code_bytes_(static_cast<std::uint32_t>(vec::code_bytes(parameters))),
      query_bytes_(static_cast<std::uint32_t>(parameters.dimensions * sizeof(float))) {}

bool Codec::encode(const float* x, std::byte* code) const {
  const std::size_t n = parameters_.dimensions;
  if (parameters_.metric == Metric::cosine)
    return copy_normalized(x, n, *kernels_, as_floats(code));
  std::memcpy(code, x, n * sizeof(float));
  return true;
}

void Codec::prepare_query(const float* x, std::byte* query) const {
  const std::size_t n = parameters_.dimensions;
  if (parameters_.metric == Metric::cosine) {
    copy_normalized(x, n, *kernels_, as_floats(query));
  } else {
    std::memcpy(query, x, n * sizeof(float));
  }
}

void Codec::query_distances(const std::byte* query, const std::byte* const* codes,
                            std::size_t count, float* out) const {
  const std::size_t n = parameters_.dimensions;
  if (parameters_.metric == Metric::inner_product) {
    kernels_->float32.inner_product_many(as_floats(query), as_floats(codes), count, n, out);
    for (std::size_t i = 0; i < count; ++i) out[i] = -out[i];
  } else {
    kernels_->float32.l2_squared_many(as_floats(query), as_floats(codes), count, n, out);
  }
  replace_nan_by_infinity(out, count);
}

void Codec::code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                           float* out) const {
  query_distances(code, codes, count, out);  // a code has the form of a prepared query
}

}  // namespace vec
