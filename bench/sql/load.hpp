// Tables and indexes: the same rows in every server.
#pragma once

#include <string>
#include <vector>

#include "dataset.hpp"
#include "options.hpp"
#include "server.hpp"

namespace vec::bench {

std::string index_name(const Options& options);

// A vector as vector_recv and halfvec_recv take it.
std::string binary(const std::string& type, std::span<const float> row);

// Element i is of server i.
struct Loaded {
  double load_seconds = 0;            // of all COPY slices; 0 if the table was there
  std::vector<double> build_seconds;  // empty if the index was there
  std::vector<double> build_cpu;  // processor seconds of the leading process, where it can be told
  std::uint64_t table_bytes = 0;  // with TOAST, without indexes
  std::uint64_t index_bytes = 0;
  std::string index_definition;
};

// Creates the extension and the tables, fills them in turn, slice by slice; or checks what is
// there.
std::vector<Loaded> load(const Options& options, const Dataset& dataset);

// Builds the indexes, in turn, and adds to `loaded`. Leaves vacuumed tables, after a
// checkpoint if they are to be searched.
void build(const Options& options, std::vector<Loaded>& loaded);

}  // namespace vec::bench
