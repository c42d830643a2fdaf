// Weights that others trained, from safetensors into a network's parameters and buffers, strictly by name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/nn/init.hpp>
#include <synthmed/nn/parameters.hpp>

namespace synthmed::models {

/// What may differ between a file and a network. By default nothing may, except that a batch norm's counter
/// (num_batches_tracked) is not used.
struct weights_options {
  /// Names that begin with `first` in the file begin with `second` in the network: {"module.", ""}, {"linear.", "fc."}.
  /// The first pair that fits a name is used, once.
  std::vector<std::pair<std::string, std::string>> renamed{};
  /// Tensors whose names (in the network) begin with one of these stay as they are, whatever the file holds: {"fc."}
  /// for a network with other classes than the file's.
  std::vector<std::string> kept{};
  /// Names of convolutions that take grey pictures here and colour in the file: their kernels are summed over the
  /// channels, which gives what the file's network makes of a grey picture repeated in every channel.
  std::vector<std::string> summed{};
};

namespace detail {

[[nodiscard]] inline bool begins_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes)
    if (name.starts_with(prefix)) return true;
  return false;
}

/// The stored names by the names that the network has for them.
[[nodiscard]] inline std::map<std::string, std::string> names_here(const safetensors& file,
                                                                   const weights_options& options) {
  std::map<std::string, std::string> stored;
  for (const auto& [name, entry] : file.entries()) {
    std::string here = name;
    for (const auto& [from, to] : options.renamed)
      if (name.starts_with(from)) {
        here = to + name.substr(from.size());
        break;
      }
    if (!stored.emplace(here, name).second)
      throw format_error(sentence("Two tensors of ", file.source(), ", \"", stored[here], "\" and \"", name,
                                  "\", are both called \"", here, "\" after renaming."));
  }
  return stored;
}

/// [co, ci, ...] as [co, 1, ...]: sums over the second axis.
template <class Scalar>
[[nodiscard]] std::vector<Scalar> summed_kernels(const std::vector<Scalar>& values, const shape& dims) {
  const auto outputs = static_cast<std::size_t>(dims[0]), inputs = static_cast<std::size_t>(dims[1]);
  const std::size_t window = values.size() / (outputs * inputs);
  std::vector<Scalar> out(outputs * window);
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t w = 0; w < window; ++w) {
      double sum = 0;
      for (std::size_t i = 0; i < inputs; ++i) sum += static_cast<double>(values[(o * inputs + i) * window + w]);
      out[o * window + w] = static_cast<Scalar>(sum);
    }
  return out;
}

}  // namespace detail

/// Fills parameters and buffers from a file by their names. Numbers are converted to the backend's precision. Throws
/// one format_error that lists every tensor that is missing, has another shape, or stands in the file without a place
/// in the network, and argument_error for an option that fits no tensor; the trees are then as they were.
template <backend B, class Parameters, class Buffers>
void load_weights(const safetensors& file, Parameters& parameters, Buffers& buffers,
                  const weights_options& options = {}) {
  using scalar = typename B::scalar;
  using tensor = typename B::tensor;
  const auto stored = detail::names_here(file, options);
  std::string problems;
  const auto problem = [&](const auto&... pieces) { problems += sentence(problems.empty() ? "" : "; ", pieces...); };
  std::set<std::string> wanted;
  const auto values_for = [&](const std::string& name, const tensor& x, auto make) {
    wanted.insert(name);
    if (detail::begins_with_any(name, options.kept)) return x;
    const auto found = stored.find(name);
    const shape needed = B::shape_of(x);
    if (found == stored.end()) {
      problem("\"", name, "\" ", needed, " is missing");
      return x;
    }
    const auto& entry = file.at(found->second);
    const bool sums = std::find(options.summed.begin(), options.summed.end(), name) != options.summed.end();
    const bool fits = sums ? entry.dims.rank() >= 2 && entry.dims.with(1, 1) == needed : entry.dims == needed;
    if (!fits || entry.type == element_type::i64) {
      problem("\"", name, "\" is ", to_string(entry.type), " ", entry.dims, ", expected ", needed);
      return x;
    }
    auto values = file.values<scalar>(found->second);
    if (sums) values = detail::summed_kernels(values, entry.dims);
    return make(needed, std::span<const scalar>(values));
  };
  std::vector<tensor> trained, running;
  nn::for_each_parameter(parameters, [&](const std::string& name, const tensor& x) {
    trained.push_back(values_for(name, x, [](const shape& s, auto v) { return nn::make_parameter<B>(s, v); }));
  });
  nn::for_each_parameter(buffers, [&](const std::string& name, const tensor& x) {
    running.push_back(values_for(name, x, [](const shape& s, auto v) { return B::from_host(s, v); }));
  });
  for (const auto& name : options.summed)
    if (!wanted.contains(name))
      throw argument_error(sentence("Kernels of \"", name, "\" cannot be summed: the network has no such tensor."));
  for (const auto& [here, name] : stored)
    if (!wanted.contains(here) && !here.ends_with("num_batches_tracked") &&
        !detail::begins_with_any(here, options.kept))
      problem("\"", name, "\" ", file.at(name).dims, " has no place in the network");
  if (!problems.empty())
    throw format_error(sentence(file.source(), " does not hold this network's weights: ", problems, "."));
  nn::assign(parameters, trained);
  nn::assign(buffers, running);
}

/// Adds parameters and buffers under their own names, in the backend's precision: what load_weights reads.
template <backend B, class Parameters, class Buffers>
void add_weights(safetensors_writer& file, const Parameters& parameters, const Buffers& buffers) {
  const auto add = [&](const std::string& name, const typename B::tensor& x) {
    std::vector<typename B::scalar> values(static_cast<std::size_t>(B::shape_of(x).elements()));
    B::to_host(x, values);
    file.add<typename B::scalar>(name, B::shape_of(x), values);
  };
  nn::for_each_parameter(parameters, add);
  nn::for_each_parameter(buffers, add);
}

}  // namespace synthmed::models
