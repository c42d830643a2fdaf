// rop_study fid and umap --inception, run as a user runs them: names by the weights, the cache, refusals.
#include "feature_program.hpp"

#include <opencv2/imgcodecs.hpp>

#include <synthmed/backends/reference.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/models/inception_v3.hpp>
#include <synthmed/models/weights.hpp>
#include <synthmed/nn/layers.hpp>

using namespace synthmed;
using namespace synthmed_test;
namespace fs = std::filesystem;

namespace {

using B = reference_backend<float>;
using net = models::inception_v3<>;

/// Untrained weights, as tools/convert_weights.py would write those of a file with this hash.
safetensors_writer weights_from(const std::string& source_sha256) {
  static const auto parameters = net{}.init<B>(key(1));
  static const auto buffers = net{}.initial_buffers<B>();
  safetensors_writer file;
  models::add_weights<B>(file, parameters, buffers);
  file.set_metadata("source_sha256", source_sha256);
  return file;
}

void draw(const workplace& at, const std::string& folder, int count) {
  random_stream stream(key(4));
  fs::create_directories(at / folder);
  for (int i = 0; i < count; ++i) {
    cv::Mat picture(24, 20, CV_8UC1);
    for (int p = 0; p < 480; ++p) picture.data[p] = static_cast<unsigned char>(stream() & 255u);
    cv::imwrite(at / (folder + "/" + std::to_string(i) + ".png"), picture);
  }
}

std::size_t entries(const fs::path& cache) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(cache)) count += entry.path().extension() == ".npy";
  return count;
}

}  // namespace

TEST_CASE("folders by Inception's features: named by the weights, each picture computed once") {
  const workplace at("inception");
  draw(at, "a", 4);
  draw(at, "b", 3);  // the first three of a
  weights_from(std::string(64, '0')).write(at / "other.safetensors");
  const std::string sets = "fid '" + (at / "a") + "' '" + (at / "b") +
                           "' --neighbours 1 --replicates 0 --floor-repeats 0 ",
                    cache = " --feature-cache '" + (at / "cache") + "'";
  const auto run = rop_study(
      at, sets + "--inception '" + (at / "other.safetensors") + "'" + cache + " --out '" + (at / "one") + "'");
  REQUIRE(run.status == 0);
  const std::string name = "inception-" + sha256_file(at / "other.safetensors").substr(0, 8);
  auto json = json_of(at / "one/fidelity.json");
  CHECK(json["frechet"]["metric"] == "frechet[" + name + "]");
  CHECK(json["frechet"]["d"] == 2048);
  CHECK(json["frechet"]["value"].get<double>() > 0);
  CHECK_FALSE(contains(run.out, "FID ("));
  CHECK(entries(at / "cache") == 4);

  // Again from the cache, then with the FID network's weights, whose features are others' to the cache.
  REQUIRE(
      rop_study(at, sets + "--inception '" + (at / "other.safetensors") + "'" + cache + " --out '" + (at / "two") + "'")
          .status == 0);
  CHECK(read_file(at / "two/fidelity.json") == read_file(at / "one/fidelity.json"));
  weights_from("6726825d" + std::string(56, '0')).write(at / "fid.safetensors");
  const auto fid = rop_study(
      at, sets + "--inception '" + (at / "fid.safetensors") + "'" + cache + " --out '" + (at / "three") + "'");
  REQUIRE(fid.status == 0);
  CHECK(contains(fid.out, "FID (pytorch-fid)"));
  json = json_of(at / "three/fidelity.json");
  CHECK(json["frechet"]["metric"] == "frechet[inception-fid]");
  CHECK(json["frechet"]["profile"] == "pytorch-fid");
  CHECK(json["frechet"]["value"] == json_of(at / "one/fidelity.json")["frechet"]["value"]);
  CHECK(entries(at / "cache") == 8);

  const auto map = rop_study(at, "umap '" + (at / "a") + "' --neighbours 3 --inception '" + (at / "fid.safetensors") +
                                     "'" + cache + " --out '" + (at / "map") + "'");
  CHECK(map.status == 0);
  CHECK(json_of(at / "map/umap.json")["features"]["dimensions"] == 2048);
  CHECK(entries(at / "cache") == 8);
}

TEST_CASE("--inception refuses what it cannot use in one sentence") {
  const workplace at("inception_bad");
  draw(at, "a", 2);
  const std::string sets = "fid '" + (at / "a") + "' '" + (at / "a") + "' ";
  check_refused(at, sets + "--inception '" + (at / "none.safetensors") + "'", "There is no file");
  write_file(at / "broken.safetensors", "no weights");
  check_refused(at, sets + "--inception '" + (at / "broken.safetensors") + "'", "is no intact safetensors file");
  safetensors_writer small;
  small.add<float>("conv1.weight", {1, 1, 1, 1}, std::vector<float>{1});
  small.write(at / "small.safetensors");
  check_refused(at, sets + "--inception '" + (at / "small.safetensors") + "'",
                "\"conv1.weight\" [1, 1, 1, 1] has no place in the network");
  check_refused(at, sets + "--feature-cache '" + (at / "cache") + "'", "--feature-cache belongs to --inception");
}
