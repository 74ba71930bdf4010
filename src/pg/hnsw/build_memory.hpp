// The memory of an index build: the SharedMemory of the shim.
//
// A build by one process takes it from a memory context, one by several from a dynamic shared
// memory area. Either grows as rows arrive, up to a limit. The area of PostgreSQL would double its
// segments; its own size limit, raised in steps of an eighth, keeps them to what is needed.
#pragma once

#include <sched.h>

#include "postgres.hpp"
#include "vector/hnsw/shared_memory.hpp"

extern "C" {
#include "storage/dsm.h"
#include "storage/lwlock.h"
#include "utils/dsa.h"
}

namespace vec::pg {

// What the processes know together; in shared memory if there are several.
struct BuildMemoryState {
  LWLock lock;
  Size limit;
  Size reserved;                  // from the operating system
  Size allocated;                 // of that
  bool ran_out_of_shared_memory;  // there was less than the limit
};

// Where a process sees the area, which was created at `place` in `segment`; null until it has
// entered. All null for a build by one process.
struct BuildArea {
  dsa_area* area;
  dsm_segment* segment;
  void* place;
};

class BuildMemory {
 public:
  BuildMemory(BuildMemoryState* state, const BuildArea& area, MemoryContext context)
      : state_(state), area_(area), context_(context) {}

  // Before anything is done in the area. REQUIRES: some process has entered and not left.
  void enter();

  // This process needs nothing of it any more. The area goes when the last process leaves it. May
  // be called again.
  void leave();

  void* allocate(std::size_t bytes) {
    return MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE);
  }
  void let_others_run() { sched_yield(); }
  void check_interrupts() { CHECK_FOR_INTERRUPTS(); }
  [[noreturn]] void corrupted(const char* what) {
    elog(ERROR, "hnsw graph in memory: %s", what);
    pg_unreachable();
  }

  hnsw::Handle allocate_shared(std::size_t bytes) {
    const hnsw::Handle place =
        area_.area == nullptr ? allocate_in_context(bytes) : allocate_in_area(bytes);
    if (place != hnsw::kNoHandle) state_->allocated += bytes;
    return place;
  }
  std::byte* address(hnsw::Handle handle) {
    return static_cast<std::byte*>(area_.area == nullptr ? reinterpret_cast<void*>(handle)
                                                         : dsa_get_address(area_.area, handle));
  }
  template <class Action>
  void exclusively(Action action) {
    LWLockAcquire(&state_->lock, LW_EXCLUSIVE);
    action();
    LWLockRelease(&state_->lock);
  }

 private:
  hnsw::Handle allocate_in_context(Size bytes);
  hnsw::Handle allocate_in_area(Size bytes);
  bool enlarge_area(Size bytes);

  BuildMemoryState* state_;
  BuildArea area_;
  MemoryContext context_;
};
static_assert(hnsw::SharedMemory<BuildMemory>);

}  // namespace vec::pg
