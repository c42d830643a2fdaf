// Batch norm: a layer with running statistics.
#pragma once

#include <cstdint>

#include <synthmed/nn/convolution.hpp>
#include <synthmed/nn/layer.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/normalization.hpp>

namespace synthmed::nn {

template <class Tensor>
struct running_statistics {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(running_statistics, (Tensor, running_mean), (Tensor, running_var));
};

/// Batch norm over every axis but the channels (Ioffe, Szegedy 2015). Training normalises by the batch and moves the
/// running statistics (unbiased variance, as PyTorch); evaluation normalises by these.
struct batch_norm {
  std::int64_t channels = 1;
  double momentum = 0.1;  ///< share of the batch in the new running statistics
  double epsilon = 1e-5;  ///< added to the variance

  template <class B>
  using parameters = weight_and_bias<typename B::tensor>;
  template <class B>
  using buffers = running_statistics<typename B::tensor>;

  [[nodiscard]] constexpr bool accepts(chw s) const { return s.c == channels; }
  [[nodiscard]] constexpr chw out(chw s) const { return s; }

  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key) const {
    return {make_parameter<B>({channels}, 1.0), make_parameter<B>({channels}, 0.0)};
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {B::full({channels}, 0), B::full({channels}, 1)};
  }
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b, const typename B::tensor& x,
                                             const context& c) const {
    return apply_activated<B>(p, b, x, c.mode, 1);
  }
  /// The same followed by leaky_relu(slope), as one fused kernel in training where the backend has it.
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply_activated(const parameters<B>& p, const buffers<B>& b,
                                                       const typename B::tensor& x, nn::mode mode, double slope) const {
    if (mode == mode::evaluate)
      return {
          ops::leaky_relu<B>(ops::batch_norm<B>(x, p.weight, p.bias, b.running_mean, b.running_var, epsilon), slope),
          b};
    auto result = ops::batch_norm_train<B>(x, p.weight, p.bias, epsilon, slope);
    const double values = static_cast<double>(B::shape_of(x).elements() / channels);
    const auto moved = [&](const typename B::tensor& old, const typename B::tensor& now, double correction) {
      using scalar = typename B::scalar;
      return B::add(B::mul_scalar(old, static_cast<scalar>(1 - momentum)),
                    B::mul_scalar(now, static_cast<scalar>(momentum * correction)));
    };
    return {std::move(result.y),
            {moved(b.running_mean, result.mean, 1.0), moved(b.running_var, result.variance, values / (values - 1))}};
  }
  friend constexpr bool operator==(const batch_norm&, const batch_norm&) noexcept = default;
};

}  // namespace synthmed::nn
