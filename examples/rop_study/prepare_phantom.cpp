// rop_study prepare --phantom: the phantom's populations as a data set to prepare.
#include <cmath>
#include <memory>

#include <synthmed/data/phantom.hpp>

#include "prepare.hpp"

namespace rop_study {

namespace {

using synthmed::sentence;

/// Nominal pixels per disc diameter of the 640 x 480 frame; --window is measured with it.
constexpr double nominal_scale = 51;

/// A record of the manifest with everything that is known about the image. Its files are named when they are planned.
synthmed::manifest_record record_of(const synthmed::phantom_population& population, std::size_t i, bool photographs) {
  const auto& image = population.image(i);
  const auto& eye = population.eyes()[image.eye];
  const auto& subject = population.subjects()[image.subject];
  synthmed::manifest_record record;
  record.image = population.name(i) + ".png";
  record.label = static_cast<int>(image.label);
  record.subject = subject.id;
  record.eye = to_string(eye.side);
  record.session = std::to_string(image.session);
  record.device = "phantom";
  record.kind = photographs ? "fundus" : "rvm";
  if (photographs) record.mask = record.fov = record.image;
  record.um_per_px = 1200 / eye.pixels_per_dd;
  for (const auto grade : image.graders) record.raters.push_back(static_cast<int>(grade));
  for (const auto grade : image.experts) record.raters.push_back(static_cast<int>(grade));
  const auto number = [&](const char* name, double value) { record.more[name] = synthmed::csv_number(value); };
  number("severity", image.severity);
  number("latent", image.latent);
  number("weight", image.weight);
  number("disc_x", image.disc_x);
  number("disc_y", image.disc_y);
  number("glare", image.glare);
  number("haze", image.haze);
  number("blur", image.blur);
  record.more["pigment"] = to_string(subject.pigment);
  return record;
}

/// The square that a vessel map shows, cut from photograph, soft map and field of view and brought to `size` pixels.
raw_pictures pole_pictures(const synthmed::phantom_population& population, std::size_t image,
                           const synthmed::vessel_tree& vessels, const synthmed::phantom_crop& pole, int size) {
  const auto frame = synthmed::frame_view(population, image);
  const int side = static_cast<int>(std::lround(2 * pole.radius * frame.scale)), margin = 8;
  synthmed::phantom_window window;
  window.left = static_cast<int>(std::lround(frame.disc_x - side / 2.0)) - margin;
  window.top = static_cast<int>(std::lround(frame.disc_y - side / 2.0)) - margin;
  window.width = window.height = side + 2 * margin;
  auto drawn = synthmed::render(population, image, vessels, {.window = window});
  const auto framed = [&](const synthmed::picture& p) {
    auto square = synthmed::fitted(p, {.height = size,
                                       .width = size,
                                       .how = synthmed::fit::crop,
                                       .with = synthmed::interpolation::area,
                                       .window = static_cast<double>(side)});
    return pole.mirror_left && frame.mirror > 0 ? synthmed::mirrored(square) : square;
  };
  return {framed(drawn.photograph), framed(drawn.vessels), framed(drawn.field), {}};
}

/// The preset's populations with what the user set otherwise.
synthmed::phantom_populations preset_of(const prepare_settings& s) {
  auto preset = synthmed::populations_of(synthmed::phantom_preset_of(s.phantom), s.common.seed);
  for (const auto& [name, count] :
       {std::pair{"--phantom-images", s.phantom_images}, {"--phantom-test", s.phantom_test}})
    if (count && (*count < 0 || *count > 1'000'000 || (*count == 0 && name == std::string_view("--phantom-images"))))
      throw synthmed::argument_error(sentence(name, " is a number of images up to 1000000, got ", *count, "."));
  if (s.phantom_images) preset.main.images = *s.phantom_images;
  if (s.phantom_enrichment) preset.main.enrichment = preset.further_test.enrichment = *s.phantom_enrichment;
  if (s.phantom_test) {
    preset.has_further_test = *s.phantom_test > 0;
    preset.further_test = preset.main;
    preset.further_test.stream = "T";
    preset.further_test.images = *s.phantom_test;
  }
  if (s.phantom_stream.empty()) return preset;
  if (s.phantom_stream.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos || s.phantom_stream == "T")
    throw synthmed::argument_error(
        sentence("--phantom-stream is one or more capital letters other than T, which the test subjects bear; got \"",
                 s.phantom_stream, "\"."));
  preset.main.stream = s.phantom_stream;
  return preset;
}

}  // namespace

prepare_source open_phantom(prepare_settings& s) {
  const bool study = s.phantom == "study", demo = s.phantom == "demo";
  if (!s.pattern.empty() || !s.layout.empty() || !s.raters.empty() || !s.columns.empty() || !s.exclude.empty() ||
      !s.splits.empty() || s.split_by_image || s.disc_centre)
    throw synthmed::argument_error("Flags about reading pictures belong to --images; the phantom needs none of them.");
  // The study's frame for the study; elsewhere the posterior pole, small, soft and mirrored to one side
  // (docs/phantom.md).
  if (s.fit.empty()) s.fit = study ? "squash" : "crop";
  const bool crop = s.fit == "crop";
  if (!s.size) s.size = study ? 256 : demo ? 64 : 32;
  if (!s.floor) s.floor = study ? 51 : 0;
  if (!s.window && crop) s.window = 2 * nominal_scale * (demo ? 3 : 2);
  if (!s.mirror_left) s.mirror_left = !study;
  if (!s.photographs) s.photographs = s.phantom != "quick";
  if (study && s.expert.empty()) s.expert = {54, 31, 15};
  if (s.photograph_size) {
    if (!crop)
      throw synthmed::argument_error(
          "--photograph-size cuts photographs as the vessel maps are cut; it needs --fit crop.");
    if (*s.photograph_size < 16 || *s.photograph_size > 4096)
      throw synthmed::argument_error(sentence("--photograph-size lies in 16 ... 4096, got ", *s.photograph_size, "."));
    s.photographs = true;
    s.frame = "keep";
  }

  const auto preset = preset_of(s);
  auto populations = std::make_shared<std::vector<synthmed::phantom_population>>();
  populations->emplace_back(preset.main);
  if (preset.has_further_test) populations->emplace_back(preset.further_test);

  prepare_source source;
  source.data.classes = {"normal", "pre-plus", "plus"};
  source.data.raters = {"1", "2", "3"};
  for (int e = 1; e <= 8; ++e) source.data.raters.push_back("expert" + std::to_string(e));
  for (std::size_t i = 0; i < populations->front().images().size(); ++i)
    source.data.records.push_back(record_of(populations->front(), i, *s.photographs));
  const synthmed::key seed(s.common.seed);
  if (!preset.has_further_test) {
    synthmed::split_by_subject(source.data, seed, {.expert = s.expert});
  } else {
    synthmed::split_by_subject(source.data, seed);
    // The new subjects give the expert set too, so that training loses none.
    synthmed::manifest further = source.data;
    further.records.clear();
    for (std::size_t i = 0; i < populations->back().images().size(); ++i)
      further.records.push_back(record_of(populations->back(), i, *s.photographs));
    synthmed::split_by_subject(further, seed, {.expert = s.expert});
    for (auto& record : further.records) {
      if (record.split != "expert") record.split = "test";
      source.data.records.push_back(std::move(record));
    }
    source.data.excluded = std::move(further.excluded);
  }

  // Records were dropped where an expert set took their subjects, so each one is found again by its name.
  std::map<std::string, std::pair<std::size_t, std::size_t>> place;
  for (std::size_t p = 0; p < populations->size(); ++p)
    for (std::size_t i = 0; i < (*populations)[p].images().size(); ++i) place[(*populations)[p].name(i)] = {p, i};
  std::vector<std::pair<std::size_t, std::size_t>> of_record;
  for (const auto& record : source.data.records) {
    source.names.push_back(record.image.stem().string());
    of_record.push_back(place.at(source.names.back()));
  }
  const synthmed::phantom_crop pole{
      .radius = crop ? *s.window / (2 * nominal_scale) : 0, .size = *s.size, .mirror_left = *s.mirror_left};
  if (s.photograph_size)
    for (auto& record : source.data.records) {
      record.more["disc_x"] = record.more["disc_y"] = synthmed::csv_number(*s.photograph_size / 2.0);
      record.um_per_px = 1200 * 2 * pole.radius / *s.photograph_size;
    }
  source.read = [populations, of_record, pole, crop, photographs = *s.photographs,
                 cut = s.photograph_size](std::size_t i) {
    const auto& population = (*populations)[of_record[i].first];
    const std::size_t image = of_record[i].second;
    const auto vessels = synthmed::bend_vessels(population, image).tree;
    if (cut) {
      auto raw = pole_pictures(population, image, vessels, pole, *cut);
      raw.rvm = synthmed::vessel_map(population, image, vessels, pole);
      return raw;
    }
    auto drawn = synthmed::render(population, image, vessels, {.photograph = photographs, .masks = photographs});
    raw_pictures raw;
    raw.photograph = std::move(drawn.photograph);
    raw.map = std::move(drawn.vessels);
    raw.fov = std::move(drawn.field);
    if (crop) raw.rvm = synthmed::vessel_map(population, image, vessels, pole);
    return raw;
  };
  return source;
}

}  // namespace rop_study
