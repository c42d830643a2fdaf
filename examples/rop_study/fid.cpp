// rop_study fid: how far a synthetic set is from a real one, with intervals and the floor of real against real.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/statistics_file.hpp>
#include <synthmed/metrics/vendi.hpp>
#include <synthmed/report/plot.hpp>
#include <synthmed/version.hpp>

#include "command.hpp"
#include "feature_input.hpp"

namespace rop_study {

namespace {

using json = nlohmann::ordered_json;
using synthmed::argument_error;
using synthmed::csv_number;
using synthmed::fidelity_values;
using synthmed::sentence;

struct fid_settings {
  common_options common;
  std::string reference, candidate;
  feature_settings features;
  synthmed::fidelity_options fidelity;
  bool statistics = false, by_class = false;
};

json estimate_json(const synthmed::fidelity_estimate& e) {
  return {{"value", number(e.value)},
          {"low", number(e.low)},
          {"high", number(e.high)},
          {"standard_error", number(e.standard_error)}};
}

json frechet_json(const synthmed::frechet_result& r, const synthmed::feature_source& source) {
  json out{{"value", number(r.value)}, {"n1", r.n1}, {"n2", r.n2}, {"d", r.dimensions}, {"features", source.name()}};
  if (!source.profile().empty()) out["profile"] = source.profile();
  out["metric"] = source.label("frechet");
  out["mean_term"] = number(r.mean_term);
  out["trace1"] = number(r.trace1);
  out["trace2"] = number(r.trace2);
  out["cross_term"] = number(r.cross_term);
  out["rank1"] = r.rank1;
  out["rank2"] = r.rank2;
  out["method"] = r.method;
  return out;
}

json heading(const fid_settings& s, const feature_input& a, const feature_input& b) {
  json out;
  out["program"] = sentence("rop_study fid ", SYNTHMED_VERSION);
  out["seed"] = s.common.seed;
  out["reference"] = describe(a);
  out["candidate"] = describe(b);
  return out;
}

/// Statistics files hold no rows, so there is one number and nothing to resample.
void run_statistics(const fid_settings& s, const feature_input& a, const feature_input& b) {
  const auto moments = [](const feature_input& x) { return x.moments ? *x.moments : synthmed::moments_of(x.features); };
  const auto source = source_of({&a, &b}, s.features);
  const auto result = synthmed::frechet_distance(moments(a), moments(b));
  if (source.is_inception() && result.dimensions != 2048)
    throw argument_error(sentence("FID is defined on 2048 features, got ", result.dimensions, "."));
  json out = heading(s, a, b);
  out["frechet"] = frechet_json(result, source);
  out["kid"] = out["prdc"] = out["floor"] = nullptr;
  out["notes"] = {"A statistics file holds no rows: no KID, no precision and recall, no interval and no floor."};
  synthmed::make_folder(s.common.out);
  synthmed::write_file(s.common.out / "fidelity.json", out.dump(2) + "\n");
  std::printf("%-28s %12s\n%s\n", source.frechet_title().c_str(), shown(result.value, 6).c_str(),
              out["notes"][0].get<std::string>().c_str());
}

json fidelity_json(const synthmed::fidelity_report& r, json out) {
  const auto& source = r.features;
  json frechet = frechet_json(r.frechet_parts, source);
  frechet.update(estimate_json(r.frechet));
  if (r.infinity)
    frechet["infinity"] = {{"value", number(r.infinity->value)},
                           {"slope", number(r.infinity->slope)},
                           {"sizes", r.infinity->sizes},
                           {"distances", r.infinity->distances},
                           {"below_dimensions", r.infinity->below_dimensions}};
  out["frechet"] = std::move(frechet);
  out["kid"] = estimate_json(r.kid);
  out["kid"]["metric"] = source.label("kid");
  out["kid"]["estimator"] = "unbiased, cubic kernel, all rows";
  if (r.kid_over_subsets)
    out["kid"]["subsets"] = {{"mean", number(r.kid_over_subsets->mean)},
                             {"sd", number(r.kid_over_subsets->sd)},
                             {"count", r.kid_over_subsets->values.size()},
                             {"sampler", "numpy RandomState(2020)"}};
  out["prdc"] = {{"metric", source.label("prdc")}, {"neighbours", r.prdc_settings.neighbours}, {"border", "strict"}};
  for (std::size_t i = 2; i < fidelity_values::count; ++i) out["prdc"][fidelity_values::name(i)] = estimate_json(r[i]);
  out["floor"] = nullptr;
  if (r.floor) {
    json floor{{"n", r.floor->n}, {"repeats", r.floor->repeats}};
    for (std::size_t i = 0; i < fidelity_values::count; ++i)
      floor[fidelity_values::name(i)] = {{"real_mean", number(r.floor->real_mean[i])},
                                         {"real_sd", number(r.floor->real_sd[i])},
                                         {"candidate_mean", number(r.floor->candidate_mean[i])},
                                         {"candidate_sd", number(r.floor->candidate_sd[i])}};
    out["floor"] = std::move(floor);
  }
  out["interval"] = {{"level", r.level},
                     {"replicates", r.replicates},
                     {"method", "value -/+ z times the bootstrap standard error, resampled by subject"},
                     {"units_reference", r.subjects1},
                     {"units_candidate", r.subjects2}};
  out["notes"] = r.notes;
  return out;
}

/// The rows of one class.
feature_input rows_of_class(const feature_input& all, const std::string& label) {
  feature_input out;
  out.path = all.path;
  out.columns = all.columns;
  out.sha256 = all.sha256;
  out.features.dimensions = all.features.dimensions;
  for (std::size_t r = 0; r < all.features.rows(); ++r) {
    if (all.labels[r] != label) continue;
    const auto row = all.features.view().row(r);
    out.features.values.insert(out.features.values.end(), row.begin(), row.end());
    out.ids.push_back(all.ids[r]);
    if (!all.subjects.empty()) out.subjects.push_back(all.subjects[r]);
  }
  return out;
}

synthmed::csv_table fidelity_csv(const synthmed::fidelity_report& r) {
  synthmed::csv_table table({"metric", "value", "low", "high", "standard_error", "n1", "n2", "d", "floor_n",
                             "floor_real_mean", "floor_real_sd", "floor_candidate_mean", "floor_candidate_sd"});
  const auto cell = [](double value) { return std::isfinite(value) ? csv_number(value) : std::string(); };
  for (std::size_t i = 0; i < fidelity_values::count; ++i) {
    std::vector<std::string> row{r.features.label(fidelity_values::name(i)),
                                 cell(r[i].value),
                                 cell(r[i].low),
                                 cell(r[i].high),
                                 cell(r[i].standard_error),
                                 std::to_string(r.n1),
                                 std::to_string(r.n2),
                                 std::to_string(r.dimensions)};
    if (r.floor)
      for (const auto& value : {std::to_string(r.floor->n), cell(r.floor->real_mean[i]), cell(r.floor->real_sd[i]),
                                cell(r.floor->candidate_mean[i]), cell(r.floor->candidate_sd[i])})
        row.push_back(value);
    row.resize(table.columns());
    table.add_row(std::move(row));
  }
  return table;
}

void print(const synthmed::fidelity_report& r) {
  std::printf("%zu reference rows of %zu subjects, %zu candidate rows of %zu, %zu features\n\n", r.n1, r.subjects1,
              r.n2, r.subjects2, r.dimensions);
  std::printf("%-32s %10s %23s", "", "value", "interval");
  if (r.floor) std::printf("   at n = %zu: %9s +/- %-8s %9s", r.floor->n, "real", "sd", "candidate");
  std::printf("\n");
  for (std::size_t i = 0; i < fidelity_values::count; ++i) {
    const std::string title = i == 0 ? r.features.frechet_title() : fidelity_values::name(i);
    std::printf(
        "%-32s %10s %11s,%11s",
        i == 0 && r.features.is_inception() ? title.c_str() : r.features.label(fidelity_values::name(i)).c_str(),
        shown(r[i].value).c_str(), shown(r[i].low).c_str(), shown(r[i].high).c_str());
    if (r.floor)
      std::printf("   %*s%9s +/- %-8s %9s", static_cast<int>(8 + std::to_string(r.floor->n).size()), "",
                  shown(r.floor->real_mean[i]).c_str(), shown(r.floor->real_sd[i], 2).c_str(),
                  shown(r.floor->candidate_mean[i]).c_str());
    std::printf("\n");
  }
  if (r.infinity) std::printf("%-32s %10s\n", "Frechet at infinite n (line)", shown(r.infinity->value).c_str());
  if (r.kid_over_subsets)
    std::printf("%-32s %10s +/- %s (sd over %zu subsets)\n", "kid over subsets",
                shown(r.kid_over_subsets->mean).c_str(), shown(r.kid_over_subsets->sd, 2).c_str(),
                r.kid_over_subsets->values.size());
  for (const auto& note : r.notes) std::printf("note: %s\n", note.c_str());
}

void run(fid_settings& s) {
  apply(s.common);
  open_inception(s.features);
  s.features.measure = !s.common.dry_run;
  const auto a = read_features(s.reference, s.features, true);
  auto b = read_features(s.candidate, s.features, true);
  const auto source = source_of({&a, &b}, s.features);
  if (s.common.dry_run) {
    const double rows = static_cast<double>(a.features.rows() + b.features.rows());
    std::printf(
        "Would compare %s with %s on %s features, with up to %.0f MB of memory, and write less than 1 MB to %s.\n",
        s.reference.c_str(), s.candidate.c_str(), source.name().c_str(), 12e-6 * rows * rows + 20,
        s.common.out.c_str());
    return;
  }
  if (s.by_class && (a.labels.empty() || b.labels.empty()))
    throw argument_error(sentence("--by-class needs a class for every row; ", (a.labels.empty() ? a : b).path.string(),
                                  " names none (a column \"label\", a manifest, or a folder per class)."));
  if (a.moments || b.moments) return run_statistics(s, a, b);
  match_columns(a, b);
  auto options = s.fidelity;
  options.seed = synthmed::key(s.common.seed).fold("fidelity");
  std::optional<progress> line;
  options.on_progress = [&line](std::size_t done, std::size_t total) {
    if (!line) line.emplace("comparing resamples", "comparisons", total);
    line->done(done);
  };
  const auto report = synthmed::fidelity(a.set(), b.set(), source, options);
  std::vector<std::pair<std::string, std::string>> of_classes;
  if (s.by_class)
    for (const auto& label : std::set<std::string>(a.labels.begin(), a.labels.end())) {
      const auto x = rows_of_class(a, label), y = rows_of_class(b, label);
      json one = heading(s, x, y);
      one["class"] = label;
      try {
        one = fidelity_json(synthmed::fidelity(x.set(), y.set(), source, options), std::move(one));
      } catch (const argument_error& problem) {  // too few rows of this class
        one["frechet"] = one["kid"] = one["prdc"] = one["floor"] = nullptr;
        one["notes"] = {problem.what()};
      }
      of_classes.emplace_back(label, one.dump(2) + "\n");
    }
  line.reset();

  // Everything is computed and drawn before anything is written.
  const std::string text = fidelity_json(report, heading(s, a, b)).dump(2) + "\n",
                    table = synthmed::to_csv(fidelity_csv(report));
  const auto nearest = [](const synthmed::neighbour_table& t) { return t.distance; };
  const std::vector<synthmed::plot::sample> samples{
      {"reference to reference", nearest(nearest_neighbours(a.features, a.features, 1, synthmed::self_pairs::exclude))},
      {"candidate to reference", nearest(nearest_neighbours(b.features, a.features, 1))}};
  const std::string histogram = synthmed::plot::histogram(
      samples,
      {.title = "Nearest-neighbour distances", .width = 640, .x_label = sentence("distance (", source.name(), ")")});
  synthmed::make_folder(s.common.out);
  for (const auto& [label, one] : of_classes) {
    synthmed::make_folder(s.common.out / label);
    synthmed::write_file(s.common.out / label / "fidelity.json", one);
  }
  synthmed::write_file(s.common.out / "fidelity.json", text);
  synthmed::write_file(s.common.out / "fidelity.csv", table);
  synthmed::write_file(s.common.out / "distances.svg", histogram);
  if (s.statistics) {
    synthmed::write_statistics(s.common.out / "reference.npz", synthmed::moments_of(a.features));
    synthmed::write_statistics(s.common.out / "candidate.npz", synthmed::moments_of(b.features));
  }
  print(report);
}

}  // namespace

void add_fid(CLI::App& app) {
  auto settings = std::make_shared<fid_settings>();
  auto& s = *settings;
  CLI::App& command =
      *app.add_subcommand("fid", "Distance of a synthetic set from a real one: Frechet, KID, precision/recall, floor");
  add_common(command, s.common);
  command.add_option("reference", s.reference, "Real set: CSV of features, folder of pictures or .npz statistics")
      ->required();
  command.add_option("candidate", s.candidate, "Synthetic set, of the same kind")->required();
  command.add_option("--features", s.features.name,
                     "Name of the features in CSV files (inception-fid: the FID network's)");
  command.add_option("--profile", s.features.profile,
                     "With inception-fid or --inception: pytorch-fid, clean-fid or torch-fidelity");
  add_feature_options(command, s.features);
  command.add_option("--neighbours", s.fidelity.neighbours, "k of precision, recall, density, coverage")
      ->capture_default_str();
  command.add_option("--replicates", s.fidelity.replicates, "Bootstrap resamples (0: no intervals)")
      ->capture_default_str();
  command.add_option("--floor-repeats", s.fidelity.floor_repeats, "Halvings of the real set (0: no floor)")
      ->capture_default_str();
  command.add_option("--kid-subset-size", s.fidelity.kid_subsets.subset_size,
                     "Also KID over subsets of this size, as torch-fidelity (0: none)");
  command.add_option("--kid-subsets", s.fidelity.kid_subsets.subsets, "Their number")->capture_default_str();
  command.add_flag("--by-class", s.by_class, "Also each class alone: OUT/CLASS/fidelity.json");
  command.add_flag("--statistics", s.statistics, "Write mu and sigma of both sets as .npz, as pytorch-fid does");
  command.callback([settings] { run(*settings); });
}

}  // namespace rop_study
