// A layer whose apply() has not the concept's arguments.
#include <synthmed/backends/reference.hpp>
#include <synthmed/nn/layers.hpp>

namespace nn = synthmed::nn;
struct half : nn::stateless {
  constexpr bool accepts(nn::chw) const { return true; }
  constexpr nn::chw out(nn::chw s) const { return s; }
  template <synthmed::backend B>
  nn::applied<B, buffers<B>> apply(const parameters<B>&, const buffers<B>&, const typename B::tensor& x
#ifdef SYNTHMED_FIXED
                                   , const nn::context&
#endif
  ) const {
    return {B::mul_scalar(x, typename B::scalar(0.5)), {}};
  }
};
static_assert(nn::explain_layer_on<half, synthmed::reference_backend<float>>());
