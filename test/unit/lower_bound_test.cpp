// Codec::lower_bound is never above what the distance operator returns, on data made to break it:
// every codec and metric with a bound, every kernel table, good and bad centers.
#include <gtest/gtest.h>

#include <functional>

#include "../../src/rotation.hpp"
#include "graph_fixture.hpp"
#include "vector/cosine.hpp"

namespace vec::test {
namespace {

constexpr float kHuge = 3e38F;

// As in src/pg/types/distance.cpp.
template <class Element>
double operator_result(const DistanceKernels& kernels, Metric metric, const Element* a,
                       const Element* b, std::size_t n) {
  const ElementKernels<Element>& of = kernels.of<Element>();
  switch (metric) {
    case Metric::l2:
      return std::sqrt(static_cast<double>(of.l2_squared(a, b, n)));
    case Metric::inner_product:
      return -static_cast<double>(of.inner_product(a, b, n));
    case Metric::cosine:
      return 1 - cosine_similarity(kernels, a, b, n);
    case Metric::l1:
      return of.l1(a, b, n);
  }
  return 0;
}

double operator_result(const DistanceKernels& kernels, CodecId id, Metric metric,
                       const std::vector<float>& a, const std::vector<float>& b) {
  const std::size_t n = a.size();
  if (id != CodecId::float16) return operator_result(kernels, metric, a.data(), b.data(), n);
  std::vector<Half> x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = to_half(a[i]);
    y[i] = to_half(b[i]);
  }
  return operator_result(kernels, metric, x.data(), y.data(), n);
}

struct Data {
  std::string name;
  Vectors rows, queries;
};

// Makes element i of vector number j.
using Element = std::function<double(std::size_t i, std::size_t j)>;

class Source {
 public:
  Source(std::size_t dimensions, std::size_t count, unsigned seed)
      : dimensions_(dimensions), count_(count), random_(seed) {}

  double gauss() { return gauss_(random_); }
  double uniform(double from, double to) {
    return std::uniform_real_distribution<double>(from, to)(random_);
  }
  std::size_t below(std::size_t end) { return random_() % end; }

  Vectors draw(const Element& element) {
    Vectors vectors(count_, std::vector<float>(dimensions_));
    for (std::size_t j = 0; j < count_; ++j) {
      for (std::size_t i = 0; i < dimensions_; ++i) {
        vectors[j][i] = static_cast<float>(std::clamp<double>(element(i, j), -kHuge, kHuge));
      }
    }
    return vectors;
  }

  // Queries like the rows, some of the rows, opposite to one, nearly one, and zero.
  void add(const std::string& name, const Element& row, const Element& query) {
    Data data{name, draw(row), draw(query)};
    std::vector<float> opposite = data.rows[0], near = data.rows[1];
    for (float& x : opposite) x = -x;
    near[below(near.size())] *= 1.0001F;
    data.queries.insert(data.queries.end(), {data.rows[0], data.rows.back(), opposite, near});
    data.queries.emplace_back(dimensions_, 0.0F);
    all.push_back(std::move(data));
  }
  void add(const std::string& name, const Element& element) { add(name, element, element); }

  std::vector<Data> all;

 private:
  std::size_t dimensions_;
  std::size_t count_;
  std::mt19937 random_;
  std::normal_distribution<double> gauss_;
};

constexpr std::uint64_t kSeed = 5;

// What the codec rotates to `y`.
std::vector<float> rotated_back(const std::vector<float>& y) {
  std::vector<float> x(y.size()), column(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    std::fill(column.begin(), column.end(), 0.0F);
    column[i] = 1;
    rotate(column.data(), column.size(), kSeed, *best_kernels());
    x[i] = static_cast<float>(-exact_distance(Metric::inner_product, column, y));
  }
  return x;
}

// Vectors of which, rotated, one element decides the step, and all others lose as much as they can
// to rounding; and vectors in the direction of what is lost.
Data with_aligned_errors(std::size_t n) {
  Data data{"aligned errors", {}, {}};
  std::mt19937 random(static_cast<unsigned>(n));
  for (int j = 0; j < 4; ++j) {
    std::vector<float> signs(n), coarse(n), fine(n);
    for (float& sign : signs) sign = random() % 2 == 0 ? 1 : -1;
    signs[0] = 0;
    for (std::size_t i = 0; i < n; ++i) {
      coarse[i] = 0.499F * signs[i];
      fine[i] = 0.49F * signs[i];
    }
    coarse[0] = 127;
    fine[0] = static_cast<float>(kLargestCodeQuery);
    const float as_long = fine[0] / std::sqrt(static_cast<float>(n));
    std::vector<float> long_signs = signs;
    for (float& x : long_signs) x *= as_long;
    for (const auto& y : {signs, long_signs, coarse}) data.rows.push_back(rotated_back(y));
    for (const auto& y : {signs, long_signs, fine}) data.queries.push_back(rotated_back(y));
  }
  return data;
}

std::vector<Data> adversarial(std::size_t n, std::size_t count) {
  Source s(n, count, static_cast<unsigned>(n));
  const auto scaled = [&s](double scale) {
    return [&s, scale](std::size_t, std::size_t) { return scale * s.gauss(); };
  };
  for (double scale : {1e-44, 1e-38, 1e-30, 1e-20, 1e-18, 1e-15, 1.0, 1e15, 1e18, 1e19, 1e30, 1e38})
    s.add("gaussian of scale " + std::to_string(std::log10(scale)), scaled(scale));
  for (double scale : {1e-44, 1e-30, 1e-24, 1e-16}) {
    for (double other : {1e15, 1e24, 1e30, 1e36, 1e38}) {
      s.add("tiny rows, huge queries", scaled(scale), scaled(other));
      s.add("huge rows, tiny queries", scaled(other), scaled(scale));
    }
  }
  for (double offset : {10.0, 1e4, 1e8})
    s.add("common offset", [&, offset](std::size_t, std::size_t) { return offset + s.gauss(); });
  s.add("one-hot", [&](std::size_t i, std::size_t j) { return i == j * 7 % n ? 1.5 : 0; });
  s.add("sparse", [&](std::size_t, std::size_t) { return s.below(n) < 3 ? s.gauss() : 0; });
  s.add("sparse integers",
        [&](std::size_t, std::size_t) { return s.below(n) < 9 ? double(s.below(7)) - 3 : 0; });
  s.add("constant", [](std::size_t, std::size_t j) { return 0.1 * double(j + 1); });
  s.add("nearly constant", [&](std::size_t, std::size_t) { return 0.7 + 1e-6 * s.gauss(); });
  s.add("alternating signs", [&](std::size_t i, std::size_t j) {
    return (i % 2 == 0 ? 1 : -1) * (1 + double(j) + 1e-5 * s.gauss());
  });
  s.add("signs", [&](std::size_t, std::size_t) { return s.below(2) == 0 ? 1 : -1; });
  s.add("dimensions of unequal scale", [&](std::size_t i, std::size_t) {
    return std::pow(10, double(i * 31 % 13) - 6) * s.gauss();
  });
  std::vector<double> base(n);
  for (double& x : base) x = s.gauss();
  for (double noise : {1e-7, 1e-5, 1e-3, 1e-2})
    s.add("near duplicates",
          [&, noise](std::size_t i, std::size_t) { return base[i] + noise * s.gauss(); });
  s.add("near multiples", [&](std::size_t i, std::size_t j) {
    return double(j + 1) * base[i] * (1 + 1e-6 * s.gauss());
  });
  s.add("rows of mixed magnitude", [&](std::size_t, std::size_t j) {
    return std::pow(10, double(j * 17 % 41) - 20) * s.gauss();
  });
  s.add("elements of mixed magnitude",
        [&](std::size_t, std::size_t) { return std::pow(10, s.uniform(-38, 38)) * s.gauss(); });
  s.add("one large element", [&](std::size_t i, std::size_t j) {
    return i == j % n ? 127 * 1000 : 0.49 * 1000 * (s.below(2) == 0 ? 1 : -1);
  });
  if (n > 1 && n < 1000) s.all.push_back(with_aligned_errors(n));  // quadratic in n
  return std::move(s.all);
}

// Centers that are fair, far away, and on a row.
std::vector<std::vector<float>> centers_for(Metric metric, const Vectors& rows) {
  const std::size_t n = rows[0].size();
  std::vector<double> sums(n);
  CenterEstimate estimate(metric, sums, *best_kernels());
  for (const auto& row : rows) estimate.add(row.data());
  std::vector<float> mean(n), row(n), million(n), far(n);
  estimate.store(mean.data());
  CenterEstimate of_one(metric, sums, *best_kernels());
  of_one.add(rows.back().data());
  of_one.store(row.data());
  for (std::size_t i = 0; i < n; ++i) {
    million[i] = mean[i] + 1e6F;
    far[i] = i % 2 == 0 ? 1e30F : -1e30F;
  }
  return {{}, mean, row, million, far};
}

struct Worst {
  std::size_t pairs = 0;
  double tightest = -1;  // of (bound - operator) / operator
};

// Says the first fault of a codec.
void check(const CodecParameters& parameters, const DistanceKernels& kernels, const Data& data,
           Worst& worst) {
  Codec codec(parameters, kernels);
  Vectors rows = data.rows, queries = data.queries;
  if (parameters.id == CodecId::float16) {
    for (Vectors* vectors : {&rows, &queries}) {
      for (auto& v : *vectors) {
        for (float& x : v) x = to_float(to_half(std::clamp(x, -kMaxHalf, kMaxHalf)));
      }
    }
  }
  std::vector<std::vector<std::byte>> codes;
  for (auto row = rows.begin(); row != rows.end();) {
    std::vector<std::byte> code(codec.code_bytes());
    if (codec.encode(row->data(), code.data())) {
      codes.push_back(code);
      ++row;
    } else {
      row = rows.erase(row);
    }
  }
  std::vector<std::byte> query(codec.query_bytes());
  for (std::size_t j = 0; j < queries.size(); ++j) {
    codec.prepare_query(queries[j].data(), query.data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::byte* code = codes[i].data();
      float distance;
      codec.query_distances(query.data(), &code, 1, &distance);
      ASSERT_FALSE(std::isnan(distance));
      const double bound = codec.lower_bound(query.data(), code, distance);
      double actual =
          operator_result(kernels, parameters.id, parameters.metric, rows[i], queries[j]);
      ++worst.pairs;
      // Sorted behind all numbers, as by PostgreSQL.
      if (std::isnan(actual)) actual = std::numeric_limits<double>::infinity();
      ASSERT_LE(bound, actual) << data.name << ", " << rows[i].size() << " dimensions, metric "
                               << static_cast<int>(parameters.metric) << ", row " << i << ", query "
                               << j << ", distance " << distance;
      if (codec.is_exact()) {
        ASSERT_EQ(bound, actual) << data.name;
      }
      if (std::isfinite(actual) && std::isfinite(bound) && actual != 0)
        worst.tightest = std::max(worst.tightest, (bound - actual) / std::abs(actual));
    }
  }
}

class LowerBound : public testing::TestWithParam<const DistanceKernels*> {};

TEST_P(LowerBound, OfSq8IsNotAboveTheOperator) {
  const DistanceKernels& kernels = *GetParam();
  Worst worst;
  for (std::size_t n : {1u, 2u, 3u, 5u, 17u, 64u, 96u, 250u, 768u, 8000u}) {
    for (const Data& data : adversarial(n, n == 8000 ? 3 : 10)) {
      for (Metric metric : {Metric::l2, Metric::inner_product, Metric::cosine}) {
        std::size_t which = 0;
        for (const auto& center : centers_for(metric, data.rows)) {
          SCOPED_TRACE("center " + std::to_string(which++));
          CodecParameters parameters{CodecId::sq8, metric, static_cast<std::uint32_t>(n), kSeed};
          if (!center.empty()) parameters.center = center.data();
          ASSERT_NO_FATAL_FAILURE(check(parameters, kernels, data, worst));
        }
      }
    }
  }
  EXPECT_GT(worst.pairs, 100'000);
  EXPECT_LE(worst.tightest, 0);
}

TEST_P(LowerBound, OfFullPrecisionIsNotAboveTheOperator) {
  Worst worst;
  for (std::size_t n : {1u, 2u, 3u, 5u, 17u, 250u, 768u, 8000u}) {
    for (const Data& data : adversarial(n, n == 8000 ? 3 : 10)) {
      for (CodecId id : {CodecId::float32, CodecId::float16}) {
        for (Metric metric : {Metric::l2, Metric::inner_product, Metric::cosine, Metric::l1}) {
          CodecParameters parameters{id, metric, static_cast<std::uint32_t>(n)};
          SCOPED_TRACE(static_cast<int>(id));
          ASSERT_NO_FATAL_FAILURE(check(parameters, *GetParam(), data, worst));
        }
      }
    }
  }
  EXPECT_GT(worst.pairs, 100'000);
}

INSTANTIATE_TEST_SUITE_P(Kernels, LowerBound,
                         testing::ValuesIn(supported_kernels().begin(), supported_kernels().end()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace vec::test
