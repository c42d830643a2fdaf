// Are the intervals of fidelity() honest? For pairs of fresh samples: the true standard deviation of each metric, the
// mean bootstrap standard error, and how often the 95 % interval holds the metric's mean at that n. Prints a Markdown
// table.
//   fidelity_intervals [PAIRS]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <synthmed/metrics/fidelity.hpp>

using namespace synthmed;

namespace {

struct sample {
  feature_matrix rows;
  std::vector<std::string> subjects;
};

/// `subjects` subjects of `images` rows each; sd 1 between subjects, 0.5 within where there are several.
sample draw(std::size_t subjects, std::size_t images, std::size_t d, double shift, key k) {
  random_stream stream(k);
  sample out{{{}, d}, {}};
  std::vector<double> centre(d);
  for (std::size_t s = 0; s < subjects; ++s) {
    for (double& value : centre) value = shift + stream.normal();
    for (std::size_t i = 0; i < images; ++i) {
      for (const double value : centre) out.rows.values.push_back(value + (images > 1 ? 0.5 * stream.normal() : 0.0));
      out.subjects.push_back(std::to_string(s));
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t pairs = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 200;
  std::printf(
      "| data | metric | mean | true sd | mean standard error | coverage of 95 %% |\n| --- | --- | --- | --- | --- | "
      "--- |\n");
  struct setting {
    std::size_t subjects, images, d;
  };
  for (const auto& s : {setting{80, 1, 16}, setting{40, 3, 16}, setting{60, 1, 128}}) {
    std::vector<fidelity_report> reports;
    for (std::size_t i = 0; i < pairs; ++i) {
      const key k = key(7).fold(s.d).fold(s.images).fold(i);
      const auto a = draw(s.subjects, s.images, s.d, 0, k.fold("a")),
                 b = draw(s.subjects, s.images, s.d, 0.3, k.fold("b"));
      reports.push_back(fidelity({a.rows, a.subjects}, {b.rows, b.subjects}, feature_source::named("simulated"),
                                 {.replicates = 100, .floor_repeats = 0, .seed = k, .infinity_points = 0}));
    }
    for (std::size_t m = 0; m < fidelity_values::count; ++m) {
      double mean = 0, square = 0, error = 0, held = 0;
      const auto n = static_cast<double>(pairs);
      for (const auto& r : reports) mean += r[m].value / n;
      for (const auto& r : reports) {
        square += (r[m].value - mean) * (r[m].value - mean);
        error += r[m].standard_error / n;
        held += r[m].low <= mean && mean <= r[m].high;
      }
      std::printf("| %zu subjects, %zu images, %zu-d | %s | %.4g | %.3g | %.3g | %.0f %% |\n", s.subjects, s.images,
                  s.d, fidelity_values::name(m), mean, std::sqrt(square / (n - 1)), error, 100 * held / n);
    }
    std::fflush(stdout);
  }
}
