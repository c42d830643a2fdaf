// rop_study umap: a map of feature vectors, the places of new ones on it, and how far it can be trusted.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/io/csv.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/metrics/embedding_quality.hpp>
#include <synthmed/metrics/umap.hpp>
#include <synthmed/report/plot.hpp>
#include <synthmed/version.hpp>

#include "command.hpp"
#include "feature_input.hpp"

namespace rop_study {

namespace {

using nlohmann::ordered_json;
using synthmed::sentence;

struct umap_command : common_options {
  std::filesystem::path features, fresh;
  std::string profile = "umap_learn", search = "automatic", start = "spectral";
  std::string label = "label", group = "group";
  std::vector<std::string> ignored;
  synthmed::umap_options umap{.min_dist = 0.99};
  feature_settings pictures;  ///< of folders
};

/// Columns that are never features.
bool is_name(const std::string& column) { return column == "id" || column == "image_path" || column == "subject"; }

struct feature_table {
  std::vector<std::string> ids, labels, groups;  ///< labels and groups may be empty
  std::vector<std::string> columns;              ///< of the features
  synthmed::feature_matrix features;
  [[nodiscard]] std::size_t rows() const { return ids.size(); }
};

/// The pictures of a folder; `columns` are those of the first table when this is the second.
feature_table read_folder(const std::filesystem::path& path, const umap_command& options,
                          const std::vector<std::string>* columns) {
  auto read = read_features(path, options.pictures);
  if (columns != nullptr && *columns != read.columns)
    throw synthmed::argument_error(
        sentence(path.string(), " is a folder of pictures: the points that it is added to must be one too."));
  return {std::move(read.ids), std::move(read.labels), {}, std::move(read.columns), std::move(read.features)};
}

/// Reads a table of features or a folder of pictures. With `columns`, those are taken, by name; else all that are no
/// names, label or group.
feature_table read_points(const std::filesystem::path& path, const umap_command& options,
                          const std::vector<std::string>* columns = nullptr) {
  if (std::filesystem::is_directory(path)) return read_folder(path, options, columns);
  if (options.pictures.network)
    throw synthmed::argument_error(
        sentence("--inception makes features of pictures: ", path.string(), " is no folder."));
  const auto table = synthmed::read_csv(path);
  feature_table out;
  const auto label = table.find(options.label), group = table.find(options.group);
  auto id = table.find("id");
  if (!id) id = table.find("image_path");
  if (columns != nullptr) {
    out.columns = *columns;
  } else {
    for (const auto& name : table.header())
      if (!is_name(name) && name != options.label && name != options.group &&
          std::find(options.ignored.begin(), options.ignored.end(), name) == options.ignored.end())
        out.columns.push_back(name);
  }
  if (out.columns.empty())
    throw synthmed::format_error(sentence(path.string(),
                                          " has no feature columns; expected numbers beside the columns id, ",
                                          options.label, " and ", options.group, "."));
  if (table.rows() == 0)
    throw synthmed::format_error(sentence(path.string(), " has a header and no rows; expected points."));
  std::vector<std::size_t> places;
  for (const auto& name : out.columns) places.push_back(table.column(name));
  out.features.dimensions = places.size();
  out.features.values.reserve(places.size() * table.rows());
  std::set<std::string> seen;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    out.ids.push_back(id ? table.at(r, *id) : std::to_string(r + 1));
    if (!seen.insert(out.ids.back()).second)
      throw synthmed::format_error(sentence(path.string(), ", line ", table.line(r), ": the id \"", out.ids.back(),
                                            "\" stands there a second time; ids must differ."));
    if (label) out.labels.push_back(table.at(r, *label));
    if (group) out.groups.push_back(table.at(r, *group));
    for (const auto c : places) out.features.values.push_back(table.number(r, c));
  }
  return out;
}

std::string embedding_csv(const feature_table& table, const synthmed::feature_matrix& map) {
  synthmed::csv_table out({"id", "x", "y"});
  for (std::size_t i = 0; i < table.rows(); ++i)
    out.add_row({table.ids[i], synthmed::csv_number(map.values[2 * i]), synthmed::csv_number(map.values[2 * i + 1])});
  return to_csv(out);
}

/// Labels as numbers; the same word has the same number in both tables.
struct label_numbers {
  std::vector<std::string> names;
  std::vector<int> fitted, fresh;
};

label_numbers number_labels(const feature_table& fitted, const feature_table& fresh) {
  label_numbers out;
  std::set<std::string> words(fitted.labels.begin(), fitted.labels.end());
  words.insert(fresh.labels.begin(), fresh.labels.end());
  out.names.assign(words.begin(), words.end());
  const auto number = [&](const std::string& word) {
    return static_cast<int>(std::lower_bound(out.names.begin(), out.names.end(), word) - out.names.begin());
  };
  for (const auto& word : fitted.labels) out.fitted.push_back(number(word));
  for (const auto& word : fresh.labels) out.fresh.push_back(number(word));
  return out;
}

/// Figures of quality; not those for which there are too few points, too many (n^2 work above 20 000) or no labels.
struct quality {
  std::optional<double> trust_5, trust_15, accuracy_5, accuracy_5_own_vote;
};

std::optional<double> trust(const synthmed::feature_matrix& points, const synthmed::feature_matrix& map,
                            std::size_t k) {
  if (2 * k >= points.rows() || points.rows() > 20000) return std::nullopt;
  return synthmed::trustworthiness(points, map, k);
}

ordered_json number(const std::optional<double>& value) { return value ? ordered_json(*value) : ordered_json(nullptr); }

ordered_json quality_json(const quality& q) {
  return {{"trustworthiness_5", number(q.trust_5)},
          {"trustworthiness_15", number(q.trust_15)},
          {"label_accuracy_5", number(q.accuracy_5)},
          {"label_accuracy_5_own_vote", number(q.accuracy_5_own_vote)}};
}

/// One scatter of the fitted and, as another group, the new points.
std::string scatter_of(const umap_command& options, const feature_table& fitted, const synthmed::feature_matrix& map,
                       const feature_table& fresh, const synthmed::feature_matrix& placed,
                       const label_numbers& labels) {
  synthmed::plot::scatter_points p;
  const bool has_new = fresh.rows() > 0;
  // Colour needs a label for every point, and few enough of them to be told apart.
  const bool coloured = !fitted.labels.empty() && (!has_new || !fresh.labels.empty()) && labels.names.size() <= 30;
  if (coloured) p.classes = labels.names;
  const bool grouped = !fitted.groups.empty() && (!has_new || !fresh.groups.empty());
  std::map<std::string, std::size_t> group_numbers;
  const auto add = [&](const feature_table& table, const synthmed::feature_matrix& at, const std::vector<int>& numbers,
                       const char* set) {
    for (std::size_t i = 0; i < table.rows(); ++i) {
      p.x.push_back(at.values[2 * i]);
      p.y.push_back(at.values[2 * i + 1]);
      if (coloured) p.class_of.push_back(static_cast<std::size_t>(numbers[i]));
      if (!grouped && !has_new) continue;
      const std::string name = !grouped ? set : has_new ? sentence(table.groups[i], ", ", set) : table.groups[i];
      const auto [place, fresh_name] = group_numbers.emplace(name, p.groups.size());
      if (fresh_name) p.groups.push_back(name);
      p.group_of.push_back(place->second);
    }
  };
  add(fitted, map, labels.fitted, "fitted");
  add(fresh, placed, labels.fresh, "new");
  return synthmed::plot::scatter(p, {.title = "UMAP of " + options.features.filename().string(), .width = 640});
}

std::string to_text(const char* what, std::size_t points, const quality& q) {
  const auto cell = [](const std::optional<double>& value) {
    char text[16];
    std::snprintf(text, sizeof text, "%10.4f", value.value_or(0));
    return value ? std::string(text) : std::string(10, ' ').replace(9, 1, "-");
  };
  char start[64];
  std::snprintf(start, sizeof start, "%-10s%8zu", what, points);
  return start + cell(q.trust_5) + cell(q.trust_15) + cell(q.accuracy_5) + "\n";
}

void run(umap_command& command) {
  apply(command);
  open_inception(command.pictures);
  command.pictures.measure = !command.dry_run;
  synthmed::umap_options options = command.umap;
  options.seed = command.seed;
  options.profile = command.profile == "r_umap" ? synthmed::umap_profile::r_umap : synthmed::umap_profile::umap_learn;
  options.search = command.search == "exact"         ? synthmed::umap_neighbours::exact
                   : command.search == "approximate" ? synthmed::umap_neighbours::approximate
                                                     : synthmed::umap_neighbours::automatic;
  options.start = command.start == "random" ? synthmed::umap_start::random : synthmed::umap_start::spectral;
  const synthmed::umap maker(options);
  const auto fitted = read_points(command.features, command);
  const auto fresh = command.fresh.empty() ? feature_table{} : read_points(command.fresh, command, &fitted.columns);
  if (command.dry_run) {
    std::printf(
        "umap: %zu points and %zu new ones of %zu features, about %.0f MB of memory; would write embedding.csv%s, "
        "umap.json and umap.svg to %s\n",
        fitted.rows(), fresh.rows(), fitted.columns.size(),
        1 + 40e-6 * static_cast<double>((fitted.rows() + fresh.rows()) * (fitted.columns.size() + 64)),
        command.fresh.empty() ? "" : ", transform.csv", command.out.c_str());
    return;
  }
  const auto map = [&] {
    std::unique_ptr<progress> shown;
    return maker.fit(fitted.features, [&](const synthmed::umap_step& step) {
      if (step.stage != synthmed::umap_stage::layout) return;
      if (!shown) shown = std::make_unique<progress>("layout", "epochs", step.total);
      shown->done(step.done);
    });
  }();
  const auto placed = map.transform(fresh.features);

  const auto labels = number_labels(fitted, fresh);
  quality of_map{trust(fitted.features, map.coordinates(), 5), trust(fitted.features, map.coordinates(), 15), {}, {}},
      of_new;
  if (!labels.fitted.empty() && fitted.rows() > 5) {
    of_map.accuracy_5 = synthmed::neighbour_label_accuracy(map.coordinates(), labels.fitted, 5);
    of_map.accuracy_5_own_vote =
        synthmed::neighbour_label_accuracy(map.coordinates(), labels.fitted, 5, synthmed::self_pairs::keep);
  }
  if (fresh.rows() > 0) {
    of_new.trust_5 = trust(fresh.features, placed, 5);
    of_new.trust_15 = trust(fresh.features, placed, 15);
    if (!labels.fitted.empty() && !labels.fresh.empty() && fitted.rows() >= 5)
      of_new.accuracy_5 = synthmed::neighbour_label_accuracy(map.coordinates(), labels.fitted, placed, labels.fresh, 5);
  }

  const auto& used = map.options();
  ordered_json json;
  json["synthmed"] = SYNTHMED_VERSION;
  json["features"] = {
      {"file", command.features.filename().string()}, {"points", fitted.rows()}, {"dimensions", fitted.columns.size()}};
  json["options"] = {{"profile", command.profile},
                     {"neighbours", used.neighbours},
                     {"min_dist", used.min_dist},
                     {"spread", used.spread},
                     {"epochs", used.epochs},
                     {"learning_rate", used.learning_rate},
                     {"negatives", used.negatives},
                     {"repulsion", used.repulsion},
                     {"local_connectivity", used.local_connectivity},
                     {"mix", used.mix},
                     {"start", command.start},
                     {"neighbour_search", map.exact_neighbours() ? "exact" : "approximate"},
                     {"seed", used.seed}};
  json["curve"] = {{"a", map.curve().a}, {"b", map.curve().b}};
  json["graph"] = {{"edges", map.graph().edges()}, {"components", map.components()}};
  json["quality"] = quality_json(of_map);
  if (!command.fresh.empty()) {
    json["transform"] = {{"file", command.fresh.filename().string()}, {"points", fresh.rows()}};
    json["transform"]["quality"] = quality_json(of_new);
  }
  std::vector<std::pair<std::string, std::string>> files{
      {"embedding.csv", embedding_csv(fitted, map.coordinates())},
      {"umap.svg", scatter_of(command, fitted, map.coordinates(), fresh, placed, labels)}};
  if (!command.fresh.empty()) files.emplace_back("transform.csv", embedding_csv(fresh, placed));
  files.emplace_back("umap.json", json.dump(2) + "\n");
  synthmed::make_folder(command.out);
  for (const auto& [name, content] : files) synthmed::write_file(command.out / name, content);

  std::printf("              points   trust 5  trust 15 labels 5\n");
  std::fputs(to_text("fitted", fitted.rows(), of_map).c_str(), stdout);
  if (!command.fresh.empty()) std::fputs(to_text("new", fresh.rows(), of_new).c_str(), stdout);
  std::printf("a %.6f, b %.6f; %zu component(s); %s neighbours\nwritten: %s\n", map.curve().a, map.curve().b,
              map.components(), map.exact_neighbours() ? "exact" : "approximate", (command.out / "umap.json").c_str());
}

}  // namespace

void add_umap(CLI::App& app) {
  auto* command = app.add_subcommand(
      "umap",
      "Map feature vectors to the plane (CSV of features, or a folder of pictures), and place new ones on the map");
  auto options = std::make_shared<umap_command>();
  add_common(*command, *options);
  auto& o = options->umap;
  command
      ->add_option("features", options->features,
                   "CSV: [id,][label,][group,] and one column per feature; or a folder of pictures")
      ->required();
  command->add_option("--transform", options->fresh,
                      "CSV of new points with the same feature columns, in any order; or a folder");
  add_feature_options(*command, options->pictures);
  command->add_option("--neighbours", o.neighbours, "Neighbours per point, itself among them")->capture_default_str();
  command->add_option("--min-dist", o.min_dist, "How close points may lie in the map")->capture_default_str();
  command->add_option("--spread", o.spread, "Scale of the map")->capture_default_str();
  command->add_option("--epochs", o.epochs, "Passes of the layout (default: 500 up to 10000 points, else 200)");
  command->add_option("--negatives", o.negatives, "Points pushed away per neighbour pulled")->capture_default_str();
  command->add_option("--profile", options->profile, "Conventions: umap_learn, or r_umap as the study had them")
      ->check(CLI::IsMember({"umap_learn", "r_umap"}))
      ->capture_default_str();
  command->add_option("--search", options->search, "Neighbour search: automatic, exact, approximate")
      ->check(CLI::IsMember({"automatic", "exact", "approximate"}))
      ->capture_default_str();
  command->add_option("--start", options->start, "Start of the layout: spectral, random")
      ->check(CLI::IsMember({"spectral", "random"}))
      ->capture_default_str();
  command->add_option("--label", options->label, "Column of the classes (colours, label accuracy)")
      ->capture_default_str();
  command->add_option("--group", options->group, "Column of the groups (shapes), such as real and synthetic")
      ->capture_default_str();
  command->add_option("--ignore", options->ignored, "Columns that are no features");
  command->callback([options] { run(*options); });
}

}  // namespace rop_study
