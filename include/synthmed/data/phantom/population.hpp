// The phantom's population: subjects, eyes, sessions and images with severity, labels, graders and nuisance factors.
// No pixel is made here, so a population of thousands costs milliseconds. Every number is a function of
// (seed, stream, subject, eye, session) alone.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed {

/// The three grades of plus disease (ICROP3), ordered by severity.
enum class diagnosis : std::uint8_t { normal, pre_plus, plus };

/// "normal", "pre-plus" or "plus": the spelling of manifests.
[[nodiscard]] inline std::string to_string(diagnosis d) {
  return d == diagnosis::normal ? "normal" : d == diagnosis::pre_plus ? "pre-plus" : "plus";
}

/// Right (OD) or left (OS).
enum class eye_side : std::uint8_t { right, left };

/// "OD" or "OS".
[[nodiscard]] inline std::string to_string(eye_side side) { return side == eye_side::right ? "OD" : "OS"; }

/// The colour of the fundus: 38 % blond, 49 % medium, 13 % dark.
enum class fundus_pigment : std::uint8_t { blond, medium, dark };

[[nodiscard]] inline std::string to_string(fundus_pigment p) {
  return p == fundus_pigment::blond ? "blond" : p == fundus_pigment::medium ? "medium" : "dark";
}

/// The quadrants of the posterior pole, in the order of every array of four.
enum class quadrant : std::uint8_t { superior_temporal, inferior_temporal, superior_nasal, inferior_nasal };

/// What a population is drawn from.
struct phantom_options {
  /// Root of every random number. Populations of the same seed and stream are equal, prefix by prefix.
  std::uint64_t seed = 1;
  /// Which population of the seed, and the first letters of its subjects' names; different streams share no subject.
  std::string stream = "P";
  /// Number of subjects. Ignored when `images` is not 0.
  std::int64_t subjects = 963;
  /// Exact number of images: subjects are added until it is reached, the last one cut short. 0: all images of
  /// `subjects`.
  std::int64_t images = 0;
  /// Share of the subjects, 0 ... 1, whose severity is uniform on 0.05 - 1.15 instead of natural. 0: the natural
  /// prevalence (about 83 / 14 / 3 %). 1: all classes are frequent, and many eyes lie next to a cut. In between, a
  /// mixture. phantom_record::weight leads back to the natural prevalence.
  double enrichment = 0;
  /// Probabilities of one to four sessions per eye; one image per session. They add up to 1.
  std::array<double, 4> sessions{.25, .25, .25, .25};
};

/// A subject: one severity, one pigment, one calibre and tortuosity of its vessels apart from disease.
struct phantom_subject {
  std::string id;       ///< stream and number, such as "P0007"
  double severity = 0;  ///< v_S; normal eyes lie around .2, plus begins at .75
  double weight = 1;    ///< natural density of v_S divided by the density it was drawn from; 1 without enrichment
  fundus_pigment pigment = fundus_pigment::medium;
  double artery_tortuosity = 1, vein_tortuosity = 1;  ///< factors on the slopes, independent of severity
  double artery_width = 1, vein_width = 1;            ///< factors on the calibres, independent of severity
  double disc_size = 1;                               ///< factor on the size of both discs
  double fork_spacing = 1;                            ///< factor on the length between forks: how rich the branches are
};

/// An eye: the anatomy that all its sessions share.
struct phantom_eye {
  std::size_t subject = 0;
  eye_side side = eye_side::right;
  double severity = 0;                      ///< v_E
  double trend = 1;                         ///< 1: disease grows from session to session, -1: it recedes
  std::array<double, 4> quadrant_factor{};  ///< q_k: how much more a quadrant is diseased than the others
  double artery_angle = 97;                 ///< temporal arcade of the arteries, degrees, before disease narrows it
  double vein_angle = 130;                  ///< temporal arcade of the veins, degrees
  double pixels_per_dd = 51;                ///< disc diameter in pixels of the 640 x 480 frame
  double fovea_x = 3.76, fovea_y = .35;     ///< in disc diameters (DD) from the disc: temporal, inferior
  double vascular_edge = std::numeric_limits<double>::infinity();  ///< DD from the disc; infinite: outside the frame
  bool halo = true;                                                ///< a second ring around the disc
};

/// One image: a session of an eye.
struct phantom_record {
  std::size_t subject = 0, eye = 0;  ///< indices into the population
  int session = 0;
  double severity = 0;                      ///< v of this session
  std::array<double, 4> quadrant_factor{};  ///< q_k of the eye, a little different in every session
  std::array<double, 4> quadrant{};         ///< local severity of each quadrant, v (1 + .6 q_k)
  double latent = 0;                        ///< mean of the second and third largest quadrant: the two-quadrant rule
  diagnosis label = diagnosis::normal;      ///< consensus: the majority, i.e. the median, of `graders`
  std::array<diagnosis, 3> graders{};       ///< single readings behind the consensus
  std::array<diagnosis, 8> experts{};       ///< eight further readers, less exact, each with cut-points of his own
  std::array<double, 3> readings{};         ///< severity as each grader perceived it, before the cut-points
  double weight = 1;                        ///< the subject's
  double disc_x = 0, disc_y = 0;            ///< disc centre in pixels of the 640 x 480 frame
  double roll = 0;                          ///< camera roll, degrees
  double glare = 0;                         ///< strength of the glare crescent; 0 in half of the images
  double haze = 0;                          ///< 0 - .4
  double blur = .55;                        ///< standard deviation of the defocus, pixels
  int jpeg_quality = 90;  ///< 75 - 95: with which a camera would write the file; pixels are not compressed
};

/// The cut-points of the latent severity: below the first normal, from the second on plus.
inline constexpr std::array<double, 2> phantom_cuts{.40, .75};

/// The diagnosis of a perceived severity under cut-points that a reader has shifted.
[[nodiscard]] constexpr diagnosis diagnose(double perceived, double shift = 0) noexcept {
  return perceived < phantom_cuts[0] + shift   ? diagnosis::normal
         : perceived < phantom_cuts[1] + shift ? diagnosis::pre_plus
                                               : diagnosis::plus;
}

/// The two-quadrant rule: the mean of the second and third largest local severity.
[[nodiscard]] inline double latent_severity(std::array<double, 4> quadrants) {
  std::sort(quadrants.begin(), quadrants.end());
  return .5 * (quadrants[1] + quadrants[2]);
}

/// Subjects, eyes and images with everything about them but their pixels.
class phantom_population {
 public:
  /// Draws the population. Throws argument_error for counts below 1, a share outside of 0 ... 1 or session
  /// probabilities that do not add up to 1.
  explicit phantom_population(phantom_options options) : options_(std::move(options)) {
    check();
    const auto limit = static_cast<std::size_t>(options_.images);
    for (std::int64_t s = 0; limit ? images_.size() < limit : s < options_.subjects; ++s) add_subject(s);
    if (limit) trim(limit);
  }

  [[nodiscard]] const phantom_options& options() const noexcept { return options_; }
  [[nodiscard]] const std::vector<phantom_subject>& subjects() const noexcept { return subjects_; }
  [[nodiscard]] const std::vector<phantom_eye>& eyes() const noexcept { return eyes_; }
  [[nodiscard]] const std::vector<phantom_record>& images() const noexcept { return images_; }

  /// A record. Throws argument_error outside of [0, images().size()).
  [[nodiscard]] const phantom_record& image(std::size_t index) const {
    if (index >= images_.size())
      throw argument_error(
          sentence("Image ", index, " was asked for, but the phantom population has ", images_.size(), "."));
    return images_[index];
  }

  /// The key under which an eye's anatomy is drawn.
  [[nodiscard]] key eye_key(std::size_t eye) const {
    const phantom_eye& e = eyes_.at(eye);
    return subject_key(static_cast<std::int64_t>(e.subject)).fold("eye").fold(static_cast<int>(e.side));
  }
  /// The key under which a session's photograph is drawn.
  [[nodiscard]] key session_key(std::size_t index) const {
    return eye_key(image(index).eye).fold("session").fold(image(index).session);
  }

  /// "P0007_OD_2": unique within a population and its stream.
  [[nodiscard]] std::string name(std::size_t index) const {
    const phantom_record& r = image(index);
    return subjects_[r.subject].id + '_' + to_string(eyes_[r.eye].side) + '_' + std::to_string(r.session);
  }

  /// Number of images per diagnosis.
  [[nodiscard]] std::array<std::size_t, 3> class_counts() const {
    std::array<std::size_t, 3> counts{};
    for (const auto& r : images_) ++counts[static_cast<std::size_t>(r.label)];
    return counts;
  }

 private:
  void check() const {
    if (options_.images < 0 || (options_.images == 0 && options_.subjects < 1))
      throw argument_error(sentence("A phantom population needs at least one subject or one image, got ",
                                    options_.subjects, " subjects and ", options_.images, " images."));
    double sum = 0;
    if (!(options_.enrichment >= 0 && options_.enrichment <= 1))
      throw argument_error(sentence("The share of enriched subjects lies in 0 ... 1, got ", options_.enrichment, "."));
    for (const double p : options_.sessions) {
      if (!(p >= 0)) throw argument_error(sentence("Session probabilities are at least 0, got ", p, "."));
      sum += p;
    }
    if (std::abs(sum - 1) > 1e-9)
      throw argument_error(sentence("The four session probabilities add up to 1, got ", sum, "."));
  }

  [[nodiscard]] key root() const { return key(options_.seed).fold("phantom").fold(options_.stream); }
  [[nodiscard]] key subject_key(std::int64_t subject) const { return root().fold("subject").fold(subject); }

  /// exp(sd N): the factor that the recipe writes LN(sd).
  static double log_normal(random_stream& r, double sd) { return std::exp(sd * r.normal()); }

  /// A number in [0, 1) that runs evenly through the subjects in irrational steps from a random start. Different steps
  /// leave no chance to a link between what a whole subject shares (pigment, disc size) and its severity.
  [[nodiscard]] double even(const char* what, std::int64_t number, double step) const {
    const double u = random_stream(root().fold(what)).uniform() + static_cast<double>(number) * step;
    return u - std::floor(u);
  }

  void add_subject(std::int64_t number) {
    random_stream r(subject_key(number));
    phantom_subject s;
    std::string digits = std::to_string(number);
    s.id = options_.stream + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
    const double median = .20, spread = .70, low = .05, high = 1.15;
    const double natural = median * log_normal(r, spread);
    // Even a handful of subjects covers all classes.
    const bool enriched = even("enriched", number, std::sqrt(7.)) < options_.enrichment;
    s.severity = enriched ? low + (high - low) * even("enrich", number, std::numbers::phi) : natural;
    if (options_.enrichment > 0) {
      const double z = std::log(s.severity / median) / spread;
      const double density = std::exp(-.5 * z * z) / (s.severity * spread * std::sqrt(2 * std::numbers::pi));
      const double uniform = s.severity >= low && s.severity < high ? 1 / (high - low) : 0;
      s.weight = density / (options_.enrichment * uniform + (1 - options_.enrichment) * density);
    }
    const double pigment = even("pigment", number, std::numbers::sqrt3);
    s.pigment = pigment < .38 ? fundus_pigment::blond : pigment < .87 ? fundus_pigment::medium : fundus_pigment::dark;
    s.artery_tortuosity = log_normal(r, .14);
    s.vein_tortuosity = s.artery_tortuosity * log_normal(r, .18);
    s.artery_width = log_normal(r, .085);
    s.vein_width = s.artery_width * log_normal(r, .06);
    s.fork_spacing = log_normal(r, .22);
    s.disc_size = 1 + .14 * (even("disc size", number, std::numbers::sqrt2) - .5);
    subjects_.push_back(s);
    for (const eye_side side : {eye_side::right, eye_side::left}) add_eye(number, side);
  }

  void add_eye(std::int64_t subject, eye_side side) {
    random_stream r(subject_key(subject).fold("eye").fold(static_cast<int>(side)));
    phantom_eye e;
    e.subject = static_cast<std::size_t>(subject);
    e.side = side;
    e.severity = subjects_.back().severity * log_normal(r, .12);
    for (double& q : e.quadrant_factor) q = std::clamp(r.normal(0, .18), -.5, .5);
    e.artery_angle = std::clamp(r.normal(97, 24), 45.0, 150.0);
    e.vein_angle = std::clamp(r.normal(130, 18), 80.0, 170.0);
    e.pixels_per_dd = 51 * std::clamp(subjects_.back().disc_size * log_normal(r, .03), .88, 1.14);
    e.fovea_x = std::clamp(r.normal(3.76, .35), 2.9, 4.7);
    e.fovea_y = r.normal(.35, .15);
    const bool has_edge = r.chance(.15);
    const double edge = r.uniform(5.0, 6.6);
    if (has_edge) e.vascular_edge = edge;
    e.halo = r.chance(.75);
    // Either way is as likely, so that the number of a session does not tell the label.
    e.trend = r.chance(.5) ? 1 : -1;
    double left = r.uniform();
    int sessions = 1;
    while (sessions < 4 && left >= options_.sessions[static_cast<std::size_t>(sessions - 1)])
      left -= options_.sessions[static_cast<std::size_t>(sessions++ - 1)];
    eyes_.push_back(e);
    for (int session = 0; session < sessions; ++session) add_session(session, sessions);
  }

  void add_session(int session, int sessions) {
    const std::size_t eye_index = eyes_.size() - 1;
    const phantom_eye& e = eyes_.back();
    const key session_root = eye_key(eye_index).fold("session").fold(session);
    random_stream r(session_root.fold("record"));
    phantom_record i;
    i.subject = e.subject;
    i.eye = eye_index;
    i.session = session;
    i.weight = subjects_[e.subject].weight;
    i.severity = std::max(0.0, e.severity * (1 + e.trend * .10 * (session - .5 * (sessions - 1))) + r.normal(0, .03));
    for (std::size_t k = 0; k < 4; ++k) {
      i.quadrant_factor[k] = e.quadrant_factor[k] + r.normal(0, .05);
      i.quadrant[k] = i.severity * (1 + .6 * i.quadrant_factor[k]);
    }
    i.latent = latent_severity(i.quadrant);
    std::array<diagnosis, 3> sorted{};
    for (std::size_t g = 0; g < 3; ++g) {
      i.readings[g] = i.latent + r.normal(0, .07);
      sorted[g] = i.graders[g] = diagnose(i.readings[g]);
    }
    std::sort(sorted.begin(), sorted.end());
    i.label = sorted[1];
    for (std::size_t g = 0; g < 8; ++g) {
      const double shift = .06 * random_stream(root().fold("expert").fold(g)).normal();
      i.experts[g] = diagnose(i.latent + r.normal(0, .12), shift);
    }
    // The disc lies nasal of the frame's centre: to the right of it in a right eye.
    const double mirror = e.side == eye_side::right ? 1 : -1;
    i.disc_x = 320 + mirror * e.pixels_per_dd * std::clamp(r.normal(1.0, .45), -.3, 2.3);
    i.disc_y = 240 + e.pixels_per_dd * std::clamp(r.normal(-.1, .45), -1.4, 1.2);
    i.roll = std::clamp(r.normal(0, 3.5), -7.0, 7.0);
    const bool has_glare = r.chance(.5);
    const double glare = r.uniform(.05, .35);
    i.glare = has_glare ? glare : 0;
    i.haze = std::min(.4, std::abs(r.normal(.10, .09)));
    i.blur = .55 + std::abs(r.normal(0, .55));
    i.jpeg_quality = 75 + static_cast<int>(r.below(21));
    images_.push_back(i);
  }

  // Drops the images beyond the limit, and an eye that has none left.
  void trim(std::size_t limit) {
    images_.resize(std::min(images_.size(), limit));
    eyes_.resize(images_.back().eye + 1);
  }

  phantom_options options_;
  std::vector<phantom_subject> subjects_;
  std::vector<phantom_eye> eyes_;
  std::vector<phantom_record> images_;
};

/// The sizes in which programs use the phantom.
enum class phantom_preset : std::uint8_t { smoke, quick, demo, study };

/// A preset's populations.
struct phantom_populations {
  phantom_options main;          ///< training, validation and own test, split by subject
  phantom_options further_test;  ///< new subjects for testing alone; no images where `has_further_test` is false
  bool has_further_test = false;
};

/// smoke: 24 images of 12 subjects, all enriched. quick: 2000 images of about 400 subjects and 800 of new subjects,
/// half of the subjects enriched. demo: 2000 and 1200. study: 963 subjects at natural prevalence, about 5840 images, no
/// further test population.
[[nodiscard]] inline phantom_populations populations_of(phantom_preset preset, std::uint64_t seed = 1) {
  phantom_populations p;
  p.main.seed = seed;
  switch (preset) {
    case phantom_preset::smoke:
      p.main.images = 24;
      p.main.enrichment = 1;
      p.main.sessions = {1, 0, 0, 0};
      break;
    case phantom_preset::quick:
    case phantom_preset::demo:
      p.main.images = 2000;
      p.main.enrichment = .5;
      p.has_further_test = true;
      p.further_test = p.main;
      p.further_test.stream = "T";
      p.further_test.images = preset == phantom_preset::quick ? 800 : 1200;
      break;
    case phantom_preset::study:
      p.main.subjects = 963;
      p.main.sessions = {.10, .20, .27, .43};
      break;
  }
  return p;
}

/// The preset of a name. Throws argument_error that lists the names.
[[nodiscard]] inline phantom_preset phantom_preset_of(std::string_view name) {
  if (name == "smoke") return phantom_preset::smoke;
  if (name == "quick") return phantom_preset::quick;
  if (name == "demo") return phantom_preset::demo;
  if (name == "study") return phantom_preset::study;
  throw argument_error(
      sentence("There is no phantom preset \"", name, "\"; the presets are smoke, quick, demo and study."));
}

}  // namespace synthmed
