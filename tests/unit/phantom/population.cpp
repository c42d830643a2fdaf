// Populations: counts, labels, readers, prevalence and independence of what must not tell the label.
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <synthmed/data/phantom/population.hpp>

using namespace synthmed;

namespace {
bool same(const phantom_record& a, const phantom_record& b) {
  return a.subject == b.subject && a.eye == b.eye && a.session == b.session && a.severity == b.severity &&
         a.latent == b.latent && a.label == b.label && a.graders == b.graders && a.experts == b.experts &&
         a.disc_x == b.disc_x && a.roll == b.roll && a.blur == b.blur;
}
}  // namespace

TEST_CASE("presets have the images and classes they promise") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 1337u}) {
    const phantom_population smoke(populations_of(phantom_preset::smoke, seed).main);
    CHECK(smoke.images().size() == 24);
    CHECK(smoke.subjects().size() == 12);
    for (const auto count : smoke.class_counts()) CHECK(count >= 3);

    const auto quick = populations_of(phantom_preset::quick, seed);
    REQUIRE(quick.has_further_test);
    const phantom_population main(quick.main), test(quick.further_test);
    CHECK(main.images().size() == 2000);
    CHECK(main.subjects().size() >= 340);
    CHECK(main.subjects().size() <= 460);
    CHECK(test.images().size() >= 700);
    for (const auto count : main.class_counts()) CHECK(count >= 100);
    for (const auto count : test.class_counts()) CHECK(count >= 100);
    std::set<std::string> names;
    for (const auto& s : main.subjects()) names.insert(s.id);
    for (const auto& s : test.subjects()) CHECK(names.insert(s.id).second);

    const phantom_population study(populations_of(phantom_preset::study, seed).main);
    CHECK(study.subjects().size() == 963);
    CHECK(std::abs(static_cast<double>(study.images().size()) - 5842) < 250);
    const auto classes = study.class_counts();
    const double n = static_cast<double>(study.images().size());
    CHECK(static_cast<double>(classes[0]) / n == Approx(.835).margin(.04));
    CHECK(static_cast<double>(classes[1]) / n == Approx(.135).margin(.04));
    CHECK(static_cast<double>(classes[2]) / n == Approx(.030).margin(.015));
  }
  CHECK_FALSE(populations_of(phantom_preset::study).has_further_test);
}

TEST_CASE("a preset is found by its name, and an unknown name is told the others") {
  CHECK(phantom_preset_of("study") == phantom_preset::study);
  const auto text = synthmed_test::message_of<argument_error>([] { (void)phantom_preset_of("full"); });
  CHECK(synthmed_test::contains(text, "\"full\""));
  CHECK(synthmed_test::contains(text, "smoke, quick, demo and study"));
}

TEST_CASE("a smaller population is the beginning of a larger one") {
  phantom_options options{.seed = 5, .subjects = 40};
  const phantom_population large(options);
  options.subjects = 7;
  const phantom_population small(options);
  REQUIRE(small.images().size() < large.images().size());
  for (std::size_t i = 0; i < small.images().size(); ++i) CHECK(same(small.image(i), large.image(i)));
  options.images = 11;
  const phantom_population cut(options);
  CHECK(cut.images().size() == 11);
  CHECK(cut.eyes().size() == cut.images().back().eye + 1);
  options.seed = 6;
  CHECK_FALSE(same(phantom_population(options).image(0), cut.image(0)));
}

TEST_CASE("the label follows the two-quadrant rule and the majority of three graders") {
  CHECK(latent_severity({.1, .9, .3, .8}) == Approx(.55));
  CHECK(diagnose(.399) == diagnosis::normal);
  CHECK(diagnose(.40) == diagnosis::pre_plus);
  CHECK(diagnose(.749) == diagnosis::pre_plus);
  CHECK(diagnose(.75) == diagnosis::plus);
  CHECK(diagnose(.75, .05) == diagnosis::pre_plus);
  const phantom_population population({.seed = 2, .subjects = 300, .enrichment = 1});
  std::size_t divided = 0;
  for (const auto& r : population.images()) {
    CHECK(r.latent == latent_severity(r.quadrant));
    CHECK(r.quadrant[2] == Approx(r.severity * (1 + .6 * r.quadrant_factor[2])));
    auto votes = r.graders;
    std::sort(votes.begin(), votes.end());
    CHECK(r.label == votes[1]);
    divided += votes[0] != votes[2];
    for (std::size_t g = 0; g < 3; ++g) CHECK(r.graders[g] == diagnose(r.readings[g]));
  }
  // Readers do disagree, near the cut-points.
  CHECK(divided > population.images().size() / 20);
  CHECK(divided < population.images().size() / 2);
}

TEST_CASE("enriched weights lead back to the natural prevalence") {
  const double share = GENERATE(.5, 1.);
  const phantom_population enriched({.seed = 3, .subjects = 3000, .enrichment = share});
  const phantom_population natural({.seed = 3, .subjects = 3000});
  std::array<double, 3> weighted{};
  double total = 0;
  for (const auto& r : enriched.images()) weighted[static_cast<std::size_t>(r.label)] += r.weight, total += r.weight;
  const auto counts = natural.class_counts();
  for (std::size_t c = 0; c < 3; ++c)
    CHECK(weighted[c] / total ==
          Approx(static_cast<double>(counts[c]) / static_cast<double>(natural.images().size())).margin(.02));
  for (const auto& r : natural.images()) CHECK(r.weight == 1);
  // The mean weight estimates 1: the natural density integrates to 1 where the drawn one covers it.
  CHECK(total / static_cast<double>(enriched.images().size()) == Approx(1).margin(.05));
}

TEST_CASE("a share of enriched subjects lies between the natural prevalence and full enrichment") {
  const auto plus = [](double share) {
    const phantom_population population({.seed = 5, .subjects = 1000, .enrichment = share});
    return static_cast<double>(population.class_counts()[2]) / static_cast<double>(population.images().size());
  };
  CHECK(plus(0) < .06);
  CHECK(plus(.5) > .14);
  CHECK(plus(.5) < .26);
  CHECK(plus(1) > .3);
  CHECK_THROWS_AS(phantom_population({.subjects = 2, .enrichment = 1.5}), synthmed::argument_error);
}

TEST_CASE("sessions of an eye lie close together in severity, and either eye's class is the usual one of the other") {
  const phantom_population population({.seed = 4, .subjects = 500});
  double within = 0, between = 0;
  std::size_t pairs = 0;
  for (std::size_t i = 1; i < population.images().size(); ++i) {
    const auto &a = population.image(i - 1), &b = population.image(i);
    if (a.eye != b.eye) continue;
    within += std::pow(a.severity - b.severity, 2);
    between += std::pow(a.severity - population.image((i + 997) % population.images().size()).severity, 2);
    ++pairs;
  }
  REQUIRE(pairs > 500);
  CHECK(within < .2 * between);
}

TEST_CASE("the population's records never depend on the order in which they are asked for") {
  const phantom_population a({.seed = 8, .subjects = 20}), b({.seed = 8, .subjects = 20});
  for (std::size_t i = a.images().size(); i-- > 0;) {
    CHECK(same(a.image(i), b.image(i)));
    CHECK(a.session_key(i) == b.session_key(i));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < a.images().size(); ++i) CHECK(names.insert(a.name(i)).second);
  CHECK(a.name(0) == "P0000_OD_0");
}

TEST_CASE("impossible populations are refused with their values") {
  using synthmed_test::contains;
  using synthmed_test::message_of;
  CHECK(contains(message_of<argument_error>([] { phantom_population({.subjects = 0}); }), "got 0 subjects"));
  CHECK(contains(message_of<argument_error>([] {
                   phantom_population({.sessions = {.5, .25, .125, 0}});
                 }),
                 "got 0.875"));
  CHECK_THROWS_AS(phantom_population({.sessions = {1.5, -.5, 0, 0}}), argument_error);
  const phantom_population population({.images = 3});
  CHECK(contains(message_of<argument_error>([&] { (void)population.image(3); }), "has 3"));
}
