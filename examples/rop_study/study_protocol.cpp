// The published protocol, option by option, and what a study does instead.
#include "study_plan.hpp"

#include <algorithm>
#include <iterator>

#include <synthmed/error.hpp>

namespace rop_study {

using synthmed::sentence;

std::string one_line(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) {
    const char* const quote = w.find(' ') == std::string::npos ? "" : w.find('\'') == std::string::npos ? "'" : "\"";
    out += (out.empty() ? "" : " ") + (quote + w + quote);
  }
  return out;
}

std::vector<deviation> deviations_of(const study_request& r, const preset_facts& f, const study_settings& s) {
  std::vector<deviation> out;
  const auto add = [&](const char* option, std::string published, std::string here, std::string why) {
    if (published != here) out.push_back({option, std::move(published), std::move(here), std::move(why)});
  };
  const bool study = r.preset == "study", own = !r.images.empty(), photographs = !own || r.kind == "fundus";
  const std::string time = "what fits the time", none = "none";

  // Pictures and splits.
  add("data.source", "5842 posterior photographs of 963 infants (i-ROP)",
      own ? sentence("own pictures: ", s.data) : sentence("phantom, preset ", r.preset),
      own ? "asked for with --images" : "patients' pictures cannot be shared");
  if (own) {
    add("data.population", "natural prevalence",
        "as the pictures came; figures of natural prevalence need known weights and are left out",
        "asked for with --images");
    add("data.exclusions", "site APEC, label Unknown, the expert set's subjects",
        "what --prepare=\"--exclude column=value\" names; the expert set's subjects",
        "sites and labels are the data's own");
  } else if (!study) {
    add("data.population", "natural prevalence",
        f.population_name == "enriched" ? "enriched: severity drawn evenly" : f.population,
        "natural prevalence needs thousands of pictures for enough plus disease");
    add("data.test", "a fifth of the subjects", "that fifth, and all pictures of further subjects",
        "an AUC of few plus pictures says little");
    add("data.expert", "54 normal, 31 pre-plus, 15 plus", sentence(f.expert, " (normal, pre-plus, plus)"), time);
  }
  add("split.rule", "60/20/20 by subject, R's groupdata2::partition, seed 1337",
      sentence("60/20/20 by subject, stratified by the subject's worst grade, seed ", r.seed),
      "a random split by subject alone left the classes uneven, and R's draw cannot be had outside R");

  // Vessel maps.
  if (photographs) {
    add("unet.training", "a U-Net of the i-ROP group; its training pictures are not published",
        !r.unet.empty() ? "the weights given with --unet"
                        : "a U-Net trained here on the training split's photographs and true maps",
        "the weights are not public");
    if (const auto side = std::find(f.prepare.begin(), f.prepare.end(), "--photograph-size");
        !own && side != f.prepare.end())
      add("unet.input", "whole photographs of 640 x 480, contrast equalised in 8 x 8 tiles",
          sentence("the square around the disc at ", *std::next(side), " px, 4 x 4 tiles"), time);
    if (!study) add("unet.windows", "48 x 48 windows that overlap, averaged", "one pass over the picture", time);
  }
  if (!study && !own)
    add("maps.frame", "640 x 480 squashed to 256 x 256, values below 51 set to 0",
        sentence("a square around the disc at ", f.maps, " px, soft, left eyes mirrored"), time);
  if (!study && own)
    add("maps.frame", "squashed to 256 x 256, values below 51 set to 0",
        sentence("squashed to ", f.maps, " x ", f.maps, ", soft"), time);

  // Generators.
  if (!study) {
    add("gan.network", "scales 4 to 512 px, 512 channels",
        "scales up to the maps' size, up to 64 channels, one convolution per scale", time);
    add("gan.steps", "48 000 steps, then 7 x 96 000; batch 16, 8, 2",
        "the preset's pictures per scale (gan/gan.json), batch 8", time);
    add("gan.loss", "WGAN-GP", "non-saturating, R1 penalty of weight 10 at every fourth step",
        "classifiers learn more from its maps, in less time (docs/gan.md)");
    add("gan.warm_up", "three GANs from random weights", "three GANs that start from one GAN of all classes",
        "steady pictures of every class in little time; a class's GAN then has seen training maps of the others");
    add("gan.values", "linear", "square root of the map", "quietens the background of soft maps");
    add("gan.flips", "left-right and upside down", own ? none : "none: all maps are mirrored to one side",
        "what the small networks need not learn");
    add("gan.recipe", "equalized bias, unbiased batch statistic, average begun anew with a scale",
        "--recipe synthmed (docs/gan.md)", "the paper's forms, which train more steadily");
  } else {
    add("gan.normal_class", "the class normal was trained by the command StyleGAN", "all classes alike",
        "taken for a slip: it was evaluated as a PGAN");
  }
  if (!s.own_validation)
    add("synthetic.counts", "as many as real training and validation maps", "as many as real training maps",
        "nothing is validated on synthetic maps here");

  // Classifiers.
  if (!study) {
    add("cnn.network", "ResNet-18, 224 px", "small residual network at the maps' size", time);
    add("cnn.optimiser", "Adam 1e-3, batch 32, at most 50 epochs, patience 10",
        "AdamW falling as a cosine, a fixed number of steps", "a stage ends by a count");
    add("cnn.label_smoothing", none, "0.1", "steadier probabilities of few maps");
    add("cnn.augmentation", "flips, 20 degrees", "flips, 20 degrees, shifts of 4 %", "steadier with few maps");
    add("cnn.selection", "accuracy; the last epoch is kept", "macro AUC; the best step is reloaded",
        "accuracy follows the commonest class; the best step was never reloaded");
    add("cnn.flip_averaging", none, "over four flips", "steadier probabilities");
  } else {
    add("cnn.last_batch", "left short", "filled up with further maps", "every step has one shape");
  }
  add("cnn.initial_weights", "ImageNet", r.init.empty() ? "random" : "ImageNet",
      "no weights were given (--init resnet18.safetensors)");
  add("cnn.validation", "the synthetic arm on synthetic maps",
      s.own_validation ? "the synthetic arm on synthetic maps" : "all arms on the same real maps",
      "otherwise arms differ in how they are chosen, too (--validation study does as published)");
  add("seeds", "one training",
      sentence(f.gan_seeds, f.gan_seeds == 1 ? " GAN seed, " : " GAN seeds, ", f.cnn_seeds, " classifiers per arm"),
      "the published difference lies within what training again changes");
  add("arms", "real, synthetic",
      own ? "also real and synthetic together, copying machine"
          : "also real and synthetic together, exact maps, fresh phantom, copying machine",
      own ? "a positive control of the privacy audit; the fresh phantom and exact maps need a phantom"
          : "an upper bound, what segmentation costs, and a positive control of the privacy audit");

  // Figures.
  add("fidelity.features", "Inception-v3, pool3",
      r.inception.empty() ? "frechet[cnn-real]: penultimate features of the first real-trained classifier; not FID"
                          : "Inception-v3, pool3",
      "no weights were given (--inception FILE)");
  if (r.inception.empty())
    add("fidelity.sets", "train against validation and test", "train against test",
        "the classifier was chosen on the validation maps");
  if (!study) add("umap.profile", "R's umap", "umap-learn's conventions", "R's curve fit is worse at min_dist .99");
  add("umap.neighbours", "15", f.map_neighbours, time);
  add("privacy", "nearest distances", "attacks with controls, distances, duplicates",
      "a distance alone shows no privacy");
  add("intervals", "pictures as independent", sentence("subjects resampled, ", f.replicates, " times"),
      "pictures of one infant are alike");
  if (r.backend != "torch")
    add("program", "PyTorch", sentence("synthmed, backend ", r.backend, " on ", r.device), "what this program is");

  for (const auto& [flag, words] : {std::pair{"flags.prepare", r.prepare_flags},
                                    {"flags.segment", r.segment_flags},
                                    {"flags.gan", r.gan_flags},
                                    {"flags.classify", r.classify_flags}})
    if (!words.empty())
      add(flag, "as the preset", one_line(words),
          "asked for on the command line; where it contradicts a row above, it is what was done");
  return out;
}

}  // namespace rop_study
