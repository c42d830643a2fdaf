// The hash of a data set: of what it holds, not of where it is.
#include <support/catch.hpp>

#include <synthmed/data/content_hash.hpp>

#include "tiny_trainer.hpp"

using namespace synthmed;
using namespace synthmed_test;

TEST_CASE("a data set's hash changes with every pixel, label, size and place, and with nothing else") {
  std::vector<picture> pictures;
  for (int i = 0; i < 5; ++i) pictures.emplace_back(4, 6, 1, static_cast<std::uint8_t>(i));
  const std::vector<int> labels{0, 1, 1, no_label, 2};
  const std::string expected = content_hash(memory_dataset(pictures, labels));
  CHECK(expected.size() == 64);
  set_threads(3);
  CHECK(content_hash(memory_dataset(pictures, labels)) == expected);
  CHECK(content_hash(lazy_dataset(labels, [&](std::size_t i) { return pictures[i]; })) == expected);

  auto other = pictures;
  other[3].at(2, 5) ^= 1;
  CHECK(content_hash(memory_dataset(other, labels)) != expected);
  other = pictures;
  std::swap(other[1], other[2]);
  CHECK(content_hash(memory_dataset(other, labels)) != expected);
  auto relabelled = labels;
  relabelled[0] = 2;
  CHECK(content_hash(memory_dataset(pictures, relabelled)) != expected);
  other = pictures;
  other[0] = picture(6, 4, 1, 0);
  CHECK(content_hash(memory_dataset(other, labels)) != expected);
}

TEST_CASE("a hash of files is of their bytes in their order") {
  const run_folder at("hash");
  write_file(at / "a", "one");
  write_file(at / "b", "two");
  write_file(at / "c", "one");
  using paths = std::vector<std::filesystem::path>;
  const auto hash = [](const paths& p) { return content_hash(std::span<const std::filesystem::path>(p)); };
  CHECK(hash({at / "a", at / "b"}) == hash({at / "c", at / "b"}));
  CHECK(hash({at / "a", at / "b"}) != hash({at / "b", at / "a"}));
  CHECK(hash({at / "a"}) != hash({at / "a", at / "c"}));
  CHECK(contains(message_of<io_error>([&] { (void)hash({at / "nowhere"}); }), "There is no file"));
}
