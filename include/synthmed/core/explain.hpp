// explain<B>(): why a type is no backend, in one sentence per missing or misspelt primitive.
#pragma once

#include <synthmed/core/backend.hpp>

namespace synthmed {

/// True when B is a backend; otherwise compilation stops at a static_assert that names the primitive and its signature.
/// Backends end their header with `static_assert(synthmed::explain<my_backend>());`.
template <class B>
consteval bool explain() {
  static_assert(requires { typename B::tensor; }, "synthmed: this backend lacks the member type `tensor`.");
  static_assert(requires { typename B::scalar; }, "synthmed: this backend lacks the member type `scalar`.");
  if constexpr (requires { typename B::tensor; typename B::scalar; }) {
    static_assert(std::semiregular<typename B::tensor>,
                  "synthmed: this backend's `tensor` must be default-constructible and copyable.");
    static_assert(std::floating_point<typename B::scalar>, "synthmed: this backend's `scalar` must be float or double.");
    if constexpr (tensor_types<B>) {
      using namespace primitives;
      // A list and no chain of &&: a compiler that stops at the first false would name one primitive a time.
      const bool all[] = {explain_from_host<B>(), explain_to_host<B>(), explain_shape_of<B>(), explain_full<B>(),
                          explain_synchronize<B>(), explain_name<B>(), explain_add<B>(), explain_sub<B>(),
                          explain_mul<B>(), explain_div<B>(), explain_add_scalar<B>(), explain_mul_scalar<B>(),
                          explain_exp<B>(), explain_log<B>(), explain_sqrt<B>(), explain_tanh<B>(),
                          explain_sigmoid<B>(), explain_abs<B>(), explain_sign<B>(), explain_leaky_mask<B>(),
                          explain_greater<B>(), explain_select<B>(), explain_sum<B>(), explain_max<B>(),
                          explain_broadcast_to<B>(), explain_count_nonfinite<B>(), explain_reshape<B>(),
                          explain_permute<B>(), explain_slice<B>(), explain_pad<B>(), explain_concat<B>(),
                          explain_flip<B>(), explain_gather<B>(), explain_scatter_add<B>(), explain_matmul<B>(),
                          explain_conv2d<B>(), explain_conv2d_input_grad<B>(), explain_conv2d_weight_grad<B>(),
                          explain_avg_pool<B>(), explain_avg_unpool<B>(), explain_upsample_nearest<B>(),
                          explain_sum_pool<B>(), explain_max_pool<B>(), explain_max_pool_gather<B>(),
                          explain_max_pool_scatter<B>(), explain_adam<B>(), explain_ema<B>()};
      for (const bool there : all)
        if (!there) return false;
      return backend<B>;
    }
  }
  return false;
}

}  // namespace synthmed
