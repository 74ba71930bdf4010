// The codec sq8: 8 bits a dimension.
//
// A vector x (normalized for cosine) becomes y = R(x - center) with a random rotation R, which
// makes all dimensions alike, and is rounded to integers c = -127..127 with one step per vector:
//
//   y = t c + r,   t = <c, y> / <c, c>,   so r is orthogonal to c
//
// The code holds t, N = |y|^2, E = |r|, c, and what the vector by itself contributes to a distance
// between codes. The query gets the same treatment with 16 bits: q' = R(q - center) = s d + a rest
// of length e, or R q for inner products. One integer dot product <c, d> estimates everything:
//
//   v = t s <c, d> ~ <y, q'>         |x - q|^2 ~ N + |q'|^2 - 2 v          <x, q> ~ <center, q> + v
//
// How wrong v can be follows from Cauchy and Schwarz. With h = |t c| = sqrt(N - E^2):
//
//   <y, q'> = <t c, q'> + <r, q'>;   |<t c, q'> - v| <= e h;   |<r, q'>| <= E w
//
// where w is the length of what q' has orthogonal to c, w^2 <= |q'|^2 - (|v| - e h)^2 / h^2. So
// <y, q'> <= v + e h + E w always, whatever the data and however badly the center fits; a little
// slack pays for rounding in the rotation and in the operator's single precision.
//
// Centering, rotation and estimator in the manner of RaBitQ: J. Gao, C. Long, "RaBitQ", SIGMOD
// 2024, and its extension to more bits, 2025.
#pragma once

#include "vector/codec.hpp"

namespace vec::sq8 {

std::size_t code_bytes(std::size_t dimensions);
std::size_t query_bytes(std::size_t dimensions);

bool encode(const CodecParameters& parameters, const DistanceKernels& kernels, const float* x,
            std::byte* code);
bool is_plausible(const CodecParameters& parameters, const DistanceKernels& kernels,
                  const std::byte* code);
void prepare_query(const CodecParameters& parameters, const DistanceKernels& kernels,
                   const float* x, std::byte* query);
void query_distances(const CodecParameters& parameters, const DistanceKernels& kernels,
                     const std::byte* query, const std::byte* const* codes, std::size_t count,
                     float* out);
void code_distances(const CodecParameters& parameters, const DistanceKernels& kernels,
                    const std::byte* code, const std::byte* const* codes, std::size_t count,
                    float* out);
double lower_bound(const CodecParameters& parameters, const DistanceKernels& kernels,
                   const std::byte* query, const std::byte* code);

}  // namespace vec::sq8
