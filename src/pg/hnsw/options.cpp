#include "options.hpp"

#include <climits>

#include "module.hpp"
#include "vector/hnsw/parameters.hpp"

namespace vec::pg {

int hnsw_ef_search = hnsw::kDefaultEfSearch;
int hnsw_iterative_scan = static_cast<int>(IterativeScan::strict_order);
int hnsw_max_scan_tuples = 20000;
double hnsw_scan_mem_multiplier = 1;
bool hnsw_exact_order = true;

namespace {
relopt_kind hnsw_relopt_kind;

relopt_enum_elt_def quantizations[] = {
    {"auto", static_cast<int>(Quantization::automatic)},
    {"sq8", static_cast<int>(Quantization::sq8)},
    {"none", static_cast<int>(Quantization::none)},
    {nullptr, 0},
};

constexpr config_enum_entry iterative_scans[] = {
    {"off", static_cast<int>(IterativeScan::off), false},
    {"strict_order", static_cast<int>(IterativeScan::strict_order), false},
    {"relaxed_order", static_cast<int>(IterativeScan::relaxed_order), false},
    {nullptr, 0, false},
};

const HnswOptions* options_of(Relation index) {
  return reinterpret_cast<const HnswOptions*>(index->rd_options);
}

// Member by member: the struct has more of them from PostgreSQL 18 on.
relopt_parse_elt option(const char* name, relopt_type type, std::size_t offset) {
  relopt_parse_elt element{};
  element.optname = name;
  element.opttype = type;
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
  add_enum_reloption(hnsw_relopt_kind, "quantization", "How vectors are stored in the index",
                     quantizations, static_cast<int>(Quantization::automatic),
                     "Valid values are \"auto\", \"sq8\", and \"none\".", AccessExclusiveLock);
  DefineCustomIntVariable("hnsw.ef_search", "Sets the size of the candidate list of a search",
                          "Higher is more accurate and slower.", &hnsw_ef_search,
                          hnsw::kDefaultEfSearch, hnsw::kMinEfSearch, hnsw::kMaxEfSearch,
                          PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("hnsw.iterative_scan",
                           "Sets whether a scan goes on after its first candidates",
                           "Off returns at most hnsw.ef_search elements.", &hnsw_iterative_scan,
                           static_cast<int>(IterativeScan::strict_order), iterative_scans,
                           PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable(
      "hnsw.max_scan_tuples", "Sets how many elements an iterative scan visits in the graph",
      "Then it reads the rest of the index in storage order.", &hnsw_max_scan_tuples, 20000, 1,
      INT_MAX, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomRealVariable("hnsw.scan_mem_multiplier",
                           "Sets the multiple of work_mem an iterative scan uses for the graph",
                           nullptr, &hnsw_scan_mem_multiplier, 1, 1, 1000, PGC_USERSET, 0, nullptr,
                           nullptr, nullptr);
  DefineCustomBoolVariable("hnsw.exact_order",
                           "Orders results by their true distances, read from the table",
                           "Off keeps the order of the quantized vectors in the index.",
                           &hnsw_exact_order, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
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

Quantization quantization_of(Relation index) {
  const HnswOptions* options = options_of(index);
  return options == nullptr ? Quantization::automatic : options->quantization;
}

bytea* amoptions(Datum reloptions, bool validate) {
  const relopt_parse_elt elements[] = {
      option("m", RELOPT_TYPE_INT, offsetof(HnswOptions, m)),
      option("ef_construction", RELOPT_TYPE_INT, offsetof(HnswOptions, ef_construction)),
      option("quantization", RELOPT_TYPE_ENUM, offsetof(HnswOptions, quantization)),
  };
  return static_cast<bytea*>(build_reloptions(reloptions, validate, hnsw_relopt_kind,
                                              sizeof(HnswOptions), elements, lengthof(elements)));
}

}  // namespace vec::pg
