// libFuzzer target for the pages of an index: sound ones are damaged, then searched, inserted into,
// vacuumed and checked. Each ends in an answer or in Corrupted, and what the checker finds nothing
// wrong with can be searched. Pages lie in plain memory (test/unit/memory_pages.hpp), which also
// sees to it that nobody reads a page that does not exist.
//
// Input: a shape of index, what to do with it, then damages of 4 bytes each.
#include <cstdio>
#include <cstdlib>

#include "check_fixture.hpp"

namespace {

using namespace vec;
using namespace vec::test;

struct Index {
  Index(Metric metric, std::size_t dimensions, int m, std::size_t count)
      : rows(clustered(count, dimensions, 17)), filled(metric, with_copies(rows), m, 2 * m) {
    // Slots and lists that are free, and some used anew.
    std::set<std::size_t> alive;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (row % 5 != 0) alive.insert(row);
    }
    filled.vacuum(alive);
    for (std::size_t row = 0; row < rows.size(); row += 10) filled.insert(rows[row], row);
    filled.pages.check_lock_order =
        false;  // a damaged reference may lead to a page of another kind
    sound = filled.pages.snapshot();
  }

  static const Vectors& with_copies(Vectors& rows) {
    for (int copy = 0; copy < 40; ++copy) rows.push_back(rows[1 + copy % 2]);
    return rows;
  }

  Vectors rows;
  Filled filled;
  MemoryPages::Snapshot sound;
};

Index& index_of_shape(std::size_t shape) {
  static Index shapes[] = {
      {Metric::l2, 4, 4, 60},
      {Metric::inner_product, 3, 2, 60},
      {Metric::l2, 500, 4, 20},
      {Metric::cosine, 2000, 2, 12},  // edges of level 0 outside of the element's slot
  };
  return shapes[shape % std::size(shapes)];
}

struct Damage {
  std::uint8_t kind_and_block;
  std::uint8_t offset[2];
  std::uint8_t value;
};
static_assert(sizeof(Damage) == 4);

void inflict(MemoryPages& pages, const Damage& damage) {
  constexpr std::size_t kWord = 4;
  const auto block = static_cast<std::uint32_t>(damage.kind_and_block % 64 % pages.count());
  const std::size_t at = (damage.offset[0] + 256u * damage.offset[1]) % hnsw::kPageBytes;
  const std::size_t word = at / kWord * kWord;
  std::byte* page = pages.raw(block);
  switch (damage.kind_and_block / 64) {
    case 0:
      page[at] = std::byte{damage.value};
      break;
    case 1:  // ids and the like that exist, at another place
      std::memmove(page + word, page + (word + kWord * damage.value) % hnsw::kPageBytes, kWord);
      break;
    case 2: {  // a small number
      const std::uint32_t number = damage.value;
      std::memcpy(page + word, &number, kWord);
      break;
    }
    default:  // another page in place of this one, or zeroes
      if (damage.value < pages.count()) {
        std::memmove(page, pages.raw(damage.value), hnsw::kPageBytes);
      } else {
        std::memset(page + at, 0, hnsw::kPageBytes - at);
      }
  }
}

// False if it found damage.
template <class Operation>
bool ends_well(Operation operation) {
  try {
    operation();
  } catch (const Corrupted&) {
    return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Index& index = index_of_shape(data[0]);
  const std::uint8_t what = data[1];
  MemoryPages& pages = index.filled.pages;
  pages.restore(index.sound);
  for (std::size_t at = 2; at + sizeof(Damage) <= size; at += sizeof(Damage)) {
    Damage damage;
    std::memcpy(&damage, data + at, sizeof damage);
    inflict(pages, damage);
  }
  const bool is_sound = check(index.filled.store()).fault.empty();
  Session session(index.filled.store());
  const std::vector<float>& query = index.rows[what % 10];
  if (!ends_well([&] { session.search(query, 1 + what); }) && is_sound) {
    std::fprintf(stderr, "the checker has missed what a search stumbles over\n");
    std::abort();
  }
  if (what & 1) ends_well([&] { session.insert(query, 5000); });
  if (what & 2) ends_well([&] { session.insert(index.rows[1], 5001, 2); });
  if (what & 4) ends_well([&] { session.vacuum({1, 2, 3, 61, 63, 5000}); });
  if (what & 8) ends_well([&] { session.insert(std::vector<float>(query.size(), 1.0f), 5002); });
  ends_well([&] { session.search(query, 10); });
  return 0;
}
