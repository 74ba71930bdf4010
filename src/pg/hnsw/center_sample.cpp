#include "center_sample.hpp"

namespace vec::pg {
namespace {

constexpr int kPages = 256;
constexpr std::size_t kEnoughRows = 4096;  // the mean is then 1/64 of a standard deviation off

struct Sample {
  const IndexState* state;
  MemoryContext row_context;
  CenterEstimate estimate;
};

// IndexBuildCallback
void add_row(Relation, ItemPointer, Datum* values, bool* isnull, bool, void* argument) {
  auto* sample = static_cast<Sample*>(argument);
  if (isnull[0]) return;
  MemoryContext caller = MemoryContextSwitchTo(sample->row_context);
  sample->estimate.add(row_elements(*sample->state, values[0]));
  MemoryContextSwitchTo(caller);
  MemoryContextReset(sample->row_context);
}

}  // namespace

void sample_center(Relation heap, Relation index, IndexInfo* index_info, IndexState& state) {
  if (!state.lacks_center) return;
  const std::size_t n = state.codec.dimensions;
  const std::span<double> sums(static_cast<double*>(palloc(n * sizeof(double))), n);
  Sample sample{&state,
                AllocSetContextCreate(CurrentMemoryContext, "hnsw sample", ALLOCSET_DEFAULT_SIZES),
                CenterEstimate(state.codec.metric, sums, kernels())};

  const BlockNumber pages = RelationGetNumberOfBlocks(heap);
  BlockSamplerData sampler;
  const uint32 seed = pg_prng_uint32(&pg_global_prng_state);
  const int wanted = static_cast<int>(Min(pages, static_cast<BlockNumber>(kPages)));
  BlockSampler_Init(&sampler, pages, wanted, seed);
  while (BlockSampler_HasMore(&sampler) && sample.estimate.count() < kEnoughRows) {
    CHECK_FOR_INTERRUPTS();
    // Rows of others that are under way count as well, where the scan may see them.
    const bool any_visible = !index_info->ii_Concurrent;
    table_index_build_range_scan(heap, index, index_info, false, any_visible, false,
                                 BlockSampler_Next(&sampler), 1, add_row, &sample, nullptr);
  }
  MemoryContextDelete(sample.row_context);

  auto* center = static_cast<float*>(palloc(n * sizeof(float)));
  sample.estimate.store(center);
  state.codec.center = center;
  state.lacks_center = sample.estimate.count() == 0;
}

}  // namespace vec::pg
