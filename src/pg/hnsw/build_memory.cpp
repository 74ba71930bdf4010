#include "build_memory.hpp"

#include <sys/statvfs.h>

extern "C" {
#include "storage/dsm_impl.h"
}

namespace vec::pg {
namespace {

constexpr Size kSmallestStep = 4 * 1024 * 1024;
// One is taken under a lock, and others may take shared memory at the same moment.
constexpr Size kLargestStep = 256 * 1024 * 1024;

// A segment needs some bytes for each of its pages, and a header.
Size with_overhead(Size bytes) {
  return bytes + bytes / 256 + 64 * 1024;
}

// What can still be taken for dynamic shared memory. An allocation beyond it is an error that ends
// the build; knowing before, it goes on in pages. Some is left to others.
Size free_shared_memory() {
  struct statvfs files;
  if (dynamic_shared_memory_type != DSM_IMPL_POSIX || statvfs("/dev/shm", &files) != 0 ||
      files.f_blocks == 0) {  // of no limited size
    return SIZE_MAX;
  }
  const Size free = static_cast<Size>(files.f_bavail) * files.f_frsize;
  return free - free / 16;
}

}  // namespace

void BuildMemory::enter() {
  if (area_.area == nullptr && area_.place != nullptr) {
    area_.area = dsa_attach_in_place(area_.place, area_.segment);
  }
}

void BuildMemory::leave() {
  if (area_.area != nullptr) {
    dsa_detach(area_.area);
    cancel_on_dsm_detach(area_.segment, dsa_on_dsm_detach_release_in_place,
                         PointerGetDatum(area_.place));
    dsa_release_in_place(area_.place);
    area_ = {};
  }
  if (context_ != nullptr) MemoryContextDelete(context_);
  context_ = nullptr;
}

hnsw::Handle BuildMemory::allocate_in_context(Size bytes) {
  bytes += PG_CACHE_LINE_SIZE;
  if (bytes > state_->limit - state_->reserved) return hnsw::kNoHandle;
  state_->reserved += bytes;
  return reinterpret_cast<hnsw::Handle>(CACHELINEALIGN(allocate(bytes)));
}

hnsw::Handle BuildMemory::allocate_in_area(Size bytes) {
  for (;;) {
    const dsa_pointer place =
        dsa_allocate_extended(area_.area, bytes, DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
    if (DsaPointerIsValid(place)) return place;
    if (!enlarge_area(with_overhead(bytes))) return hnsw::kNoHandle;
  }
}

bool BuildMemory::enlarge_area(Size bytes) {
  const Size wanted = Max(Min(Max(kSmallestStep, state_->reserved / 8), kLargestStep), bytes);
  const Size allowed = Min(wanted, state_->limit - state_->reserved);
  if (allowed < bytes) return false;
  const Size step = Min(allowed, free_shared_memory());
  if (step < bytes) {
    state_->ran_out_of_shared_memory = true;
    return false;
  }
  state_->reserved += step;
  dsa_set_size_limit(area_.area, state_->reserved);
  return true;
}

}  // namespace vec::pg
