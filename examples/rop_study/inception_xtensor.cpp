// Inception's features on the xtensor backend.
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/imaging/fid_resize.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/models/inception_v3.hpp>
#include <synthmed/models/weights.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/version.hpp>

#include "inception.hpp"

namespace rop_study {

namespace {

using B = synthmed::xtensor_backend<float>;
using net = synthmed::models::inception_v3<>;

class network final : public inception_network {
 public:
  explicit network(const std::filesystem::path& path)
      : parameters_(net{}.init<B>(synthmed::key(0))), buffers_(net{}.initial_buffers<B>()) {
    std::string bytes = synthmed::read_file(path, std::uint64_t{1} << 32);
    sha256_ = synthmed::sha256(bytes);
    identity_ = synthmed::sentence("inception-v3 ", sha256_, ", synthmed ", SYNTHMED_VERSION, ", ", B::name());
    const auto file = synthmed::safetensors::parse(std::move(bytes), path.string());
    const auto source = file.metadata().find("source_sha256");
    is_fid_ = source != file.metadata().end() && source->second.size() == 64 && source->second.starts_with("6726825d");
    // The classes are of no use here, and other people's networks have others.
    synthmed::models::load_weights<B>(file, parameters_, buffers_, {.kept = {"fc.", "AuxLogits."}});
  }

  std::vector<float> features(std::span<const float> pictures) const override {
    constexpr std::size_t one = std::size_t{3} * synthmed::fid_side * synthmed::fid_side;
    std::vector<float> input(pictures.begin(), pictures.end());
    input.resize(batch * one);
    auto out = synthmed::ops::to_host<B>(net{}.features<B>(
        parameters_, buffers_, B::from_host({batch, 3, synthmed::fid_side, synthmed::fid_side}, input)));
    out.resize(pictures.size() / one * dimensions);
    return out;
  }

 private:
  net::parameters<B> parameters_;
  net::buffers<B> buffers_;
};

}  // namespace

std::shared_ptr<const inception_network> open_inception_xtensor(const std::filesystem::path& weights) {
  return std::make_shared<network>(weights);
}

}  // namespace rop_study
