// Codecs: how an index stores a vector, and how distances are computed on what is stored.
//
// A codec turns a vector into a *code* of fixed size, and knows two distances:
//
// query_distances: a prepared query against codes, in the order of the index's metric. For scans.
//
// code_distances: a code against codes, in the geometry the graph is built in. For building,
// inserting and repairing.
//
// Both are squared L2 for l2 and, on normalized vectors, for cosine (= 2 (1 - cos)); the negative
// inner product for inner_product; L1 for l1. docs/internals.md has the measurement that decided
// against building inner product graphs in L2 geometry.
//
// A NaN distance (inf - inf) is reported as +infinity, so distances are always ordered.
// A Codec is a plain value: it may be copied bytewise; it owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vector/distance.hpp"
#include "vector/metric.hpp"

namespace vec {

// Stored in the metapage of an index. DO NOT CHANGE THESE VALUES.
enum class CodecId : std::uint16_t {
  float32 = 1,  // the elements of vector
  float16 = 2,  // the elements of halfvec
};

struct CodecParameters {
  CodecId id;
  Metric metric;
  std::uint32_t dimensions;
};

class Codec {
 public:
  Codec(const CodecParameters& parameters, const DistanceKernels& kernels);

  std::size_t code_bytes() const { return code_bytes_; }
  std::size_t query_bytes() const { return code_bytes_; }

  // Encodes `x` (parameters.dimensions floats) into code_bytes() bytes, aligned for float. False
  // when the metric gives `x` no place in the index: a zero vector has no cosine distance.
  bool encode(const float* x, std::byte* code) const;

  // Prepares `x` for query_distances: query_bytes() bytes, aligned for float. A zero vector is a
  // valid query: for cosine it is equally far from everything.
  void prepare_query(const float* x, std::byte* query) const;

  // out[i] = distance of the query to codes[i], in an order-preserving form of the metric.
  void query_distances(const std::byte* query, const std::byte* const* codes, std::size_t count,
                       float* out) const;

  // out[i] = distance of `code` to codes[i] in the graph's geometry.
  void code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                      float* out) const;

 private:
  CodecParameters parameters_;
  const DistanceKernels* kernels_;
  std::uint32_t code_bytes_;
};

// The size of the codes that these parameters give.
std::size_t code_bytes(const CodecParameters& parameters);

}  // namespace vec
