// rop_study privacy: does the synthetic set give away whom the generator was trained on?
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <unordered_map>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/privacy.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/report/base64.hpp>
#include <synthmed/report/plot.hpp>
#include <synthmed/version.hpp>

#include "command.hpp"
#include "feature_input.hpp"

namespace rop_study {

namespace {

using json = nlohmann::ordered_json;
using synthmed::csv_number;
using synthmed::sentence;

struct privacy_settings {
  common_options common;
  std::string train, holdout, synthetic, critic;
  feature_settings features;
  std::size_t pairs = 20;
  bool self_test = false;
};

/// The critic's scores of a CSV file `id,score`, in the order of the real sets.
synthmed::attack_scores read_critic(const std::string& path, const feature_input& train, const feature_input& holdout) {
  const auto table = synthmed::read_csv(path);
  const auto id = table.column("id"), score = table.column("score");
  std::unordered_map<std::string, std::size_t> row;
  for (std::size_t r = 0; r < table.rows(); ++r)
    if (!row.emplace(table.at(r, id), r).second)
      throw synthmed::format_error(
          sentence(path, ", line ", table.line(r), ": the id \"", table.at(r, id), "\" stands twice."));
  const auto scores = [&](const feature_input& set) {
    std::vector<double> out;
    for (const auto& name : set.ids) {
      const auto it = row.find(name);
      if (it == row.end())
        throw synthmed::format_error(
            sentence(path, " has no score for the id \"", name, "\" of ", set.path.string(), "."));
      out.push_back(table.number(it->second, score));
    }
    return out;
  };
  for (const auto& name : train.ids)
    if (std::find(holdout.ids.begin(), holdout.ids.end(), name) != holdout.ids.end())
      throw synthmed::format_error(
          sentence("The id \"", name, "\" stands in both real sets; scores by id need ids that differ."));
  return {"critic", scores(train), scores(holdout)};
}

json attack_json(const synthmed::attack_result& a) {
  return {{"name", a.name},
          {"auc",
           {{"value", number(a.auc.value)},
            {"low", number(a.auc.low)},
            {"high", number(a.auc.high)},
            {"method", "subject-clustered DeLong (Obuchowski)"}}},
          {"auc_naive", {{"low", number(a.auc_naive.low)}, {"high", number(a.auc_naive.high)}, {"method", "DeLong"}}},
          {"p", number(a.p)},
          {"holm_p", number(a.holm_p)},
          {"lower_limit", number(a.lower_limit)},
          {"exceeds", a.exceeds},
          {"tpr_at_1_percent_fpr",
           {{"value", number(a.tpr.value)}, {"low", number(a.tpr.low)}, {"high", number(a.tpr.high)}}}};
}

json quantiles(const std::vector<double>& values) {
  json out;
  for (const auto& [name, p] : {std::pair{"min", 0.0}, {"q01", 0.01}, {"q05", 0.05}, {"median", 0.5}})
    out[name] = number(synthmed::quantile(values, p));
  return out;
}

json report_json(const synthmed::privacy_report& r, const synthmed::feature_source& source, const feature_input& train,
                 const feature_input& synthetic, std::size_t pairs) {
  using synthmed::privacy_distances;
  json out;
  out["verdict"] = r.verdict();
  out["flagged"] = r.flagged;
  out["rule"] =
      "flagged: an attack whose Holm-adjusted, subject-clustered lower 99 % limit exceeds 0.5, or a duplicate below "
      "the held-out 0.1 % quantile and the tail limit";
  out["features"] = source.name();
  out["d"] = r.dimensions;
  out["attacks"] = json::array();
  for (const auto& attack : r.attacks) out["attacks"].push_back(attack_json(attack));
  out["duplicates"] = {{"count", r.duplicates},
                       {"exact", r.exact_duplicates},
                       {"held_out_quantile", number(r.limits.quantile_limit)},
                       {"tail_limit", number(r.limits.tail_limit)},
                       {"threshold", number(r.limits.threshold())}};
  const auto& d = r.distances;
  out["distances"] = {{"synthetic_to_train", quantiles(privacy_distances::nearest(d.synthetic_to_train))},
                      {"holdout_to_train", quantiles(privacy_distances::nearest(d.holdout_to_train))},
                      {"synthetic_to_holdout", quantiles(privacy_distances::nearest(d.synthetic_to_holdout))},
                      {"train_to_train", quantiles(privacy_distances::nearest(d.train_to_train))}};
  out["nndr"] = {{"synthetic", quantiles(privacy_distances::ratios(d.synthetic_to_train))},
                 {"holdout", quantiles(privacy_distances::ratios(d.holdout_to_train))}};
  out["dcr_share"] = {{"value", number(r.dcr.share.value)},
                      {"low", number(r.dcr.share.low)},
                      {"high", number(r.dcr.share.high)},
                      {"expected", number(r.dcr.expected)}};
  out["authenticity"] = number(r.authenticity);
  out["copying_z"] = number(r.copying_z);
  out["detectable_auc"] = number(r.detectable_auc);
  out["closest"] = json::array();
  for (std::size_t i = 0; i < std::min(pairs, r.pairs.size()); ++i) {
    const auto& pair = r.pairs[i];
    out["closest"].push_back({{"synthetic", synthetic.ids[pair.synthetic]},
                              {"train", train.ids[pair.train]},
                              {"distance", number(pair.distance)},
                              {"ratio", number(pair.ratio)},
                              {"exact", pair.exact},
                              {"duplicate", pair.duplicate}});
  }
  out["warnings"] = r.warnings;
  return out;
}

std::string pairs_csv(const synthmed::privacy_report& r, const feature_input& train, const feature_input& synthetic) {
  synthmed::csv_table table({"synthetic", "train", "distance", "ratio", "exact", "duplicate"});
  for (const auto& p : r.pairs)
    table.add_row({synthetic.ids[p.synthetic], train.ids[p.train], csv_number(p.distance), csv_number(p.ratio),
                   p.exact ? "1" : "0", p.duplicate ? "1" : "0"});
  return synthmed::to_csv(table);
}

std::string attacks_csv(const synthmed::privacy_report& r) {
  synthmed::csv_table table({"attack", "auc", "low", "high", "naive_low", "naive_high", "p", "holm_p", "lower_limit",
                             "exceeds", "tpr_at_1_percent_fpr", "tpr_low", "tpr_high"});
  for (const auto& a : r.attacks) {
    std::vector<std::string> row{a.name};
    for (const double value :
         {a.auc.value, a.auc.low, a.auc.high, a.auc_naive.low, a.auc_naive.high, a.p, a.holm_p, a.lower_limit})
      row.push_back(csv_number(value));
    row.push_back(a.exceeds ? "1" : "0");
    for (const double value : {a.tpr.value, a.tpr.low, a.tpr.high}) row.push_back(csv_number(value));
    table.add_row(std::move(row));
  }
  return synthmed::to_csv(table);
}

std::string roc_svg(const synthmed::privacy_report& r) {
  std::vector<synthmed::plot::curve> curves;
  for (const auto& attack : r.attacks) {
    std::vector<double> scores = attack.scores.train;
    scores.insert(scores.end(), attack.scores.holdout.begin(), attack.scores.holdout.end());
    std::vector<int> labels(scores.size());
    std::fill_n(labels.begin(), attack.scores.train.size(), 1);
    const synthmed::ranked_scores ranked(scores, labels);
    synthmed::plot::curve line{sentence(attack.name, ": AUC ", shown(attack.auc.value, 3), " (",
                                        shown(attack.auc.low, 3), " to ", shown(attack.auc.high, 3), ")"),
                               {0},
                               {0}};
    double hits = 0, mistakes = 0;
    for (const auto& t : ranked.table().ties) {
      hits += static_cast<double>(t.positives);
      mistakes += static_cast<double>(t.negatives);
      line.x.push_back(mistakes / static_cast<double>(ranked.table().negatives));
      line.y.push_back(hits / static_cast<double>(ranked.table().positives));
    }
    curves.push_back(std::move(line));
  }
  return synthmed::plot::roc(curves, {.title = "Membership inference: training against held-out records"});
}

/// The closest pairs side by side, self-contained; pictures where the inputs are folders.
std::string gallery(const synthmed::privacy_report& r, const feature_input& train, const feature_input& synthetic,
                    std::size_t pairs) {
  const auto image = [](const feature_input& set, std::size_t row) -> std::string {
    if (set.pictures.empty()) return "";
    const auto shown_at = synthmed::fitted(
        synthmed::read_picture(set.pictures[row]),
        {.height = 160, .width = 160, .how = synthmed::fit::pad, .with = synthmed::interpolation::area});
    return sentence("<img width=\"160\" height=\"160\" alt=\"", synthmed::plot::detail::escaped(set.ids[row]),
                    "\" src=\"data:image/png;base64,", synthmed::report::base64(synthmed::encode_png(shown_at)), "\">");
  };
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Closest pairs</title><style>\n"
      "body{font:14px/1.4 system-ui,sans-serif;margin:2em;max-width:60em;color-scheme:light dark}\n"
      "table{border-collapse:collapse}td,th{padding:.4em .8em;text-align:left;border-bottom:1px solid #8888}\n"
      ".duplicate{font-weight:bold;border-left:.4em solid #D55E00}td "
      "img{display:block}\n</style></head><body>\n<h1>Closest pairs</h1>\n<p>";
  out += synthmed::plot::detail::escaped(r.verdict());
  out +=
      "</p>\n<table><thead><tr><th>synthetic</th><th>nearest training record</th><th>distance</th><th>ratio to the "
      "second "
      "nearest</th><th>duplicate</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < std::min(pairs, r.pairs.size()); ++i) {
    const auto& p = r.pairs[i];
    out += sentence("<tr", p.duplicate ? " class=\"duplicate\"" : "", "><td>", image(synthetic, p.synthetic),
                    synthmed::plot::detail::escaped(synthetic.ids[p.synthetic]), "</td><td>", image(train, p.train),
                    synthmed::plot::detail::escaped(train.ids[p.train]), "</td><td>", shown(p.distance), "</td><td>",
                    shown(p.ratio), "</td><td>",
                    p.exact       ? "exact"
                    : p.duplicate ? "yes"
                                  : "no",
                    "</td></tr>\n");
  }
  return out + "</tbody></table>\n</body></html>\n";
}

std::string distance_svg(const synthmed::privacy_report& r, const synthmed::feature_source& source) {
  using synthmed::privacy_distances;
  const std::vector<synthmed::plot::sample> samples{
      {"synthetic to training", privacy_distances::nearest(r.distances.synthetic_to_train)},
      {"held-out to training", privacy_distances::nearest(r.distances.holdout_to_train)},
      {"synthetic to held-out", privacy_distances::nearest(r.distances.synthetic_to_holdout)}};
  return synthmed::plot::histogram(samples, {.title = "Nearest-neighbour distances",
                                             .width = 640,
                                             .x_label = sentence("distance (", source.name(), ")"),
                                             .marks = {r.limits.threshold()},
                                             .mark_names = {"duplicate below"}});
}

json self_test_json(const synthmed::privacy_inputs& inputs, const synthmed::privacy_options& audit,
                    synthmed::key seed) {
  json out;
  out["canaries"] = json::array();
  auto options = audit;
  options.attacks.replicates = 2;  // the true positive rates' intervals are not looked at here
  const std::size_t count = std::min<std::size_t>({10, inputs.synthetic.rows(), inputs.train.features.rows()});
  for (const auto& c : synthmed::plant_canaries(inputs, options, {.count = count, .seed = seed.fold("canaries")}))
    out["canaries"].push_back(
        {{"jitter", c.jitter}, {"planted", c.planted}, {"found", c.found}, {"flagged", c.flagged}});
  out["false_flags"] = nullptr;
  if (inputs.holdout.clusters().count() >= 6) {
    const auto f = synthmed::false_flags(inputs.holdout, 100, options, seed.fold("false flags"));
    out["false_flags"] = {{"draws", f.draws},
                          {"flagged", f.flagged},
                          {"by_attack", f.by_attack},
                          {"by_duplicate", f.by_duplicate},
                          {"rate", number(f.rate.value)},
                          {"low", number(f.rate.low)},
                          {"high", number(f.rate.high)},
                          {"rows", {f.train, f.holdout, f.synthetic}}};
  }
  return out;
}

void print(const synthmed::privacy_report& r, const json& self_test) {
  std::printf("%zu training, %zu held-out, %zu synthetic records\n\n", r.train_rows, r.holdout_rows, r.synthetic_rows);
  std::printf("%-14s %8s %19s %12s %10s %24s\n", "attack", "AUC", "95 % interval", "lower limit", "Holm p",
              "TPR at 1 % FPR");
  for (const auto& a : r.attacks)
    std::printf("%-14s %8s %9s,%9s %12s %10s %8s (%s, %s)%s\n", a.name.c_str(), shown(a.auc.value, 3).c_str(),
                shown(a.auc.low, 3).c_str(), shown(a.auc.high, 3).c_str(), shown(a.lower_limit, 3).c_str(),
                shown(a.holm_p, 2).c_str(), shown(a.tpr.value, 2).c_str(), shown(a.tpr.low, 2).c_str(),
                shown(a.tpr.high, 2).c_str(), a.exceeds ? "  EXCEEDS" : "");
  std::printf("\nduplicates: %zu (of them exact: %zu), distances below %s\n", r.duplicates, r.exact_duplicates,
              shown(r.limits.threshold()).c_str());
  std::printf("closer to training than to held-out: %s (expected about %s); authenticity %s; C_T %s\n",
              shown(r.dcr.share.value, 3).c_str(), shown(r.dcr.expected, 3).c_str(), shown(r.authenticity, 3).c_str(),
              shown(r.copying_z, 3).c_str());
  if (!self_test.is_null()) {
    std::printf("self-test, copies planted with growing noise:");
    for (const auto& c : self_test["canaries"])
      std::printf(" %s: %zu of %zu%s", shown(c["jitter"].get<double>(), 2).c_str(), c["found"].get<std::size_t>(),
                  c["planted"].get<std::size_t>(), &c == &self_test["canaries"].back() ? "\n" : ";");
    if (!self_test["false_flags"].is_null())
      std::printf("self-test, false alarms on thirds of the held-out set: %zu of %zu\n",
                  self_test["false_flags"]["flagged"].get<std::size_t>(),
                  self_test["false_flags"]["draws"].get<std::size_t>());
  }
  for (const auto& warning : r.warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("\n%s\n", r.verdict().c_str());
}

void run(privacy_settings& s) {
  apply(s.common);
  open_inception(s.features);
  s.features.measure = !s.common.dry_run;
  const auto train = read_features(s.train, s.features);
  auto holdout = read_features(s.holdout, s.features), synthetic = read_features(s.synthetic, s.features);
  const auto source = source_of({&train, &holdout, &synthetic}, s.features);
  if (s.common.dry_run) {
    std::printf("Would audit %zu synthetic records against %zu training and %zu held-out ones and write to %s.\n",
                synthetic.features.rows(), train.features.rows(), holdout.features.rows(), s.common.out.c_str());
    return;
  }
  match_columns(train, holdout);
  match_columns(train, synthetic);
  synthmed::privacy_inputs inputs{train.set(), holdout.set(), synthetic.features};
  if (!s.critic.empty()) inputs.critic = read_critic(s.critic, train, holdout);
  const synthmed::key seed = synthmed::key(s.common.seed).fold("privacy");
  synthmed::privacy_options options;
  options.attacks.seed = seed.fold("attacks");
  auto report = synthmed::privacy_audit(inputs, options);
  for (const auto* other : {&holdout, &synthetic})
    if (auto warning = unlike_pictures(train, *other); !warning.empty()) report.warnings.push_back(std::move(warning));
  const json self_test = s.self_test ? self_test_json(inputs, options, seed) : json();

  // Everything is computed and drawn before anything is written.
  json out;
  out["program"] = sentence("rop_study privacy ", SYNTHMED_VERSION);
  out["seed"] = s.common.seed;
  out["train"] = describe(train);
  out["holdout"] = describe(holdout);
  out["synthetic"] = describe(synthetic);
  out.update(report_json(report, source, train, synthetic, s.pairs));
  out["self_test"] = self_test;
  const std::vector<std::pair<const char*, std::string>> files{
      {"privacy.json", out.dump(2) + "\n"},
      {"attacks.csv", attacks_csv(report)},
      {"pairs.csv", pairs_csv(report, train, synthetic)},
      {"roc.svg", roc_svg(report)},
      {"distances.svg", distance_svg(report, source)},
      {"pairs.html", gallery(report, train, synthetic, s.pairs)}};
  synthmed::make_folder(s.common.out);
  for (const auto& [name, text] : files) synthmed::write_file(s.common.out / name, text);
  print(report, self_test);
}

}  // namespace

void add_privacy(CLI::App& app) {
  auto settings = std::make_shared<privacy_settings>();
  auto& s = *settings;
  CLI::App& command = *app.add_subcommand("privacy", "Attack a synthetic set: can its training records be recognised?");
  add_common(command, s.common);
  command.add_option("--train", s.train, "What the generator was trained on: CSV of features or folder of pictures")
      ->required();
  command.add_option("--holdout", s.holdout, "Real records that it never saw, of other subjects")->required();
  command.add_option("--synthetic", s.synthetic, "What it generated")->required();
  command.add_option("--critic", s.critic, "CSV id,score: the trained critic's scores of all real records");
  command.add_option("--features", s.features.name, "Name of the features in CSV files");
  command.add_option("--profile", s.features.profile,
                     "With inception-fid or --inception: pytorch-fid, clean-fid or torch-fidelity");
  add_feature_options(command, s.features);
  command.add_option("--pairs", s.pairs, "Closest pairs to show")->capture_default_str();
  command.add_flag("--self-test", s.self_test, "Plant copies and count false alarms on thirds of the held-out set");
  command.callback([settings] { run(*settings); });
}

}  // namespace rop_study
