#include "exact.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "parallel.hpp"

namespace vec::bench {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kTile = 256;  // rows compared with all queries while in the cache
constexpr std::size_t kMore = 50;   // candidates beyond k

typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4)));

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTOR_BENCH_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR_BENCH_CLONES
#endif

// The inner products of 4 rows with 2 queries, all padded to `blocks` * kLanes elements.
VECTOR_BENCH_CLONES
void products(const float* rows, const float* queries, std::size_t blocks, float* out) {
  const std::size_t stride = blocks * kLanes;
  Lanes sums[2][4] = {};
  for (std::size_t b = 0; b < blocks; ++b) {
    const Lanes* row = reinterpret_cast<const Lanes*>(rows) + b;
    const Lanes* query = reinterpret_cast<const Lanes*>(queries) + b;
    const Lanes q0 = query[0], q1 = query[stride / kLanes];
    for (std::size_t r = 0; r < 4; ++r) {
      const Lanes x = row[r * (stride / kLanes)];
      sums[0][r] += q0 * x;
      sums[1][r] += q1 * x;
    }
  }
  for (std::size_t q = 0; q < 2; ++q) {
    for (std::size_t r = 0; r < 4; ++r) {
      float sum = 0;
      for (std::size_t lane = 0; lane < kLanes; ++lane) sum += sums[q][r][lane];
      out[q * 4 + r] = sum;
    }
  }
}

using Candidate = std::pair<float, std::uint32_t>;  // distance, row

// The nearest candidates seen so far; the farthest on top.
class Nearest {
 public:
  void offer(float distance, std::uint32_t row, std::size_t room) {
    if (heap_.size() < room) {
      heap_.emplace_back(distance, row);
      std::push_heap(heap_.begin(), heap_.end());
    } else if (Candidate(distance, row) < heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = {distance, row};
      std::push_heap(heap_.begin(), heap_.end());
    }
  }
  const std::vector<Candidate>& candidates() const { return heap_; }

 private:
  std::vector<Candidate> heap_;
};

class BruteForce {
 public:
  BruteForce(const Dataset& dataset, Metric metric, std::size_t room, unsigned threads)
      : base_(dataset.base),
        metric_(metric),
        room_(room),
        blocks_((base_.dimensions + kLanes - 1) / kLanes),
        query_count_(dataset.queries.rows),
        queries_((query_count_ + 1) * stride()),
        nearest_(threads, std::vector<Nearest>(query_count_)) {
    for (std::size_t q = 0; q < query_count_; ++q)
      copy(dataset.queries.row(q), &queries_[q * stride()]);
    const std::size_t tiles = (base_.rows + kTile - 1) / kTile;
    parallel_for(tiles, threads,
                 [&](std::size_t tile, unsigned thread) { scan(tile * kTile, nearest_[thread]); });
  }

  // Of all threads, in no order.
  std::vector<std::uint32_t> candidates(std::size_t query) const {
    std::vector<Candidate> all;
    for (const auto& of_thread : nearest_) {
      const auto& some = of_thread[query].candidates();
      all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < std::min(room_, all.size()); ++i) rows.push_back(all[i].second);
    return rows;
  }

 private:
  std::size_t stride() const { return blocks_ * kLanes; }

  static void copy(std::span<const float> from, float* to) {
    std::copy(from.begin(), from.end(), to);
  }

  void scan(std::size_t first, std::vector<Nearest>& nearest) const {
    const std::size_t count = std::min(kTile, base_.rows - first);
    std::vector<float> tile(kTile * stride());
    std::vector<float> squares(kTile);
    for (std::size_t i = 0; i < count; ++i) {
      copy(base_.row(first + i), &tile[i * stride()]);
      for (float value : base_.row(first + i)) squares[i] += value * value;
    }
    for (std::size_t q = 0; q < query_count_; q += 2) {
      for (std::size_t r = 0; r < count; r += 4) {
        float dots[8];
        products(&tile[r * stride()], &queries_[q * stride()], blocks_, dots);
        for (std::size_t i = 0; i < 8; ++i) {
          const std::size_t row = r + i % 4, query = q + i / 4;
          if (row >= count || query >= query_count_) continue;
          nearest[query].offer(key(dots[i], squares[row]), static_cast<std::uint32_t>(first + row),
                               room_);
        }
      }
    }
  }

  // Orders the rows of one query.
  float key(float dot, float squares) const {
    if (metric_ == Metric::l2) return squares - 2 * dot;
    if (metric_ == Metric::inner_product) return -dot;
    return squares > 0 ? -dot / std::sqrt(squares) : std::numeric_limits<float>::max();
  }

  const Matrix& base_;
  const Metric metric_;
  const std::size_t room_, blocks_, query_count_;
  std::vector<float> queries_;
  std::vector<std::vector<Nearest>> nearest_;  // per thread and query
};

std::uint64_t hash(std::uint64_t state, const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  for (; bytes > 0;) {
    std::uint64_t word = 0;
    const std::size_t step = std::min(bytes, sizeof word);
    std::memcpy(&word, at, step);
    state = (state ^ word) * 0x9e3779b97f4a7c15u;
    state ^= state >> 29;
    at += step;
    bytes -= step;
  }
  return state;
}

std::uint64_t hash(const Dataset& dataset) {
  std::uint64_t state = 1;
  for (const Matrix* matrix : {&dataset.base, &dataset.queries}) {
    state = hash(state, &matrix->rows, sizeof matrix->rows);
    state = hash(state, &matrix->dimensions, sizeof matrix->dimensions);
    state = hash(state, matrix->values.data(), matrix->values.size() * sizeof(float));
  }
  return state;
}

}  // namespace

Neighbors nearest(const Dataset& dataset, Metric metric, std::size_t k, unsigned threads) {
  if (k > dataset.base.rows) throw Error("k is larger than the number of rows");
  if (metric == Metric::cosine) {
    for (std::size_t i = 0; i < dataset.base.rows; ++i) {
      const auto row = dataset.base.row(i);
      if (std::all_of(row.begin(), row.end(), [](float x) { return x == 0; })) {
        throw Error("row " + std::to_string(i) + " is zero, which has no cosine distance");
      }
    }
  }
  const BruteForce search(dataset, metric, k + kMore, threads);
  Neighbors result;
  result.k = k;
  result.ids.resize(dataset.queries.rows * k);
  parallel_for(dataset.queries.rows, threads, [&](std::size_t q, unsigned) {
    std::vector<std::pair<double, std::uint32_t>> ordered;
    for (std::uint32_t row : search.candidates(q)) {
      ordered.emplace_back(distance(metric, dataset.queries.row(q), dataset.base.row(row)), row);
    }
    std::sort(ordered.begin(), ordered.end());
    for (std::size_t i = 0; i < k; ++i) result.ids[q * k + i] = ordered[i].second;
  });
  return result;
}

Neighbors cached_nearest(const Dataset& dataset, Metric metric, std::size_t k, unsigned threads,
                         const std::string& cache) {
  if (cache.empty()) return nearest(dataset, metric, k, threads);
  std::ostringstream name;
  name << "nearest-" << name_of(metric) << "-" << k << "-" << std::hex << hash(dataset);
  const std::filesystem::path path = std::filesystem::path(cache) / name.str();
  Neighbors result;
  result.k = k;
  result.ids.resize(dataset.queries.rows * k);
  const auto bytes = static_cast<std::streamsize>(result.ids.size() * sizeof(std::uint32_t));
  if (std::ifstream file(path, std::ios::binary); file) {
    file.read(reinterpret_cast<char*>(result.ids.data()), bytes);
    const bool complete =
        file.gcount() == bytes && file.peek() == std::ifstream::traits_type::eof();
    const auto largest = std::max_element(result.ids.begin(), result.ids.end());
    if (complete && *largest < dataset.base.rows) return result;
  }
  result = nearest(dataset, metric, k, threads);
  std::filesystem::create_directories(cache);
  const std::string unfinished = path.string() + "." + std::to_string(getpid());
  std::ofstream file(unfinished, std::ios::binary);
  file.write(reinterpret_cast<const char*>(result.ids.data()), bytes);
  file.close();
  if (!file) throw Error(unfinished + ": cannot be written");
  std::filesystem::rename(unfinished, path);
  return result;
}

Judge::Judge(const Dataset& dataset, Metric metric, const Neighbors& exact, std::size_t k)
    : dataset_(dataset), metric_(metric), k_(k) {
  for (std::size_t q = 0; q < dataset.queries.rows; ++q) {
    // The given order may be that of another precision.
    double farthest = -std::numeric_limits<double>::infinity();
    for (std::uint32_t id : exact.of(q).first(k)) {
      farthest = std::max(farthest, distance(metric, dataset.queries.row(q), dataset.base.row(id)));
    }
    const double size = metric == Metric::cosine ? 1 : std::abs(farthest);
    limits_.push_back(farthest + 1e-6 * size);
  }
}

double Judge::recall(std::size_t query, std::vector<std::int64_t> ids) const {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::size_t right = 0;
  for (std::int64_t id : ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= dataset_.base.rows) continue;
    const auto row = dataset_.base.row(static_cast<std::size_t>(id));
    right += distance(metric_, dataset_.queries.row(query), row) <= limits_[query];
  }
  return static_cast<double>(std::min(right, k_)) / static_cast<double>(k_);
}

}  // namespace vec::bench
