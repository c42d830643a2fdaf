// The layer of docs/extending/layer.md, compiled and checked. The page shows this file.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/layer_laws.hpp>

#include <support/catch.hpp>

// [layer]
namespace mine {

namespace nn = synthmed::nn;

template <class Tensor>
struct slopes {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(slopes, (Tensor, slope));
};

/// x where x > 0, else slope x with one trained slope per channel (He et al. 2015).
struct parametric_relu {
  std::int64_t channels = 1;
  double start = 0.25;  ///< every slope before training

  template <class B>
  using parameters = slopes<typename B::tensor>;
  template <class B>
  using buffers = nn::nothing<typename B::tensor>;

  constexpr bool accepts(nn::chw s) const { return s.c == channels; }
  constexpr nn::chw out(nn::chw s) const { return s; }

  template <synthmed::backend B>
  parameters<B> init(synthmed::key) const {
    return {nn::make_parameter<B>({channels, 1, 1}, start)};
  }
  template <synthmed::backend B>
  buffers<B> initial_buffers() const {
    return {};
  }
  template <synthmed::backend B>
  nn::applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>&, const typename B::tensor& x,
                                   const nn::context&) const {
    namespace ops = synthmed::ops;
    const auto positive = B::leaky_mask(x, 0);  // 1 where x > 0, else 0: a constant to the derivative
    return {ops::select<B>(positive, x, ops::mul<B>(x, p.slope)), {}};
  }
};

}  // namespace mine
// [layer]

// [use]
using network = synthmed::nn::sequential<synthmed::nn::chw{1, 8, 8},
                                         synthmed::nn::conv2d{.inputs = 1, .outputs = 4, .kernel = 3, .pad = 1},
                                         mine::parametric_relu{.channels = 4}, synthmed::nn::avg_pool{}>;
static_assert(synthmed::nn::explain_layer<mine::parametric_relu>());
static_assert(network{}.out() == synthmed::nn::chw{4, 4, 4});
// [use]

// [laws]
TEST_CASE("parametric_relu keeps the laws of a layer") {
  using D = synthmed::autodiff<synthmed::reference_backend<double>>;
  const auto broken = synthmed::testing::broken_layer_laws<D>(mine::parametric_relu{.channels = 3}, {3, 2, 5});
  CHECK(broken == std::vector<std::string>{});
}
// [laws]

TEST_CASE("parametric_relu stands in a network and its slopes are trained") {
  using D = synthmed::autodiff<synthmed::reference_backend<double>>;
  constexpr network net;
  const auto p = synthmed::nn::init<D>(net, synthmed::key(1));
  CHECK(synthmed::nn::names(p)[2] == "1.slope");
  const auto y = synthmed::nn::evaluate<D>(net, p, synthmed::nn::initial_buffers<D>(net),
                                           synthmed::ops::normal<D>(synthmed::key(2), {2, 1, 8, 8}));
  const auto gradients = D::grad(synthmed::ops::sum<D>(y), synthmed::nn::tensors(p));
  double size = 0;
  for (const double g : synthmed::ops::to_host<D>(gradients[2])) size += g * g;
  CHECK(size > 0);
}
