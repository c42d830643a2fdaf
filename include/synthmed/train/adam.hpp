// Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019) over a tree of parameters; the moments are trees too.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/train/checkpoint.hpp>

namespace synthmed::train {

/// How Adam steps, beside its learning rate. The defaults are PyTorch's.
struct adam_options {
  double beta1 = 0.9;          ///< decay of the mean of gradients, in [0, 1)
  double beta2 = 0.999;        ///< decay of the mean of their squares, in [0, 1)
  double epsilon = 1e-8;       ///< added to the root of the second moment
  double weight_decay = 0;     ///< AdamW: before a step each parameter loses this share, times the rate. 0: plain Adam
  bool decays_vectors = true;  ///< biases and norms decay too, as in PyTorch; ignored without weight_decay
  friend bool operator==(const adam_options&, const adam_options&) = default;
};

/// Adam's memory for a tree of parameters. Two equal ones make equal steps. `update` changes parameters in place.
template <backend D, class Tree>
struct adam_moments {
  using tensor = typename D::tensor;

  Tree first, second;      ///< means of gradients and of their squares, shaped as the parameters, without gradient
  std::int64_t steps = 0;  ///< updates so far; the correction of the bias comes from it

  /// Zeros for parameters of these shapes.
  explicit adam_moments(const Tree& parameters)
      : first(nn::zeros_like<D>(parameters)), second(nn::zeros_like<D>(parameters)) {}

  /// One step on all parameters. `gradients` are in the order of nn::tensors(parameters).
  /// Throws argument_error for another number of gradients.
  void update(Tree& parameters, const std::vector<tensor>& gradients, double rate, const adam_options& options = {}) {
    update(pointers(parameters), pointers(first), pointers(second), gradients, rate, options);
  }

  /// One step on some parameters: those pointed to, with their moments (parts of `first` and `second`) and gradients in
  /// the same order. A progressive network updates the blocks in use. Throws argument_error when the numbers differ.
  void update(const std::vector<tensor*>& parameters, const std::vector<tensor*>& firsts,
              const std::vector<tensor*>& seconds, const std::vector<tensor>& gradients, double rate,
              const adam_options& options = {}) {
    if (firsts.size() != parameters.size() || seconds.size() != parameters.size() ||
        gradients.size() != parameters.size())
      throw argument_error(sentence("Adam needs one gradient and two moments per parameter, got ", parameters.size(),
                                    " parameters, ", gradients.size(), " gradients, ", firsts.size(), " and ",
                                    seconds.size(), " moments."));
    using scalar = typename D::scalar;
    ++steps;
    const auto t = static_cast<double>(steps);
    const adam_step<scalar> how{.learning_rate = static_cast<scalar>(rate),
                                .beta1 = static_cast<scalar>(options.beta1),
                                .beta2 = static_cast<scalar>(options.beta2),
                                .epsilon = static_cast<scalar>(options.epsilon),
                                .correction1 = static_cast<scalar>(1 - std::pow(options.beta1, t)),
                                .correction2 = static_cast<scalar>(1 - std::pow(options.beta2, t))};
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (options.weight_decay != 0 && (options.decays_vectors || D::shape_of(*parameters[i]).rank() > 1))
        shrink(*parameters[i], 1 - rate * options.weight_decay);
      D::adam(*parameters[i], *firsts[i], *seconds[i], gradients[i], how);
    }
  }

  /// Adds the moments as `prefix`.first.*, `prefix`.second.* and `prefix`.steps.
  void write(safetensors_writer& file, const std::string& prefix) const {
    add_tree<D>(file, prefix + ".first", first);
    add_tree<D>(file, prefix + ".second", second);
    file.template add<std::int64_t>(prefix + ".steps", {1}, std::vector<std::int64_t>{steps});
  }

  /// Reads what write() added. Throws format_error, naming what does not fit, and then leaves the moments as they were.
  void read(const safetensors& file, const std::string& prefix) {
    adam_moments there(*this);
    read_tree<D>(file, prefix + ".first", there.first);
    read_tree<D>(file, prefix + ".second", there.second);
    const auto count = file.template values<std::int64_t>(prefix + ".steps");
    if (count.size() != 1 || count[0] < 0)
      throw format_error(sentence("The tensor ", prefix, ".steps holds no number of steps."));
    if constexpr (differentiable_backend<D>) {
      there.first = nn::frozen<D>(there.first);
      there.second = nn::frozen<D>(there.second);
    }
    there.steps = count[0];
    *this = std::move(there);
  }

 private:
  [[nodiscard]] static std::vector<tensor*> pointers(Tree& tree) {
    std::vector<tensor*> out;
    nn::for_each_parameter(tree, [&](const std::string&, tensor& x) { out.push_back(&x); });
    return out;
  }

  static void shrink(tensor& x, double by) {
    const auto factor = static_cast<typename D::scalar>(by);
    if constexpr (differentiable_backend<D>)
      x = D::parameter(D::mul_scalar(D::detach(x), factor));
    else
      x = D::mul_scalar(x, factor);
  }
};

}  // namespace synthmed::train
