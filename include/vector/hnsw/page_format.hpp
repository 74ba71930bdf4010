// The index on disk, byte by byte. Everything here is part of the file format: a change needs a new
// kFormatVersion. docs/internals.md draws the same picture.
//
// All pages are 8 kB with PostgreSQL's standard page header (24 bytes) and an 8-byte special space
// (PageTrailer). Block 0 is the metapage. If the codec has parameters of its own, the next blocks
// are codec pages: the floats of its center, as many as fit. Every other block is an element page
// or a list page: an array of slots of one fixed size, starting right after the header, without
// line pointers.
//
//   node id = block * elements_per_page + slot       list id = block * lists_per_page + slot
//
// so the address of a code is known before its page is touched.
//
//   element slot   ElementSlot (24 bytes) | code | edge ids 4 x 2M | edge lengths 2 x 2M
//   list slot      ListSlot (8 bytes) | payload of 6 x 2M bytes, one of
//                    neighbors of one level: edge ids 4 x 2M | edge lengths 2 x 2M
//                    heap tids: next list id (4) | tids of 6 bytes
//                  The code is padded to a multiple of 4, both slots to one of 8.
//
// Lists of levels >= first_list_level() of an element lie in consecutive list slots of one page.
// That is level 1 when the element slot has room for the edges of level 0, else level 0. An edge's
// length is a bfloat16: the upper half of a float, rounded (relative error 0.4 %).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "vector/codec.hpp"
#include "vector/hnsw/heap_tid.hpp"
#include "vector/hnsw/parameters.hpp"
#include "vector/hnsw/storage.hpp"

namespace vec::hnsw {

inline constexpr std::uint32_t kPageBytes = 8192;
inline constexpr std::uint32_t kPageHeaderBytes = 24;
inline constexpr std::uint32_t kPageLowerOffset = 12;  // of pd_lower in it
inline constexpr std::uint32_t kMagic = 0x57534e48;    // "HNSW", little endian
inline constexpr std::uint32_t kFormatVersion = 1;     // frozen with the first release
inline constexpr std::uint32_t kMetaBlock = 0;
inline constexpr std::uint32_t kNoBlock = 0xffffffffu;
using ListId = std::uint32_t;
inline constexpr ListId kNoList = 0xffffffffu;

// DO NOT CHANGE THESE VALUES.
enum class PageKind : std::uint16_t { meta = 1, elements = 2, lists = 3, codec = 4 };
enum class ListKind : std::uint8_t { free = 0, neighbors = 1, heap_tids = 2 };

// The special space, at the very end of a page.
struct PageTrailer {
  PageKind kind;
  std::uint16_t slot_bytes;  // 0 on pages without slots
  std::uint32_t magic;
};
static_assert(sizeof(PageTrailer) == 8);
inline constexpr std::uint32_t kPageDataBytes = kPageBytes - kPageHeaderBytes - sizeof(PageTrailer);

struct MetaPage {
  std::uint32_t magic;
  std::uint32_t format_version;
  std::uint32_t dimensions;
  std::uint16_t m;
  std::uint16_t ef_construction;
  Metric metric;
  CodecId codec;
  std::uint16_t element_type;  // of the column: 1 vector, 2 halfvec
  std::uint16_t reserved;
  std::uint32_t element_slot_bytes;
  std::uint32_t list_slot_bytes;
  NodeId entry_point;
  std::int32_t entry_level;
  std::uint32_t codec_data_block;  // the first codec page; kNoBlock when the codec needs none
  std::uint32_t codec_data_bytes;
  std::uint64_t rotation_seed;
  std::uint32_t has_center;  // 0: to be set by the first insert
  std::uint32_t reserved_words[3];
};
static_assert(sizeof(MetaPage) == 72);

inline constexpr std::uint32_t kFloatsPerCodecPage = kPageDataBytes / sizeof(float);

// Codec pages of an index whose codec keeps `bytes` bytes.
inline std::uint32_t codec_pages(std::uint32_t bytes) {
  return (bytes + kPageDataBytes - 1) / kPageDataBytes;
}

inline constexpr std::uint16_t kElementMagic = 0x6c65;  // "el", little endian

struct ElementSlot {
  NodeState state;
  std::uint8_t level;
  std::uint8_t degree;      // edges at level 0 when they lie in this slot
  std::uint8_t attributes;  // 0; for filter columns
  ListId lists;             // list slot of level first_list_level(); kNoList when there is none
  HeapTid tid;              // one row; kNoTid when it was removed and others remain
  // Also of a slot that was freed. Readers look at this and not at the page's trailer, which would
  // be one more line of memory to wait for.
  std::uint16_t magic = kElementMagic;
  ListId further_tids;  // list slot of more rows; kNoList when there is none
  ListId append_tids;   // list slot among those where a free place is looked for first
};
static_assert(sizeof(ElementSlot) == 24);

struct ListSlot {
  NodeId owner;  // the element it belongs to
  ListKind kind;
  std::uint8_t level;
  std::uint8_t count;
  std::uint8_t reserved;
};
static_assert(sizeof(ListSlot) == 8);

// ---- edge lengths ----
inline std::uint16_t encode_length(float length) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(length) + 0x8000u) >> 16);
}
inline float decode_length(std::uint16_t encoded) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(encoded) << 16);
}

// ---- where things lie ----
// Sizes and offsets that follow from the code size and m.
class Geometry {
 public:
  Geometry(std::size_t code_bytes, int m)
      : max_edges_(2 * m),
        edges_offset_(align(sizeof(ElementSlot) + code_bytes, 4)),
        list_bytes_(align(sizeof(ListSlot) + edge_bytes(), 8)) {
    std::size_t inline_bytes = align(edges_offset_ + edge_bytes(), 8);
    first_list_level_ = inline_bytes <= kPageDataBytes ? 1 : 0;
    element_bytes_ = first_list_level_ == 1 ? inline_bytes : align(edges_offset_, 8);
  }

  bool fits() const { return element_bytes_ <= kPageDataBytes; }
  std::uint32_t element_bytes() const { return element_bytes_; }
  std::uint32_t list_bytes() const { return list_bytes_; }
  std::uint32_t elements_per_page() const { return kPageDataBytes / element_bytes_; }
  std::uint32_t lists_per_page() const { return kPageDataBytes / list_bytes_; }
  std::uint32_t slots_per_page(PageKind kind) const {
    return kind == PageKind::elements ? elements_per_page() : lists_per_page();
  }
  // As in PageTrailer.
  std::uint32_t slot_bytes(PageKind kind) const {
    if (kind == PageKind::elements) return element_bytes_;
    return kind == PageKind::lists ? list_bytes_ : 0;
  }
  int first_list_level() const { return first_list_level_; }
  int lists_of(int level) const { return level + 1 - first_list_level_; }
  // All lists of an element must fit one page.
  int max_level() const { return static_cast<int>(lists_per_page()) - 1 + first_list_level_; }
  std::uint32_t tids_per_list() const {
    return (list_bytes_ - sizeof(ListSlot) - sizeof(ListId)) / sizeof(HeapTid);
  }

  std::uint32_t block_of(NodeId id) const { return id / elements_per_page(); }
  std::uint32_t slot_of(NodeId id) const { return id % elements_per_page(); }
  NodeId node_id(std::uint32_t block, std::uint32_t slot) const {
    return block * elements_per_page() + slot;
  }
  std::uint32_t list_block_of(ListId id) const { return id / lists_per_page(); }
  std::uint32_t list_slot_of(ListId id) const { return id % lists_per_page(); }
  ListId list_id(std::uint32_t block, std::uint32_t slot) const {
    return block * lists_per_page() + slot;
  }
  // Largest block whose ids still fit 32 bits, leaving kNoNode and kNoList unused.
  std::uint32_t max_block() const {
    return kNoNode / std::max(elements_per_page(), lists_per_page()) - 1;
  }

  std::uint32_t element_offset(std::uint32_t slot) const {
    return kPageHeaderBytes + slot * element_bytes_;
  }
  template <class Byte>  // std::byte or const std::byte
  auto* element(Byte* page, std::uint32_t slot) const {
    return reinterpret_cast<CopyConst<Byte, ElementSlot>*>(page + element_offset(slot));
  }
  template <class Slot>
  auto* code(Slot* element) const {
    return bytes_of(element) + sizeof(ElementSlot);
  }
  template <class Slot>
  auto* element_edges(Slot* element) const {
    return bytes_of(element) + edges_offset_;
  }
  template <class Byte>
  auto* list(Byte* page, std::uint32_t slot) const {
    return reinterpret_cast<CopyConst<Byte, ListSlot>*>(page + kPageHeaderBytes +
                                                        slot * list_bytes_);
  }
  template <class Slot>
  auto* list_payload(Slot* list) const {
    return bytes_of(list) + sizeof(ListSlot);
  }

  // ---- edges: ids, then lengths ----
  void read_ids(const std::byte* edges, std::size_t count, NodeId* out) const {
    std::memcpy(out, edges, count * sizeof(NodeId));
  }
  void read_edges(const std::byte* edges, std::size_t count, Candidate* out) const {
    for (std::size_t i = 0; i < count; ++i) {
      std::uint16_t length;
      std::memcpy(&out[i].id, edges + i * sizeof(NodeId), sizeof(NodeId));
      std::memcpy(&length, edges + max_edges_ * sizeof(NodeId) + i * sizeof length, sizeof length);
      out[i].distance = decode_length(length);
    }
  }
  void write_edges(std::byte* edges, std::span<const Candidate> list) const {
    for (std::size_t i = 0; i < list.size(); ++i) {
      std::uint16_t length = encode_length(list[i].distance);
      std::memcpy(edges + i * sizeof(NodeId), &list[i].id, sizeof(NodeId));
      std::memcpy(edges + max_edges_ * sizeof(NodeId) + i * sizeof length, &length, sizeof length);
    }
  }

 private:
  template <class From, class To>
  using CopyConst = std::conditional_t<std::is_const_v<From>, const To, To>;

  template <class Slot>
  static auto* bytes_of(Slot* slot) {
    return reinterpret_cast<CopyConst<Slot, std::byte>*>(slot);
  }
  static constexpr std::uint32_t align(std::size_t n, std::size_t to) {
    return static_cast<std::uint32_t>((n + to - 1) / to * to);
  }
  std::size_t edge_bytes() const { return max_edges_ * (sizeof(NodeId) + sizeof(std::uint16_t)); }

  std::uint32_t max_edges_;
  std::uint32_t edges_offset_;
  std::uint32_t list_bytes_;
  std::uint32_t element_bytes_;
  int first_list_level_;
};

// ---- pages ----
inline PageTrailer read_trailer(const std::byte* page) {
  PageTrailer trailer;
  std::memcpy(&trailer, page + kPageBytes - sizeof trailer, sizeof trailer);
  return trailer;
}

// pd_lower of PostgreSQL's page header: where the used part of the page ends. What lies behind is
// zero and not logged, so a new page costs next to nothing and a new element only itself. Slots are
// used from the first on; one that was used once stays in the used part.
inline std::uint32_t used_bytes(const std::byte* page) {
  std::uint16_t end;
  std::memcpy(&end, page + kPageLowerOffset, sizeof end);
  return end < kPageHeaderBytes ? 0 : std::min(end - kPageHeaderBytes, kPageDataBytes);
}
inline void set_used_bytes(std::byte* page, std::uint32_t bytes) {
  const auto end = static_cast<std::uint16_t>(kPageHeaderBytes + bytes);
  std::memcpy(page + kPageLowerOffset, &end, sizeof end);
}
inline std::uint32_t used_slots(const std::byte* page, const Geometry& geometry, PageKind kind) {
  return std::min(used_bytes(page) / geometry.slot_bytes(kind), geometry.slots_per_page(kind));
}
// Slots below `end` are in use from now on. REQUIRES: none before it is left out.
inline void use_slots(std::byte* page, const Geometry& geometry, PageKind kind, std::uint32_t end) {
  if (end > used_slots(page, geometry, kind)) set_used_bytes(page, end * geometry.slot_bytes(kind));
}

// Formats a page whose PostgreSQL header is in place; no slot is in use.
inline void format_page(std::byte* page, PageKind kind, std::uint32_t slot_bytes) {
  std::memset(page + kPageHeaderBytes, 0, kPageDataBytes);
  set_used_bytes(page, kind == PageKind::meta    ? std::uint32_t{sizeof(MetaPage)}
                       : kind == PageKind::codec ? kPageDataBytes
                                                 : 0);
  PageTrailer trailer{kind, static_cast<std::uint16_t>(slot_bytes), kMagic};
  std::memcpy(page + kPageBytes - sizeof trailer, &trailer, sizeof trailer);
}

inline MetaPage read_meta(const std::byte* page) {
  MetaPage meta;
  std::memcpy(&meta, page + kPageHeaderBytes, sizeof meta);
  return meta;
}
inline void write_meta(std::byte* page, const MetaPage& meta) {
  std::memcpy(page + kPageHeaderBytes, &meta, sizeof meta);
}

}  // namespace vec::hnsw
