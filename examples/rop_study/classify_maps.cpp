// Maps for classifiers: read, brought to one side, handed out in order; engines and choices by name.
#include <array>
#include <utility>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/parallel.hpp>

#include "classify_maps.hpp"
#include "study_folder.hpp"

namespace rop_study {

namespace {

using synthmed::argument_error;
using synthmed::sentence;
using synthmed::train::flip_averaging;

constexpr std::array<std::pair<const char*, flip_averaging>, 3> flip_names{
    {{"none", flip_averaging::none}, {"horizontal", flip_averaging::horizontal}, {"both", flip_averaging::both}}};

}  // namespace

void add_maps(map_list& list, const std::filesystem::path& folder, const std::string& split, map_grades which) {
  const auto m = synthmed::read_manifest(folder / "manifest.csv");
  for (const auto& record : m.records) {
    if ((!split.empty() && record.split != split) || (which == map_grades::graded && record.label < 0)) continue;
    list.files.push_back(map_of(m, record));
    list.labels.push_back(record.label);
    list.ids.push_back(record.image.string());
    list.subjects.push_back(record.subject);
  }
  list.source += sentence(list.source.empty() ? "" : " and ", folder.string());
}

std::shared_ptr<const map_cache> read_maps(const map_list& list, int side, int floor) {
  std::vector<synthmed::picture> pictures(list.size());
  synthmed::parallel_for(static_cast<std::int64_t>(list.size()), 8, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      auto map = synthmed::recoloured(synthmed::read_picture(list.files[i]), synthmed::picture_colour::grey);
      if (map.height() != side || map.width() != side) {
        const auto with = map.height() >= 2 * side ? synthmed::interpolation::area : synthmed::interpolation::bilinear;
        map = synthmed::fitted(map, {.height = side, .width = side, .how = synthmed::fit::squash, .with = with});
      }
      if (floor > 0) synthmed::clean_map(map, floor);
      pictures[i] = std::move(map);
    }
  });
  return std::make_shared<const map_cache>(synthmed::memory_dataset(std::move(pictures), list.labels));
}

synthmed::train::picture_sequence in_order(std::shared_ptr<const map_cache> maps, std::int64_t batch) {
  using loader = synthmed::loader<synthmed::memory_dataset, synthmed::sequential_sampler, synthmed::no_augmentation>;
  if (maps->size() == 0) return {};
  const auto size = maps->size();
  const auto source = std::make_shared<const loader>(
      std::move(maps), synthmed::sequential_sampler(size), synthmed::no_augmentation{}, synthmed::key(0),
      synthmed::loader_options{.batch = static_cast<int>(batch), .workers = 0});
  return {size, [source](std::uint64_t i) { return source->at(i); }};
}

flip_averaging flips_named(const std::string& name) {
  for (const auto& [known, value] : flip_names)
    if (name == known) return value;
  throw argument_error(sentence("--average-flips is one of none, horizontal, both, got \"", name, "\"."));
}

std::string to_string(flip_averaging flips) {
  for (const auto& [name, known] : flip_names)
    if (known == flips) return name;
  return "unknown";
}

std::string to_string(classifier_network network) {
  return network == classifier_network::small ? "small" : "resnet18";
}

classifier_network classifier_named(const std::string& name) {
  for (const auto network : {classifier_network::small, classifier_network::resnet18})
    if (name == to_string(network)) return network;
  throw argument_error(sentence("A classifier's network is small or resnet18, got \"", name, "\"."));
}

std::unique_ptr<classifier_engine> classifier_on(const std::string& backend, const std::string& device,
                                                 classifier_network network) {
#ifdef ROP_STUDY_TORCH
  if (backend == "torch") return torch_classifier(network, device);
#endif
#ifdef ROP_STUDY_XTENSOR
  if (backend == "xtensor") return xtensor_classifier(network);
#endif
  throw argument_error(sentence("This program has no backend \"", backend, "\" for device ", device, "."));
}

}  // namespace rop_study
