#include "options.hpp"

#include "module.hpp"
#include "vector/hnsw/parameters.hpp"

namespace vec::pg {

int hnsw_ef_search = hnsw::kDefaultEfSearch;

namespace {
relopt_kind hnsw_relopt_kind;

const HnswOptions* options_of(Relation index) {
  return reinterpret_cast<const HnswOptions*>(index->rd_options);
}

// Member by member: the struct has more of them from PostgreSQL 18 on.
relopt_parse_elt int_option(const char* name, std::size_t offset) {
  relopt_parse_elt element{};
  element.optname = name;
  element.opttype = RELOPT_TYPE_INT;
  element.offset = static_cast<int>(offset);
  return element;
}
}  // namespace

void hnsw_init() {
  hnsw_relopt_kind = add_reloption_kind();
  add_int_reloption(hnsw_relopt_kind, "m", "Neighbors that a new element selects per level",
                    hnsw::kDefaultM, hnsw::kMinM, hnsw::kMaxM, AccessExclusiveLock);
  add_int_reloption(hnsw_relopt_kind, "ef_construction",
                    "Size of the candidate list while the index is built or inserted into",
                    hnsw::kDefaultEfConstruction, hnsw::kMinEfConstruction,
                    hnsw::kMaxEfConstruction, AccessExclusiveLock);
  DefineCustomIntVariable("hnsw.ef_search", "Sets the size of the candidate list of a search",
                          "Higher is more accurate and slower.", &hnsw_ef_search,
                          hnsw::kDefaultEfSearch, hnsw::kMinEfSearch, hnsw::kMaxEfSearch,
                          PGC_USERSET, 0, nullptr, nullptr, nullptr);
  MarkGUCPrefixReserved("hnsw");
}

int m_of(Relation index) {
  const HnswOptions* options = options_of(index);
  return options == nullptr ? hnsw::kDefaultM : options->m;
}

int ef_construction_of(Relation index) {
  const HnswOptions* options = options_of(index);
  return options == nullptr ? hnsw::kDefaultEfConstruction : options->ef_construction;
}

bytea* amoptions(Datum reloptions, bool validate) {
  const relopt_parse_elt elements[] = {
      int_option("m", offsetof(HnswOptions, m)),
      int_option("ef_construction", offsetof(HnswOptions, ef_construction)),
  };
  return static_cast<bytea*>(build_reloptions(reloptions, validate, hnsw_relopt_kind,
                                              sizeof(HnswOptions), elements, lengthof(elements)));
}

}  // namespace vec::pg
