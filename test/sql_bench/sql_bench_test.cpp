// The parts of sql_bench that need no server.
#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dataset.hpp"
#include "exact.hpp"
#include "interpolate.hpp"
#include "load.hpp"
#include "options.hpp"
#include "series.hpp"
#include "synthetic.hpp"
#include "writes.hpp"

namespace vec::bench {
namespace {

// --- Curves ---

Curve curve_of(std::initializer_list<std::pair<double, double>> recall_and_ms) {
  Curve curve;
  for (auto [recall, ms] : recall_and_ms) {
    Point& point = curve.emplace_back();
    point.recall = recall;
    point.server_ms = ms;
  }
  return curve;
}

std::optional<double> ms_at(const Curve& curve, double recall) {
  return at_recall(curve, recall, [](const Point& p) { return p.server_ms; });
}

TEST(Interpolation, IsLogLinear) {
  const Curve curve = curve_of({{0.8, 1}, {0.9, 4}, {0.9, 5}, {1.0, 20}});
  EXPECT_NEAR(*ms_at(curve, 0.85), 2, 1e-12);
  EXPECT_NEAR(*ms_at(curve, 0.95), 10, 1e-12);
  EXPECT_EQ(ms_at(curve, 0.8), 1);
  EXPECT_EQ(ms_at(curve, 0.9), 4);
}

TEST(Interpolation, SaysWhatIsOutOfReach) {
  const Curve curve = curve_of({{0.8, 1}, {0.9, 4}});
  EXPECT_FALSE(ms_at(curve, 0.7));
  EXPECT_STREQ(why_not(curve, 0.7), "exceeded at the smallest ef");
  EXPECT_FALSE(ms_at(curve, 0.95));
  EXPECT_STREQ(why_not(curve, 0.95), "not reached by any ef");
}

TEST(Interpolation, PassesDips) {
  EXPECT_NEAR(*ms_at(curve_of({{0.8, 1}, {0.79, 2}, {0.81, 8}}), 0.80), 1, 1e-12);
  EXPECT_NEAR(*ms_at(curve_of({{0.8, 1}, {0.7, 2}, {0.9, 8}}), 0.85), 2 * std::pow(4, 0.75), 1e-9);
}

TEST(Percentiles, AreOfTheNearestRank) {
  EXPECT_EQ(percentile({1, 2, 3, 4}, 0.5), 2);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 0.99), 4);
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

TEST(Json, FirstOccurrence) {
  const std::string json = R"([{"Plan": {"Hits": 12, "Plans": [{"Hits": 3}]}, "Time": 0.25}])";
  EXPECT_EQ(json_number(json, "Hits"), 12);
  EXPECT_EQ(json_number(json, "Time"), 0.25);
  EXPECT_THROW(json_number(json, "Other"), Error);
}

// --- Recall ---

Dataset on_a_line(std::initializer_list<float> rows, float query) {
  Dataset dataset;
  dataset.base = Matrix(rows.size(), 1);
  std::copy(rows.begin(), rows.end(), dataset.base.values.begin());
  dataset.queries = Matrix(1, 1);
  dataset.queries.values = {query};
  return dataset;
}

TEST(Recall, AnyOfEqualDistanceIsRight) {
  const Dataset dataset = on_a_line({1, -1, 1, 3, 0.5, 9}, 0);
  const Judge judge(dataset, Metric::l2, nearest(dataset, Metric::l2, 2, 1), 2);
  EXPECT_EQ(judge.recall(0, {4, 0}), 1);
  EXPECT_EQ(judge.recall(0, {4, 1}), 1);
  EXPECT_EQ(judge.recall(0, {2, 1}), 1);
  EXPECT_EQ(judge.recall(0, {4, 3}), 0.5);
  EXPECT_EQ(judge.recall(0, {5, 3}), 0);
}

TEST(Recall, RowsCountOnce) {
  const Dataset dataset = on_a_line({1, 2, 3}, 0);
  const Judge judge(dataset, Metric::l2, nearest(dataset, Metric::l2, 2, 1), 2);
  EXPECT_EQ(judge.recall(0, {0, 0}), 0.5);
  EXPECT_EQ(judge.recall(0, {0}), 0.5);
  EXPECT_EQ(judge.recall(0, {}), 0);
  EXPECT_EQ(judge.recall(0, {-1, 3, 1}), 0.5);
}

// --- Exact neighbors ---

SyntheticParameters small() {
  SyntheticParameters parameters;
  parameters.rows = 2345;
  parameters.dimensions = 19;
  parameters.queries = 7;
  parameters.intrinsic = 5;
  parameters.clusters = 10;
  parameters.normalize = false;
  return parameters;
}

class Nearest : public testing::TestWithParam<Metric> {};

TEST_P(Nearest, IsWhatComparingAllGives) {
  const Dataset dataset = draw_synthetic(small(), 1);
  const Neighbors found = nearest(dataset, GetParam(), 20, 3);
  for (std::size_t q = 0; q < dataset.queries.rows; ++q) {
    std::vector<std::pair<double, std::uint32_t>> all;
    for (std::uint32_t i = 0; i < dataset.base.rows; ++i) {
      all.emplace_back(distance(GetParam(), dataset.queries.row(q), dataset.base.row(i)), i);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(found.of(q)[i], all[i].second);
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, Nearest,
                         testing::Values(Metric::l2, Metric::inner_product, Metric::cosine),
                         [](const auto& metric) { return name_of(metric.param); });

TEST(Distance, OfThreeMetrics) {
  const std::vector<float> a = {3, 4}, b = {4, 3};
  EXPECT_EQ(distance(Metric::l2, a, b), 2);
  EXPECT_EQ(distance(Metric::inner_product, a, b), -24);
  EXPECT_NEAR(distance(Metric::cosine, a, b), 1 - 24.0 / 25, 1e-15);
}

// --- Synthetic data ---

TEST(Synthetic, IsTheSameOnAnyNumberOfThreads) {
  const Dataset one = draw_synthetic(small(), 1), four = draw_synthetic(small(), 4);
  EXPECT_EQ(one.base.values, four.base.values);
  EXPECT_EQ(one.queries.values, four.queries.values);
}

TEST(Synthetic, DependsOnTheSeed) {
  SyntheticParameters other = small();
  other.seed = 2;
  EXPECT_NE(draw_synthetic(small(), 1).base.values, draw_synthetic(other, 1).base.values);
}

TEST(Synthetic, QueriesAreNoRows) {
  const Dataset dataset = draw_synthetic(small(), 1);
  for (std::size_t q = 0; q < dataset.queries.rows; ++q) {
    for (std::size_t i = 0; i < dataset.base.rows; ++i) {
      EXPECT_GT(distance(Metric::l2, dataset.queries.row(q), dataset.base.row(i)), 0);
    }
  }
}

TEST(Synthetic, ParametersAreChecked) {
  const auto parameters = parse_synthetic("rows=12,dim=3,intrinsic=2,noise=0.5,normalize=0");
  EXPECT_EQ(parameters.rows, 12u);
  EXPECT_EQ(parameters.dimensions, 3u);
  EXPECT_EQ(parameters.noise, 0.5);
  EXPECT_FALSE(parameters.normalize);
  for (const char* wrong : {"rows", "rows=", "rows=x", "rows=1x", "rows=0", "row=1", "rows=-1"}) {
    EXPECT_THROW(parse_synthetic(wrong), Error) << wrong;
  }
}

// --- Files ---

class Files : public testing::Test {
 protected:
  Files() { std::filesystem::create_directories(folder_); }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sql_bench_test." + std::to_string(getpid()));
};

std::string fvec(std::initializer_list<float> values) {
  std::string bytes(4 + 4 * values.size(), '\0');
  const auto size = static_cast<std::int32_t>(values.size());
  std::memcpy(bytes.data(), &size, 4);
  std::memcpy(bytes.data() + 4, values.begin(), 4 * values.size());
  return bytes;
}

TEST_F(Files, Fvecs) {
  write("a.fvecs", fvec({1, 2, 3}) + fvec({4, 5, 6}));
  const Matrix matrix = read_fvecs(path("a.fvecs"));
  EXPECT_EQ(matrix.rows, 2u);
  EXPECT_EQ(matrix.dimensions, 3u);
  EXPECT_EQ(matrix.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));

  write("cut.fvecs", fvec({1, 2, 3}) + fvec({4, 5}));
  write("mixed.fvecs", fvec({1, 2}) + fvec({3}) + fvec({4, 5, 6}));
  write("empty.fvecs", "");
  for (const char* name : {"cut.fvecs", "mixed.fvecs", "empty.fvecs", "missing.fvecs"}) {
    EXPECT_THROW(read_fvecs(path(name)), Error) << name;
  }
}

void write_table(hid_t file, const char* name, hid_t type, hsize_t rows, hsize_t columns,
                 const void* data) {
  const hsize_t shape[] = {rows, columns};
  const hid_t space = H5Screate_simple(2, shape, nullptr);
  const hid_t table = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(table, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  H5Dclose(table);
  H5Sclose(space);
}

TEST_F(Files, Hdf5) {
  const hid_t file = H5Fcreate(path("a.hdf5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const float train[] = {1, 0, 0, 1, 1, 1}, test[] = {1, 0.5};
  const std::int32_t neighbors[] = {2, 0};
  write_table(file, "train", H5T_NATIVE_FLOAT, 3, 2, train);
  write_table(file, "test", H5T_NATIVE_FLOAT, 1, 2, test);
  write_table(file, "neighbors", H5T_NATIVE_INT32, 1, 2, neighbors);
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, 7);
  const hid_t attribute = H5Acreate2(file, "distance", type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(attribute, type, "angular");
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);

  const Dataset dataset = read_hdf5(path("a.hdf5"));
  EXPECT_EQ(dataset.name, "a");
  EXPECT_EQ(dataset.base.values, std::vector<float>(train, train + 6));
  EXPECT_EQ(dataset.queries.rows, 1u);
  ASSERT_TRUE(dataset.neighbors);
  EXPECT_EQ(dataset.neighbors->ids, (std::vector<std::uint32_t>{2, 0}));
  EXPECT_EQ(dataset.neighbors_metric, Metric::cosine);

  write("b.hdf5", "no HDF5");
  EXPECT_THROW(read_hdf5(path("b.hdf5")), Error);
  EXPECT_THROW(read_hdf5(path("missing.hdf5")), Error);
}

TEST_F(Files, NeighborsAreCached) {
  Dataset dataset = draw_synthetic(small(), 1);
  const Neighbors computed = cached_nearest(dataset, Metric::l2, 5, 1, path("cache"));
  EXPECT_EQ(cached_nearest(dataset, Metric::l2, 5, 1, path("cache")).ids, computed.ids);
  dataset.base.values[0] += 1;  // other data: another file
  cached_nearest(dataset, Metric::l2, 5, 1, path("cache"));
  const auto files = std::filesystem::directory_iterator(path("cache"));
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);
}

TEST(Rounding, ToHalf) {
  Dataset dataset = on_a_line({1, 0.5}, 2);
  EXPECT_FALSE(round_to_half(dataset));
  dataset.base.values[0] = 0.1f;
  EXPECT_TRUE(round_to_half(dataset));
  EXPECT_EQ(dataset.base.values[0], 0.0999755859375f);
  dataset.base.values[0] = 1e6f;
  EXPECT_THROW(round_to_half(dataset), Error);
}

TEST(Limit, DropsNeighborsOfMissingRows) {
  Dataset dataset = draw_synthetic(small(), 1);
  dataset.neighbors = nearest(dataset, Metric::l2, 3, 1);
  limit(dataset, 0, 2);
  EXPECT_EQ(dataset.queries.rows, 2u);
  ASSERT_TRUE(dataset.neighbors);
  EXPECT_EQ(dataset.neighbors->ids.size(), 6u);
  limit(dataset, 100, 0);
  EXPECT_EQ(dataset.base.rows, 100u);
  EXPECT_FALSE(dataset.neighbors);
}

// --- Writes ---

TEST(Parts, AreAllRowsEachOnce) {
  for (std::size_t rows : {0, 1, 7, 100}) {
    for (std::size_t parts : {1, 3, 7, 8}) {
      std::size_t next = 0;
      for (std::size_t part = 0; part < parts; ++part) {
        const auto [first, end] = part_of(rows, part, parts);
        EXPECT_EQ(first, next);
        EXPECT_LE(end - first, rows / parts + 1);
        next = end;
      }
      EXPECT_EQ(next, rows);
    }
  }
}

TEST(WriteCosts, ArePerRowOfAllSlices) {
  Writes writes;
  EXPECT_EQ(writes.per_row(&Counters::buffers), 0);
  EXPECT_FALSE(writes.cpu_ms());
  const Counters before{1000, 10, 200, 300}, after{3000, 11, 800, 1200};
  writes.add_slice(10, 0.5, after - before, 0.02);
  writes.add_slice(30, 0.5, {6000, 0, 200, 300}, 0.04);
  EXPECT_EQ(writes.rows, 40u);
  EXPECT_EQ(writes.rates, (std::vector<double>{20, 60}));
  EXPECT_EQ(writes.per_row(&Counters::wal_bytes), 200);
  EXPECT_EQ(writes.per_row(&Counters::page_images), 1 / 40.0);
  EXPECT_EQ(writes.per_row(&Counters::index_buffers), 20);
  EXPECT_EQ(writes.per_row(&Counters::buffers), 30);
  EXPECT_NEAR(*writes.cpu_ms(), 1.5, 1e-12);
  // A slice whose processor time cannot be told makes that of all unknown.
  writes.add_slice(10, 0.5, {}, std::nullopt);
  writes.add_slice(10, 0.5, {}, 0.1);
  EXPECT_FALSE(writes.cpu_ms());
}

TEST(RowsToInsert, AreTheLastOnes) {
  Options options;
  options.inserts = 2;
  options.clients = {1, 4};
  Dataset dataset = on_a_line({1, 2, 3, 4, 5, 6}, 0);
  const Matrix taken = take_rows_to_insert(options, dataset);
  EXPECT_EQ(taken.values, (std::vector<float>{3, 4, 5, 6}));
  EXPECT_EQ(taken.rows, 4u);
  EXPECT_EQ(dataset.base.values, (std::vector<float>{1, 2}));
  EXPECT_THROW(take_rows_to_insert(options, dataset), Error);
}

// --- What goes to the servers ---

TEST(Binary, IsWhatTheTypesReceive) {
  const std::vector<float> row = {1, -2};
  EXPECT_EQ(binary("vector", row), std::string("\0\2\0\0\x3f\x80\0\0\xc0\0\0\0", 12));
  EXPECT_EQ(binary("halfvec", row), std::string("\0\2\0\0\x3c\0\xc0\0", 8));
}

Options parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "sql_bench");
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  return parse_options(static_cast<int>(pointers.size()), pointers.data());
}

TEST(CommandLine, IsChecked) {
  const Options options =
      parse({"copy", "--server", "a=host=/x dbname=y", "--server", "b=", "--data", "d.hdf5", "--ef",
             "40,10", "--with-of", "b=m=8", "--set-of", "a:hnsw.iterative_scan=off"});
  EXPECT_EQ(options.mode, Mode::copy);
  EXPECT_EQ(options.servers[0].connection_string, "host=/x dbname=y");
  EXPECT_EQ(options.ef, (std::vector<int>{10, 40}));
  EXPECT_EQ(options.with_of.at("b"), "m=8");
  EXPECT_EQ(options.settings_of.at("a")[0].second, "off");

  const std::vector<std::string> right = {"--server", "a=", "--data", "d.hdf5"};
  EXPECT_EQ(parse(right).clients, std::vector<int>{1});
  const std::vector<std::string> insert = {"insert", "--server", "a=", "--data", "d.hdf5"};
  EXPECT_EQ(parse(insert).clients, (std::vector<int>{1, 4}));
  EXPECT_EQ(parse(insert).mode, Mode::insert);
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"--ef"},
                                             {"--ef", "x"},
                                             {"--ef", "0"},
                                             {"--rounds", "1.5"},
                                             {"--metric", "l3"},
                                             {"--type", "bit"},
                                             {"--with-of", "c=m=8"},
                                             {"--server", "a="},
                                             {"--queries", "q.fvecs"},
                                             {"--synthetic", "rows=1"},
                                             {"--unknown"}}) {
    std::vector<std::string> arguments = right;
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_THROW(parse(arguments), Error) << more[0];
  }
  for (const char* more : {"--skip-load", "--skip-build"}) {
    std::vector<std::string> arguments = insert;
    arguments.push_back(more);
    EXPECT_THROW(parse(arguments), Error) << more;
  }
  EXPECT_THROW(parse({"--data", "d.hdf5"}), Error);
  EXPECT_THROW(parse({"--row-counts", "10", "--server", "a=", "--data", "d.hdf5"}), Error);
  EXPECT_THROW(parse({"--server", "a="}), Error);
}

TEST(CommandLine, OfASeries) {
  const std::vector<std::string> right = {
      "build", "--server",     "a=",  "--synthetic", "dim=8",         "--row-counts",
      "20,10", "--dimensions", "4,8", "--types",     "vector,halfvec"};
  const Options options = parse(right);
  EXPECT_EQ(options.mode, Mode::build);
  EXPECT_EQ(options.row_counts, (std::vector<int>{10, 20}));
  EXPECT_EQ(options.dimensions, (std::vector<int>{4, 8}));
  EXPECT_EQ(options.types, (std::vector<std::string>{"vector", "halfvec"}));
  EXPECT_THROW(parse({"build", "--server", "a=", "--data", "d.hdf5", "--dimensions", "4"}), Error);
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--types", "bit"}, {"--skip-load"}, {"--skip-build"}}) {
    std::vector<std::string> arguments = right;
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_THROW(parse(arguments), Error) << more[0];
  }
}

TEST(CommandLine, IsShownWithoutPlacesOfThisMachine) {
  EXPECT_EQ(parse({"--server", "a=host=/x dbname=y", "--data", "/data/d.hdf5", "--out", "/tmp/o",
                   "--with", "m = 8", "--threads", "2", "--ef", "10"})
                .command,
            "sql_bench --server a=... --data d.hdf5 --with 'm = 8' --ef 10");
}

// --- Series of builds ---

std::vector<Built> two_by_two() {
  std::vector<Built> series;
  for (std::size_t rows : {1000, 20000}) {
    for (std::size_t dimensions : {4, 8}) {
      Loaded loaded;
      loaded.build_seconds = {1, 3, 2};
      loaded.index_bytes = rows * dimensions;
      loaded.table_bytes = 7;
      series.push_back({"vector", rows, dimensions, {loaded, loaded}});
    }
  }
  return series;
}

Options two_servers() {
  return parse({"build", "--server", "a=", "--server", "b=", "--synthetic", "dim=8"});
}

TEST(Series, Csv) {
  std::ostringstream csv;
  write_series_csv(csv, two_servers(), two_by_two());
  EXPECT_TRUE(csv.str().starts_with(
      "server,type,dimensions,rows,build_seconds,build_cpu_seconds,index_bytes,table_bytes\n"
      "a,vector,4,1000,2,,4000,7\nb,vector,4,1000,2,,4000,7\na,vector,8,1000,"))
      << csv.str();
}

TEST(Series, PlotsWhatVaries) {
  const std::vector<Built> all = two_by_two();
  auto plots = [&](const std::vector<Built>& series) {
    std::ostringstream script;
    write_series_plots(script, two_servers(), series);
    return script.str();
  };
  const std::string both = plots(all);
  EXPECT_NE(both.find("'1,000' 1000, '20,000' 20000"), std::string::npos) << both;
  EXPECT_NE(both.find("title 'b, vector(8)'"), std::string::npos) << both;
  EXPECT_NE(both.find("build-rows.svg"), std::string::npos);
  // Bars are of the largest number of rows: bytes a row of both servers.
  EXPECT_NE(both.find("$sizes << end\n4 4 4\n8 8 8\nend\n"), std::string::npos) << both;
  EXPECT_EQ(plots({all[0], all[2]}).find("size-dimensions"), std::string::npos);
  EXPECT_EQ(plots({all[0], all[1]}).find("build-rows"), std::string::npos);
  EXPECT_EQ(plots({all[0]}), "");
  EXPECT_EQ(subject_of(all), "vector, ");
  EXPECT_EQ(subject_of({all[0]}), "1,000 rows, 4 dimensions, vector, ");
}

}  // namespace
}  // namespace vec::bench
