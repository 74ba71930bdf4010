// Full precision codecs: what is stored, and the order of distances against exact arithmetic.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

using Parameter = std::tuple<CodecId, Metric, const DistanceKernels*>;

class FullPrecision : public testing::TestWithParam<Parameter> {
 protected:
  CodecId id() const { return std::get<0>(GetParam()); }
  Metric metric() const { return std::get<1>(GetParam()); }
  Codec codec(std::size_t dimensions) const {
    return Codec({id(), metric(), static_cast<std::uint32_t>(dimensions)},
                 *std::get<2>(GetParam()));
  }
  // What a column of this element type holds.
  std::vector<float> stored(std::vector<float> x) const {
    if (id() == CodecId::float16) {
      for (float& value : x) value = to_float(to_half(value));
    }
    return x;
  }
  // Distances of squared L2 for cosine are twice the cosine distance.
  double scale() const { return metric() == Metric::cosine ? 2 : 1; }
  double tolerance() const {
    return id() == CodecId::float16 && metric() == Metric::cosine ? 2e-3 : 2e-5;
  }
};

TEST_P(FullPrecision, DistancesAreThoseOfTheStoredVectors) {
  for (std::size_t n : {1u, 3u, 31u, 256u, 257u, 1000u}) {
    Clustered source(3, n, 5);
    Codec codec = this->codec(n);
    std::vector<std::byte> query(codec.query_bytes()), code(codec.code_bytes());
    for (const auto& pair : {source.draw(2), source.draw(2)}) {
      std::vector<float> a = stored(pair[0]), b = stored(pair[1]);
      codec.prepare_query(a.data(), query.data());
      ASSERT_TRUE(codec.encode(b.data(), code.data()));
      const std::byte* codes[] = {code.data()};
      float distance;
      codec.query_distances(query.data(), codes, 1, &distance);
      double expected = scale() * exact_distance(metric(), a, b);
      double magnitude =
          std::abs(expected) + (metric() == Metric::inner_product ? 30.0 * double(n) : 1);
      EXPECT_NEAR(distance, expected, tolerance() * magnitude) << n << " dimensions";
    }
  }
}

TEST_P(FullPrecision, TheDistanceToItselfIsZeroInAMetricSpace) {
  Codec codec = this->codec(40);
  for (const auto& row : Clustered(3, 40, 6).draw(20)) {
    std::vector<std::byte> code(codec.code_bytes());
    ASSERT_TRUE(codec.encode(row.data(), code.data()));
    const std::byte* codes[] = {code.data()};
    float distance;
    codec.code_distances(code.data(), codes, 1, &distance);
    if (metric() == Metric::inner_product) {
      EXPECT_LT(distance, 0);
    } else {
      EXPECT_EQ(distance, 0);
    }
  }
}

TEST_P(FullPrecision, OnlyCosineRefusesAZeroVector) {
  Codec codec = this->codec(4);
  const float zero[4] = {};
  std::vector<std::byte> code(codec.code_bytes());
  EXPECT_EQ(codec.encode(zero, code.data()), metric() != Metric::cosine);
}

TEST_P(FullPrecision, CodesArePlausibleUntilDamaged) {
  const std::size_t n = 40;
  Codec codec = this->codec(n);
  std::vector<std::byte> code(codec.code_bytes());
  Vectors rows = Clustered(3, n, 8).draw(20);
  rows.push_back(std::vector<float>(n, 1e-38f));
  for (const auto& row : rows) {
    const std::vector<float> x = stored(row);
    if (!codec.encode(x.data(), code.data())) continue;
    EXPECT_TRUE(codec.is_plausible(code.data()));
    // The upper byte of an element of all ones: NaN, or far too large.
    const std::size_t element = code.size() / n;
    std::memset(&code[8 * element], 0xff, element);
    EXPECT_FALSE(codec.is_plausible(code.data()));
  }
}

TEST(FullPrecisionFloat32, ANanDistanceIsInfinitelyFar) {
  const float huge[2] = {3e38f, 3e38f},
              mixed[2] = {3e38f, -3e38f};  // inf - inf in the inner product
  for (const DistanceKernels* kernels : supported_kernels()) {
    Codec codec({CodecId::float32, Metric::inner_product, 2}, *kernels);
    std::vector<std::byte> query(codec.query_bytes()), code(codec.code_bytes());
    codec.prepare_query(huge, query.data());
    codec.encode(mixed, code.data());
    const std::byte* codes[] = {code.data()};
    float distance;
    codec.query_distances(query.data(), codes, 1, &distance);
    EXPECT_EQ(distance, std::numeric_limits<float>::infinity()) << kernels->name;
  }
}

TEST_P(FullPrecision, RecallOfAGraphOnTheseCodes) {
  Clustered source(50, 24, 7, metric() == Metric::inner_product);
  Vectors rows = source.draw(3000), queries = source.draw(50);
  for (auto& row : rows) row = stored(row);
  MemoryIndex index(metric(), rows, parameters_for(metric(), 16, 64), id());
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  EXPECT_GE(mean_recall(index, metric(), rows, all_rows(rows.size()), queries, 10, 100), 0.98);
}

std::string name_of(const testing::TestParamInfo<Parameter>& info) {
  static const char* const metrics[] = {"", "l2", "inner_product", "cosine", "l1"};
  std::string id = std::get<0>(info.param) == CodecId::float16 ? "float16" : "float32";
  return id + "_" + metrics[static_cast<int>(std::get<1>(info.param))] + "_" +
         std::get<2>(info.param)->name;
}

INSTANTIATE_TEST_SUITE_P(
    Codecs, FullPrecision,
    testing::Combine(testing::Values(CodecId::float32, CodecId::float16),
                     testing::Values(Metric::l2, Metric::inner_product, Metric::cosine, Metric::l1),
                     testing::ValuesIn(supported_kernels().begin(), supported_kernels().end())),
    name_of);

}  // namespace
}  // namespace vec::test
