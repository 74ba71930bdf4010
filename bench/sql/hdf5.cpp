#include "hdf5.hpp"

#include <hdf5.h>

#include <array>

namespace vec::bench {
namespace {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

// Closes what the library opened.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(id), close_(close) {
    if (id_ < 0) throw Error(what + " cannot be read");
  }
  ~Handle() { close_(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

struct Table {
  Handle data;
  std::array<hsize_t, 2> shape{};

  Table(hid_t file, const std::string& name, const std::string& what)
      : data(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose, what) {
    const Handle space(H5Dget_space(data), H5Sclose, what);
    if (H5Sget_simple_extent_ndims(space) != 2) throw Error(what + " has not two dimensions");
    H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    if (shape[0] == 0 || shape[1] == 0) throw Error(what + " is empty");
  }

  void read(hid_t type, void* out, const std::string& what) const {
    if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0) {
      throw Error(what + " cannot be read as numbers");
    }
  }
};

}  // namespace

Hdf5File::Hdf5File(const std::string& path) : path_(path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // we say it ourselves
  file_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file_ < 0) throw Error(path + ": is no readable HDF5 file");
}

Hdf5File::~Hdf5File() {
  H5Fclose(file_);
}

bool Hdf5File::has(const std::string& name) const {
  return H5Lexists(file_, name.c_str(), H5P_DEFAULT) > 0;
}

Matrix Hdf5File::floats(const std::string& name) const {
  const std::string what = path_ + ": dataset " + name;
  const Table table(file_, name, what);
  Matrix matrix(table.shape[0], table.shape[1]);
  table.read(H5T_NATIVE_FLOAT, matrix.values.data(), what);
  return matrix;
}

std::vector<std::uint32_t> Hdf5File::ids(const std::string& name, std::size_t& columns) const {
  const std::string what = path_ + ": dataset " + name;
  const Table table(file_, name, what);
  columns = table.shape[1];
  std::vector<std::uint32_t> ids(table.shape[0] * table.shape[1]);
  table.read(H5T_NATIVE_UINT32, ids.data(), what);
  return ids;
}

std::string Hdf5File::attribute(const std::string& name) const {
  if (H5Aexists(file_, name.c_str()) <= 0) return "";
  const std::string what = path_ + ": attribute " + name;
  const Handle attribute(H5Aopen(file_, name.c_str(), H5P_DEFAULT), H5Aclose, what);
  const Handle type(H5Aget_type(attribute), H5Tclose, what);
  if (H5Tget_class(type) != H5T_STRING) return "";
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    const Handle memory_type(H5Tcopy(H5T_C_S1), H5Tclose, what);
    H5Tset_size(memory_type, H5T_VARIABLE);
    H5Tset_cset(memory_type, H5Tget_cset(type));
    if (H5Aread(attribute, memory_type, &text) < 0 || text == nullptr) return "";
    std::string value = text;
    H5free_memory(text);
    return value;
  }
  std::string value(H5Tget_size(type), '\0');
  if (H5Aread(attribute, type, value.data()) < 0) return "";
  return value.c_str();  // without padding
}

}  // namespace vec::bench
