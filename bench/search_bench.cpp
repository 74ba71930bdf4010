// Building a graph and searching it, without a server: what the core costs by itself.
//
//   build/<codec>/<n>                        all rows into a MemoryGraph, in one thread
//   search/<codec>/<n>/<storage>/ef<ef>      one query, prepared and searched, on that graph
//   exact/<n>                                one query compared with all rows, to compare with
//
// A storage is `memory`, the graph as it was built, or `pages`, the index pages written from it, in
// plain memory and without locks. Searching does not include what a scan does with the nodes it
// finds; recall@10 is that of the 10 nearest among them by true distance, as a scan of sq8 finds
// them. Counters are means: distances computed for a query, processor time and bytes of a row.
//
// Vectors are drawn as bench/sql/synthetic.hpp describes; distances are L2, m = 16,
// ef_construction = 64. VECTOR_BENCH_ROWS sets the number of rows (default 30000): set it so high
// that the codes are well above the size of the last-level cache to see what searching a large
// index costs.
//
//   build/dev/search_bench --benchmark_counters_tabular=true --benchmark_filter=/768
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "center.hpp"
#include "graph_fixture.hpp"
#include "synthetic.hpp"
#include "vector/hnsw/write_pages.hpp"
#include "vector/prefetch.hpp"

namespace vec::test {
namespace {

constexpr std::size_t kNearest = 10;
constexpr std::size_t kQueries = 500;

// Distances of a query to rows, and the rows nearest to it.
class ExactSearch {
 public:
  explicit ExactSearch(const bench::Matrix& rows) : rows_(&rows), distances_(rows.rows) {
    for (std::size_t i = 0; i < rows.rows; ++i) pointers_.push_back(rows.row(i).data());
  }

  std::span<const float> distances(std::span<const float> query) {
    kernels_->float32.l2_squared_many(query.data(), pointers_.data(), pointers_.size(),
                                      query.size(), distances_.data());
    return distances_;
  }

  // How far the kNearest-th row is.
  float limit(std::span<const float> query) {
    distances(query);
    const auto last = distances_.begin() + (kNearest - 1);
    std::nth_element(distances_.begin(), last, distances_.end());
    return *last;
  }

  float distance(std::span<const float> query, std::size_t row) const {
    return kernels_->float32.l2_squared(query.data(), rows_->row(row).data(), query.size());
  }

 private:
  const DistanceKernels* kernels_ = best_kernels();
  const bench::Matrix* rows_;
  std::vector<const float*> pointers_;
  std::vector<float> distances_;
};

struct Set {
  explicit Set(std::size_t dimensions)
      : Set(bench::draw_synthetic({.rows = row_count(), .dimensions = dimensions}, 1)) {}
  explicit Set(bench::Dataset dataset)
      : rows(std::move(dataset.base)), queries(std::move(dataset.queries)), exact(rows) {
    for (std::size_t q = 0; q < kQueries; ++q) limits.push_back(exact.limit(queries.row(q)));
  }
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

  // The share of the nearest rows among `found`.
  double recall(std::size_t query, const std::vector<std::size_t>& found) const {
    std::size_t right = 0;
    for (std::size_t row : found) {
      right += exact.distance(queries.row(query), row) <= limits[query];
    }
    return static_cast<double>(std::min(right, kNearest)) / kNearest;
  }

  static std::size_t row_count() {
    const char* wanted = std::getenv("VECTOR_BENCH_ROWS");
    const std::size_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 30000;
    return std::max(count, kNearest);
  }

  bench::Matrix rows, queries;
  ExactSearch exact;
  std::vector<float> limits;  // per query
};

// Reads without the checks of a test; prefetches what the index does.
class PlainPages : public MemoryPages {
 public:
  void check_interrupts() {}
  void prefetch(std::span<const hnsw::PageRange> ranges) {
    for (const hnsw::PageRange& range : ranges) {
      vec::prefetch(raw(range.block) + range.offset, range.bytes);
    }
  }
  template <class Use>
  void read(std::uint32_t block, Use use) {
    use(static_cast<const std::byte*>(raw(block)));
  }
};

enum class Storage { memory, pages };

// All rows of a set.
class Index {
 public:
  Index(const Set& set, CodecId id)
      : center_(bench::center_of(set.rows)),
        codec_({id, Metric::l2, static_cast<std::uint32_t>(set.rows.dimensions), 1, center_.data()},
               *best_kernels()),
        geometry_(codec_.code_bytes(), hnsw::kDefaultM),
        parameters_(parameters_for(Metric::l2, hnsw::kDefaultM, hnsw::kDefaultEfConstruction,
                                   geometry_.max_level())),
        query_(codec_.query_bytes()),
        graph_(arena_, root_, codec_, parameters_),
        page_graph_(pages_, codec_, parameters_) {
    std::vector<std::byte> code(codec_.code_bytes());
    hnsw::Scratch scratch;
    LevelSource levels;
    for (std::size_t i = 0; i < set.rows.rows; ++i) {
      codec_.encode(set.rows.row(i).data(), code.data());
      graph_.reserve();
      graph_.open_insert(code.data(), tid_of(i));
      hnsw::insert(graph_, scratch, levels.draw(parameters_), parameters_, true);
    }
  }
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  std::size_t bytes_used() const { return arena_.bytes_used; }

  void write_pages() {
    if (pages_.count() > 1) return;
    hnsw::PageWriter writer(graph_, geometry_, kFirstBlock, pages_);
    writer.write();
    const hnsw::EntryPoint entry_point = graph_.entry_point();
    hnsw::MetaPage meta{};
    meta.magic = hnsw::kMagic;
    meta.format_version = hnsw::kFormatVersion;
    meta.entry_point = writer.page_id(entry_point.id);
    meta.entry_level = entry_point.level;
    hnsw::format_page(pages_.raw(hnsw::kMetaBlock), hnsw::PageKind::meta, 0);
    hnsw::write_meta(pages_.raw(hnsw::kMetaBlock), meta);
  }

  std::span<const hnsw::Candidate> search(Storage storage, std::span<const float> query,
                                          std::size_t ef) {
    codec_.prepare_query(query.data(), query_.data());
    if (storage == Storage::memory) {
      graph_.open_query(query_.data());
      return hnsw::search(graph_, scratch_, ef);
    }
    page_graph_.open_query(query_.data());
    return hnsw::search(page_graph_, scratch_, ef);
  }

  std::vector<std::size_t> rows_of(Storage storage, std::span<const hnsw::Candidate> found) {
    std::vector<std::size_t> rows;
    for (const hnsw::Candidate& candidate : found) {
      hnsw::HeapTid tid;
      if (storage == Storage::pages) {
        page_graph_.read_element(candidate.id,
                                 [&](const hnsw::ElementSlot* element) { tid = element->tid; });
      } else {
        tid = graph_.first_tid(candidate.id);
      }
      rows.push_back(row_of(tid));
    }
    return rows;
  }

  std::size_t measured() const { return scratch_.measured; }

 private:
  static constexpr std::uint32_t kFirstBlock = hnsw::kMetaBlock + 1;

  std::vector<float> center_;
  Codec codec_;
  hnsw::Geometry geometry_;
  hnsw::Parameters parameters_;
  std::vector<std::byte> query_;
  SharedArena arena_;
  hnsw::GraphRoot root_;
  PlainPages pages_;
  hnsw::MemoryGraph<SharedArena> graph_;
  hnsw::PageReader<PlainPages> page_graph_;
  hnsw::Scratch scratch_;
};

// The set and the index asked for last: benchmarks that share them follow each other.
class Latest {
 public:
  Set& set(std::size_t dimensions) {
    if (set_ == nullptr || set_->rows.dimensions != dimensions) {
      index_.reset();
      set_.reset();
      set_ = std::make_unique<Set>(dimensions);
    }
    return *set_;
  }

  Index& index(CodecId codec, std::size_t dimensions) {
    const Set& of = set(dimensions);
    if (index_ == nullptr || codec_ != codec) {
      index_.reset();
      index_ = std::make_unique<Index>(of, codec);
      codec_ = codec;
    }
    return *index_;
  }

  void forget_index() { index_.reset(); }

 private:
  std::unique_ptr<Set> set_;
  std::unique_ptr<Index> index_;
  CodecId codec_{};
};

Latest& latest() {
  static Latest value;
  return value;
}

void build(benchmark::State& state, CodecId codec, std::size_t dimensions) {
  const auto rows = static_cast<double>(latest().set(dimensions).rows.rows);
  latest().forget_index();
  for (auto _ : state) {
    const Index& index = latest().index(codec, dimensions);
    state.counters["bytes/row"] = static_cast<double>(index.bytes_used()) / rows;
  }
  using Rate = benchmark::Counter;
  state.counters["time/row"] = Rate(rows, Rate::kIsRate | Rate::kInvert);
}

void search(benchmark::State& state, CodecId codec, std::size_t dimensions, Storage storage,
            std::size_t ef) {
  Index& index = latest().index(codec, dimensions);
  const Set& set = latest().set(dimensions);
  if (storage == Storage::pages) index.write_pages();
  double recall = 0;
  const std::size_t measured_before = index.measured();
  for (std::size_t q = 0; q < kQueries; ++q) {
    const auto found = index.search(storage, set.queries.row(q), ef);
    recall += set.recall(q, index.rows_of(storage, found));
  }
  const auto measured = static_cast<double>(index.measured() - measured_before);
  state.counters["recall@10"] = recall / kQueries;
  state.counters["distances"] = measured / kQueries;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.search(storage, set.queries.row(next), ef).data());
    next = next + 1 < kQueries ? next + 1 : 0;
  }
}

void exact(benchmark::State& state, std::size_t dimensions) {
  Set& set = latest().set(dimensions);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.exact.distances(set.queries.row(next)).data());
    next = next + 1 < kQueries ? next + 1 : 0;
  }
}

void register_all() {
  const std::pair<const char*, CodecId> codecs[] = {{"sq8", CodecId::sq8},
                                                    {"float32", CodecId::float32}};
  const std::pair<const char*, Storage> storages[] = {{"memory", Storage::memory},
                                                      {"pages", Storage::pages}};
  for (std::size_t n : {128, 768}) {
    const std::string size = "/" + std::to_string(n);
    benchmark::RegisterBenchmark(("exact" + size).c_str(), exact, n);
    for (auto [codec_name, codec] : codecs) {
      const std::string middle = std::string("/") + codec_name + size;
      benchmark::RegisterBenchmark(("build" + middle).c_str(), build, codec, n)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
      for (auto [storage_name, storage] : storages) {
        for (std::size_t ef : {40, 160}) {
          const std::string name =
              "search" + middle + "/" + storage_name + "/ef" + std::to_string(ef);
          benchmark::RegisterBenchmark(name.c_str(), search, codec, n, storage, ef);
        }
      }
    }
  }
}

const bool registered = (register_all(), true);

}  // namespace
}  // namespace vec::test
