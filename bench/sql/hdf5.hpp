// Reading of HDF5 files, over the C library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset.hpp"

namespace vec::bench {

class Hdf5File {
 public:
  explicit Hdf5File(const std::string& path);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  bool has(const std::string& name) const;
  // A two-dimensional dataset, converted to floats.
  Matrix floats(const std::string& name) const;
  // A two-dimensional dataset of integers; sets the number of columns.
  std::vector<std::uint32_t> ids(const std::string& name, std::size_t& columns) const;
  // A string attribute of the file; empty if there is none.
  std::string attribute(const std::string& name) const;

 private:
  std::string path_;
  std::int64_t file_;
};

}  // namespace vec::bench
