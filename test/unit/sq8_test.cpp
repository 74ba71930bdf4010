// The codec sq8 and its rotation. That its lower bound holds is in lower_bound_test.cpp.
#include <gtest/gtest.h>

#include <cstring>

#include "../../src/rotation.hpp"
#include "graph_fixture.hpp"

namespace vec::test {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kDimensions[] = {17, 128, 384, 768, 1000};
constexpr Metric kMetrics[] = {Metric::l2, Metric::inner_product, Metric::cosine};

double length(const std::vector<float>& x) {
  return std::sqrt(-exact_distance(Metric::inner_product, x, x));
}

// The data of a test, its fair center, and a codec for both.
class Encoded {
 public:
  Encoded(Metric metric, Vectors vectors, const DistanceKernels& kernels)
      : rows(std::move(vectors)),
        center_(rows[0].size()),
        codec(parameters(metric, kernels), kernels) {
    for (const auto& row : rows) {
      codes.emplace_back(codec.code_bytes());
      EXPECT_TRUE(codec.encode(row.data(), codes.back().data()));
    }
  }

  std::vector<float> query_distances(const std::vector<float>& query) const {
    return distances([&](const std::byte* const* pointers, float* out) {
      Bytes prepared(codec.query_bytes());
      codec.prepare_query(query.data(), prepared.data());
      codec.query_distances(prepared.data(), pointers, codes.size(), out);
    });
  }
  std::vector<float> code_distances(const Bytes& code) const {
    return distances([&](const std::byte* const* pointers, float* out) {
      codec.code_distances(code.data(), pointers, codes.size(), out);
    });
  }

  Vectors rows;
  std::vector<Bytes> codes;

 private:
  template <class Compute>
  std::vector<float> distances(Compute compute) const {
    std::vector<const std::byte*> pointers;
    for (const Bytes& code : codes) pointers.push_back(code.data());
    std::vector<float> out(codes.size());
    compute(pointers.data(), out.data());
    return out;
  }
  CodecParameters parameters(Metric metric, const DistanceKernels& kernels) {
    std::vector<double> sums(center_.size());
    CenterEstimate estimate(metric, sums, kernels);
    for (const auto& row : rows) estimate.add(row.data());
    estimate.store(center_.data());
    return {CodecId::sq8, metric, static_cast<std::uint32_t>(center_.size()), 42, center_.data()};
  }

  std::vector<float> center_;

 public:
  Codec codec;
};

// What an estimate is of, and what its error is measured against.
struct Expected {
  double distance, magnitude;
};
Expected expected(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  const double exact = exact_distance(metric, a, b);
  if (metric == Metric::inner_product) return {exact, length(a) * length(b)};
  const double squared_l2 = metric == Metric::cosine ? 2 * exact : exact;
  return {squared_l2, squared_l2};
}

struct Errors {
  double sum = 0, sum_of_squares = 0, largest = 0;
  std::size_t count = 0;
  void add(double error) {
    sum += error;
    sum_of_squares += error * error;
    largest = std::max(largest, std::abs(error));
    ++count;
  }
  double bias() const { return sum / double(count); }
  double deviation() const { return std::sqrt(sum_of_squares / double(count)); }
};

class Sq8 : public testing::TestWithParam<const DistanceKernels*> {
 protected:
  const DistanceKernels& kernels() const { return *GetParam(); }
};

// Clusters far from the origin: the center matters.
Vectors typical(std::size_t count, std::size_t n, unsigned seed) {
  Vectors vectors = Clustered(5, n, seed).draw(count);
  for (auto& v : vectors) {
    for (std::size_t i = 0; i < n; ++i) v[i] += static_cast<float>(i % 7);
  }
  return vectors;
}

TEST_P(Sq8, QueryDistancesAreCloseAndUnbiased) {
  for (Metric metric : kMetrics) {
    for (std::size_t n : kDimensions) {
      Vectors all = typical(220, n, 11);
      const Vectors queries(all.end() - 20, all.end());
      all.resize(200);
      const Encoded data(metric, all, kernels());
      Errors errors;
      for (const auto& query : queries) {
        const std::vector<float> distances = data.query_distances(query);
        for (std::size_t i = 0; i < all.size(); ++i) {
          const auto [distance, magnitude] = expected(metric, query, all[i]);
          errors.add((distances[i] - distance) / magnitude);
        }
      }
      const double scale = 1 / std::sqrt(double(n));
      EXPECT_LT(errors.deviation(), 0.035 * scale) << n;
      EXPECT_LT(errors.largest, 0.25 * scale) << n;
      EXPECT_LT(std::abs(errors.bias()), 0.006 * scale) << n;
    }
  }
}

TEST_P(Sq8, CodeDistancesAreCloseSymmetricAndZeroToItself) {
  for (Metric metric : kMetrics) {
    for (std::size_t n : kDimensions) {
      const Encoded data(metric, typical(60, n, 12), kernels());
      const double scale = 1 / std::sqrt(double(n));
      std::vector<std::vector<float>> distances;
      Errors errors;
      for (const Bytes& code : data.codes) distances.push_back(data.code_distances(code));
      for (std::size_t i = 0; i < distances.size(); ++i) {
        if (metric != Metric::inner_product) {
          EXPECT_EQ(distances[i][i], 0);
        }
        for (std::size_t j = 0; j < i; ++j) {
          EXPECT_EQ(distances[i][j], distances[j][i]);
          const auto [distance, magnitude] = expected(metric, data.rows[i], data.rows[j]);
          errors.add((distances[i][j] - distance) / magnitude);
        }
      }
      EXPECT_LT(errors.deviation(), 0.035 * scale) << n;
      EXPECT_LT(errors.largest, 0.25 * scale) << n;
    }
  }
}

TEST_P(Sq8, EqualVectorsHaveEqualCodes) {
  for (Metric metric : kMetrics) {
    for (std::size_t n : {1u, 3u, 17u, 384u, 1000u}) {
      Vectors rows = typical(5, n, 13);
      for (std::size_t i = 0; i < 5; ++i) rows.push_back(std::vector<float>(rows[i]));
      const Encoded data(metric, rows, kernels());
      for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(data.codes[i], data.codes[i + 5]);
        EXPECT_EQ(data.code_distances(data.codes[i])[i + 5], data.code_distances(data.codes[i])[i]);
      }
      if (n > 1) {
        EXPECT_NE(data.codes[0], data.codes[1]);
      }
    }
  }
}

TEST_P(Sq8, CodesOfAllMagnitudesArePlausible) {
  for (Metric metric : kMetrics) {
    for (std::size_t n : kDimensions) {
      for (float scale : {1e-38f, 1e-30f, 1e-19f, 1e-18f, 1e-10f, 1.0f, 1e17f, 1e20f, 1e36f}) {
        Vectors rows = typical(20, n, 17);
        rows.push_back(std::vector<float>(n, 0));
        rows.back()[0] = 1;
        for (auto& row : rows) {
          for (float& x : row) x *= scale;
        }
        const Encoded data(metric, rows, kernels());
        for (const Bytes& code : data.codes) {
          EXPECT_TRUE(data.codec.is_plausible(code.data())) << n << " dimensions, " << scale;
        }
      }
    }
  }
}

// Any byte of a vector, or of the upper half of a factor, with another bit.
TEST_P(Sq8, DamagedCodesAreNotPlausible) {
  for (Metric metric : kMetrics) {
    for (std::size_t n : kDimensions) {
      const Encoded data(metric, typical(20, n, 17), kernels());
      int missed = 0, damaged = 0;
      Bytes code = data.codes[0];
      for (std::size_t at = 0; at < code.size(); ++at) {
        // The share of inner products says nothing about the rest.
        if (at < 16 && (at % 4 < 2 || (metric == Metric::inner_product && at >= 12))) continue;
        code[at] ^= std::byte{0x40};
        missed += data.codec.is_plausible(code.data());
        ++damaged;
        code[at] = data.codes[0][at];
      }
      // A 32 that becomes -32 keeps the length.
      EXPECT_LT(missed, damaged / 10 + 2) << n << " dimensions";
    }
  }
}

TEST_P(Sq8, TheBoundIsTight) {
  for (std::size_t n : {128u, 384u, 768u}) {
    for (Metric metric : kMetrics) {
      std::mt19937 random(14);
      std::normal_distribution<float> gauss;
      Vectors rows(100, std::vector<float>(n));
      for (auto& row : rows) {
        for (float& x : row) x = 1 + gauss(random);
      }
      const Encoded data(metric, rows, kernels());
      Bytes query(data.codec.query_bytes());
      Errors losses;
      for (std::size_t j = 0; j < 20; ++j) {
        data.codec.prepare_query(rows[j].data(), query.data());
        for (std::size_t i = 20; i < rows.size(); ++i) {
          const double bound = data.codec.lower_bound(query.data(), data.codes[i].data(), 0);
          double exact = exact_distance(metric, rows[j], rows[i]);
          if (metric == Metric::l2) exact = std::sqrt(exact);
          losses.add((exact - bound) / std::abs(exact));
        }
      }
      const double allowed = metric == Metric::l2       ? 0.006
                             : metric == Metric::cosine ? 0.012
                                                        : 0.017;
      EXPECT_LT(losses.bias(), allowed) << n;
    }
  }
}

// Damage and overflow: whatever the floats are, a distance is a number or infinite.
TEST_P(Sq8, VectorsThatFloatsCannotSquareAreInfinitelyFar) {
  const std::vector<float> center(2);
  for (Metric metric : {Metric::l2, Metric::inner_product}) {
    const Codec codec({CodecId::sq8, metric, 2, 1, center.data()}, kernels());
    Bytes query(codec.query_bytes()), code(codec.code_bytes()), other(codec.code_bytes());
    const float huge[2] = {3e38F, -2e38F}, small[2] = {1, 2};
    EXPECT_TRUE(codec.encode(huge, code.data()));
    EXPECT_TRUE(codec.encode(small, other.data()));
    const std::byte* codes[] = {code.data(), other.data()};
    float distances[2];
    codec.code_distances(other.data(), codes, 2, distances);
    EXPECT_FALSE(std::isnan(distances[0]));
    if (metric == Metric::l2) {
      EXPECT_EQ(distances[0], std::numeric_limits<float>::infinity());
    }
    for (const float* x : {huge, small}) {
      codec.prepare_query(x, query.data());
      codec.query_distances(query.data(), codes, 2, distances);
      for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(std::isnan(distances[i]));
        EXPECT_FALSE(std::isnan(codec.lower_bound(query.data(), codes[i], distances[i])));
      }
      EXPECT_EQ(codec.lower_bound(query.data(), codes[0], distances[0]),
                metric == Metric::l2 ? 0 : -std::numeric_limits<double>::infinity());
    }
  }
}

TEST_P(Sq8, OnlyCosineRefusesAZeroVector) {
  const float zero[4] = {};
  for (Metric metric : kMetrics) {
    const Codec codec({CodecId::sq8, metric, 4}, kernels());
    Bytes code(codec.code_bytes());
    EXPECT_EQ(codec.encode(zero, code.data()), metric != Metric::cosine);
    EXPECT_FALSE(codec.is_exact());
  }
}

constexpr std::size_t kRotated[] = {1, 2, 3, 5, 17, 96, 384, 768, 1000, 1536, 8000};

TEST_P(Sq8, RotationKeepsLengthsAndAngles) {
  for (std::size_t n : kRotated) {
    const Vectors before = Clustered(2, n, 15).draw(6);
    Vectors after = before;
    for (auto& x : after) rotate(x.data(), n, 99, kernels());
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        EXPECT_NEAR(exact_distance(Metric::inner_product, after[i], after[j]),
                    exact_distance(Metric::inner_product, before[i], before[j]),
                    1e-6 * length(before[i]) * length(before[j]))
            << n;
      }
    }
  }
}

TEST_P(Sq8, RotationHasTheSameBitsEverywhere) {
  for (std::size_t n : kRotated) {
    const std::vector<float> x = Clustered(1, n, 16).draw(1)[0];
    std::vector<float> a = x, b = x, other = x;
    rotate(a.data(), n, 7, kernels());
    rotate(b.data(), n, 7, *kernels_named("baseline"));
    EXPECT_EQ(std::memcmp(a.data(), b.data(), n * sizeof(float)), 0) << n;
    rotate(other.data(), n, 8, kernels());
    if (n > 5) {
      EXPECT_NE(a, other) << n;
    }
  }
}

TEST_P(Sq8, RotationSpreadsOneHotVectors) {
  for (std::size_t n : kRotated) {
    if (n < 3) continue;
    double largest = 0;
    for (std::size_t at = 0; at < n; at += n / 90 + 1) {
      for (std::uint64_t seed : {1, 2, 3}) {
        std::vector<float> x(n);
        x[at] = 1;
        rotate(x.data(), n, seed, kernels());
        largest = std::max<double>(largest, kernels().code8.largest_magnitude(x.data(), n));
      }
    }
    // The largest of n normal elements is about as large as the root.
    const double likely = std::sqrt(2 * std::log(double(n)) / double(n));
    EXPECT_LT(largest, std::min(0.97, 1.6 * likely)) << n;
  }
}

TEST(CenterEstimate, IsTheMeanOfWhatTheCodecSees) {
  const Vectors rows = {{3, 4, 0}, {0, 0, 0}, {0, 0, -2}, {6, 8, 0}};
  const auto mean = [&](Metric metric, std::size_t counted) {
    std::vector<double> sums(3, 77);
    CenterEstimate estimate(metric, sums, *best_kernels());
    for (const auto& row : rows) estimate.add(row.data());
    EXPECT_EQ(estimate.count(), counted);
    std::vector<float> center(3);
    estimate.store(center.data());
    return center;
  };
  EXPECT_EQ(mean(Metric::l2, 4), (std::vector<float>{2.25F, 3, -0.5F}));
  EXPECT_EQ(mean(Metric::inner_product, 4), (std::vector<float>{2.25F, 3, -0.5F}));
  const std::vector<float> directions = mean(Metric::cosine, 3);
  EXPECT_FLOAT_EQ(directions[0], 0.4F);
  EXPECT_FLOAT_EQ(directions[1], 1.6F / 3);
  EXPECT_FLOAT_EQ(directions[2], -1 / 3.0F);
}

TEST(CenterEstimate, IsTheOriginOfNothing) {
  std::vector<double> sums(2, 77);
  CenterEstimate estimate(Metric::cosine, sums, *best_kernels());
  const float zero[2] = {};
  estimate.add(zero);
  EXPECT_EQ(estimate.count(), 0);
  float center[2] = {5, 5};
  estimate.store(center);
  EXPECT_EQ(center[0], 0);
  EXPECT_EQ(center[1], 0);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Sq8,
                         testing::ValuesIn(supported_kernels().begin(), supported_kernels().end()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace vec::test
