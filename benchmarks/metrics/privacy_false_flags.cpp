// How often does the privacy audit flag synthetic sets that share nothing with the training set? 100 fresh draws each
// of several simulated populations; and how often does it find memorisation that is there. Prints a Markdown table.
//   privacy_false_flags [DRAWS]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <synthmed/metrics/privacy.hpp>

using namespace synthmed;

namespace {

struct drawn {
  feature_matrix rows;
  std::vector<std::string> subjects;
};

/// A population: `images` rows for each of `subjects` subjects in `d` dimensions.
struct population {
  std::string name;
  std::size_t d, images;
  double within;  ///< sd within a subject, between subjects it is 1
  std::function<double(random_stream&)> value;
};

drawn draw(const population& p, std::size_t subjects, key k, const char* prefix) {
  random_stream stream(k);
  drawn out{{{}, p.d}, {}};
  std::vector<double> centre(p.d);
  for (std::size_t s = 0; s < subjects; ++s) {
    const double shared = p.value(stream);  // features of one picture are correlated
    for (double& value : centre) value = 0.5 * shared + p.value(stream);
    for (std::size_t i = 0; i < p.images; ++i) {
      for (const double value : centre) out.rows.values.push_back(value + p.within * stream.normal());
      out.subjects.push_back(sentence(prefix, s));
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int draws = argc > 1 ? std::atoi(argv[1]) : 100;
  const auto normal = [](random_stream& s) { return s.normal(); };
  const auto heavy = [](random_stream& s) {  // Student's t with 3 degrees of freedom
    double chi = 0;
    for (int i = 0; i < 3; ++i) {
      const double z = s.normal();
      chi += z * z;
    }
    return s.normal() / std::sqrt(chi / 3);
  };
  const auto modes = [](random_stream& s) { return (s.chance(0.5) ? 3.0 : -3.0) + 0.3 * s.normal(); };
  const std::vector<population> populations{
      {"normal, 16-d, 1 image", 16, 1, 0, normal},        {"normal, 4-d, 1 image", 4, 1, 0, normal},
      {"normal, 256-d, 3 images", 256, 3, 0.5, normal},   {"normal, 16-d, 3 images", 16, 3, 0.3, normal},
      {"heavy tails, 16-d, 2 images", 16, 2, 0.5, heavy}, {"many modes, 6-d, 2 images", 6, 2, 0.1, modes}};
  std::printf(
      "| population | subjects T/H | synthetic | flagged by chance | by attack | by duplicate | the "
      "quantile alone would | 5 %% copies found | all near-copies found |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const auto& p : populations)
    for (const std::size_t subjects : {40u, 150u}) {
      int flagged = 0, attack = 0, duplicate = 0, quantile_alone = 0, few = 0, all = 0;
      std::size_t rows = 0;
      for (int i = 0; i < draws; ++i) {
        const key k = key(2022).fold(p.name).fold(subjects).fold(i);
        const auto train = draw(p, subjects, k.fold("train"), "t"), holdout = draw(p, subjects, k.fold("holdout"), "h"),
                   fresh = draw(p, subjects, k.fold("fresh"), "s");
        rows = fresh.rows.rows();
        privacy_inputs inputs{{train.rows, train.subjects}, {holdout.rows, holdout.subjects}, fresh.rows};
        const privacy_options options{.attacks = {.replicates = 2}};
        const auto report = privacy_audit(inputs, options);
        flagged += report.flagged;
        duplicate += report.duplicates > 0;
        quantile_alone += report.pairs[0].distance < duplicate_limits_of(report.distances, {.chance = 1}).threshold();
        for (const auto& a : report.attacks)
          if (a.exceeds) {
            ++attack;
            break;
          }
        // A generator that memorised a twentieth of its training set, and one that only blurs it.
        random_stream noise(k.fold("noise"));
        auto copied = fresh.rows, blurred = train.rows;
        for (std::size_t r = 0; r < rows / 20; ++r)
          for (std::size_t j = 0; j < p.d; ++j)
            copied.values[r * p.d + j] = train.rows.values[r * p.d + j] + 0.02 * noise.normal();
        for (double& value : blurred.values) value += 0.3 * noise.normal();
        inputs.synthetic = copied;
        few += privacy_audit(inputs, options).flagged;
        inputs.synthetic = blurred;
        all += privacy_audit(inputs, options).flagged;
      }
      std::printf("| %s | %zu/%zu | %zu | %d of %d | %d | %d | %d | %d | %d |\n", p.name.c_str(), subjects, subjects,
                  rows, flagged, draws, attack, duplicate, quantile_alone, few, all);
      std::fflush(stdout);
    }
}
