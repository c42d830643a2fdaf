// The code of docs/data.md and docs/concepts, as it stands there.
#include <support/catch.hpp>

#include <memory>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/files.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/testing/dataset_laws.hpp>

#include "scratch.hpp"

struct squares {
  std::size_t size() const { return 100; }
  synthmed::picture image(std::size_t i) const {
    check(i);
    return synthmed::picture(32, 32, 1, static_cast<std::uint8_t>(i));
  }
  int label(std::size_t i) const {
    check(i);
    return i < 50 ? 0 : 1;
  }
  void check(std::size_t i) const {
    if (i >= size()) throw synthmed::argument_error("There are 100 squares.");
  }
};
static_assert(synthmed::dataset<squares>);

struct backwards {
  std::size_t size() const { return 10; }
  void fill(std::uint64_t first, std::span<std::size_t> out) const {
    for (auto& index : out) index = 9 - static_cast<std::size_t>(first++ % 10);
  }
};
static_assert(synthmed::sampler<backwards>);

TEST_CASE("The smallest data set and sampler of the documentation keep the laws") {
  CHECK(synthmed::testing::broken_dataset_laws(squares{}).empty());
  CHECK(synthmed::testing::broken_sampler_laws(backwards{}).empty());
}

TEST_CASE("Loading what prepare wrote, as docs/data.md shows it") {
  using namespace synthmed;
  const synthmed_test::scratch folder;
  std::string rows = "image,label,subject,split,rvm\n";
  std::filesystem::create_directories(folder / "data/rvm");
  for (int i = 0; i < 6; ++i) {
    const std::string name = "rvm/" + std::to_string(i) + ".png";
    write_png(folder / ("data/" + name), synthmed_test::noise(static_cast<std::uint64_t>(i), 256, 256));
    rows += name + (i % 2 ? ",plus,s" : ",normal,s") + std::to_string(i) + (i < 4 ? ",train," : ",test,") + name + "\n";
  }
  folder.put("data/manifest.csv", rows);

  const manifest data = read_manifest(folder / "data/manifest.csv");
  auto files = picture_files(data, records_in(data, "train"), "rvm");
  auto cache = std::make_shared<const picture_cache<decltype(files)>>(files);
  balanced_sampler order(labels_of(*cache), key(1337).fold("order"));
  loader<decltype(files), balanced_sampler, flips_and_rotation> batches(cache, order, {}, key(1337),
                                                                        {.batch = 32, .height = 64, .width = 64});
  batch b = batches.next();
  CHECK(b.extents == shape{32, 1, 64, 64});
  CHECK(cache->size() == 4);
  CHECK_THROWS_AS(picture_files(data, records_in(data, "train"), "mask"), format_error);
}
