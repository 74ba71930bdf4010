#include "synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include "parallel.hpp"

namespace vec::bench {
namespace {

constexpr std::size_t kBlock = 1000;  // rows with a random sequence of their own

// splitmix64 and Box-Muller: the standard library's distributions differ between libraries.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed * 0x9e3779b97f4a7c15u) {
    state_ = next() ^ stream * 0xd1342543de82ef95u;
    next();
  }

  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
  }

  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // in [0, 1)

  float normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const auto radius = static_cast<float>(std::sqrt(-2 * std::log(1 - uniform())));
    const auto angle = static_cast<float>(2 * std::numbers::pi * uniform());
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  std::uint64_t state_;
  float spare_ = 0;
  bool has_spare_ = false;
};

std::vector<float> normals(Random& random, std::size_t count, double deviation) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(deviation) * random.normal();
  return values;
}

// y += matrix' x; the matrix has a row of y.size() for each element of x.
void add_product(std::span<const float> x, const std::vector<float>& matrix, std::span<float> y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float* row = matrix.data() + i * y.size();
    for (std::size_t j = 0; j < y.size(); ++j) y[j] += x[i] * row[j];
  }
}

class Source {
 public:
  explicit Source(const SyntheticParameters& parameters)
      : parameters_(parameters), hidden_(std::max<std::size_t>(64, 8 * parameters.intrinsic)) {
    const std::size_t d = parameters.intrinsic;
    Random random(parameters.seed, 0);
    centres_ = normals(random, parameters.clusters * d, 1);
    for (float deviation : normals(random, parameters.clusters * d, 0.35)) {
      deviations_.push_back(static_cast<float>(parameters.spread) * std::exp(deviation));
    }
    double sum = 0;
    for (std::size_t c = 0; c < parameters.clusters; ++c) {
      shares_.push_back(sum += 1 / std::sqrt(static_cast<double>(c + 1)));
    }
    inner_ = normals(random, d * hidden_, 1 / std::sqrt(static_cast<double>(d)));
    offsets_ = normals(random, hidden_, 0.5);
    outer_ = normals(random, hidden_ * parameters.dimensions,
                     1 / std::sqrt(static_cast<double>(hidden_)));
    // The mean length, from a sample without noise.
    std::vector<float> row(parameters.dimensions), latent(d), units(hidden_);
    double squares = 0;
    for (int i = 0; i < 1000; ++i) {
      draw(random, row, latent, units);
      for (float value : row) squares += value * value;
    }
    noise_ = static_cast<float>(parameters.noise * std::sqrt(squares / 1000) /
                                std::sqrt(static_cast<double>(parameters.dimensions)));
  }

  // One stream of blocks for rows, another for queries.
  Matrix draw_all(std::size_t count, std::uint64_t first_stream, unsigned threads) const {
    Matrix matrix(count, parameters_.dimensions);
    parallel_for((count + kBlock - 1) / kBlock, threads, [&](std::size_t block, unsigned) {
      Random random(parameters_.seed, first_stream + block);
      std::vector<float> latent(parameters_.intrinsic), units(hidden_);
      const std::size_t end = std::min(count, (block + 1) * kBlock);
      for (std::size_t i = block * kBlock; i < end; ++i) {
        draw(random, matrix.row(i), latent, units);
        if (parameters_.normalize) normalize(matrix.row(i));
      }
    });
    return matrix;
  }

 private:
  void draw(Random& random, std::span<float> row, std::vector<float>& latent,
            std::vector<float>& units) const {
    const std::size_t d = parameters_.intrinsic;
    const double at = random.uniform() * shares_.back();
    const auto cluster = static_cast<std::size_t>(
        std::upper_bound(shares_.begin(), shares_.end() - 1, at) - shares_.begin());
    for (std::size_t j = 0; j < d; ++j) {
      latent[j] = centres_[cluster * d + j] + deviations_[cluster * d + j] * random.normal();
    }
    std::copy(offsets_.begin(), offsets_.end(), units.begin());
    add_product(latent, inner_, units);
    for (float& unit : units) unit = std::tanh(unit);
    std::fill(row.begin(), row.end(), 0.0f);
    add_product(units, outer_, row);
    if (noise_ != 0) {
      for (float& value : row) value += noise_ * random.normal();
    }
  }

  static void normalize(std::span<float> row) {
    double squares = 0;
    for (float value : row) squares += static_cast<double>(value) * value;
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (float& value : row) value *= scale;
  }

  SyntheticParameters parameters_;
  std::size_t hidden_;
  std::vector<float> centres_, deviations_, inner_, offsets_, outer_;
  std::vector<double> shares_;  // running sums
  float noise_ = 0;
};

}  // namespace

SyntheticParameters parse_synthetic(const std::string& text) {
  SyntheticParameters parameters;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) {
    const std::size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    std::size_t used = 0;
    double value = -1;
    try {
      if (equals != std::string::npos) value = std::stod(item.substr(equals + 1), &used);
    } catch (const std::exception&) {
    }
    if (value < 0 || used != item.size() - equals - 1) {
      throw Error("--synthetic: not name=number: " + item);
    }
    const auto count = static_cast<std::size_t>(value);
    if (name == "rows")
      parameters.rows = count;
    else if (name == "dim")
      parameters.dimensions = count;
    else if (name == "queries")
      parameters.queries = count;
    else if (name == "intrinsic")
      parameters.intrinsic = count;
    else if (name == "clusters")
      parameters.clusters = count;
    else if (name == "seed")
      parameters.seed = count;
    else if (name == "spread")
      parameters.spread = value;
    else if (name == "noise")
      parameters.noise = value;
    else if (name == "normalize")
      parameters.normalize = value != 0;
    else
      throw Error("--synthetic: no parameter named " + name);
  }
  if (parameters.rows == 0 || parameters.dimensions == 0 || parameters.queries == 0 ||
      parameters.intrinsic == 0 || parameters.clusters == 0) {
    throw Error("--synthetic: rows, dim, queries, intrinsic and clusters must be positive");
  }
  return parameters;
}

Dataset draw_synthetic(const SyntheticParameters& parameters, unsigned threads) {
  const Source source(parameters);
  Dataset dataset;
  std::ostringstream name;
  name << "synthetic-" << parameters.rows << "x" << parameters.dimensions << "-intrinsic"
       << parameters.intrinsic;
  dataset.name = name.str();
  dataset.base = source.draw_all(parameters.rows, 1, threads);
  dataset.queries = source.draw_all(parameters.queries, std::uint64_t{1} << 40, threads);
  return dataset;
}

}  // namespace vec::bench
