// The backend concept: a type with static functions (the primitives) on a value-semantic tensor, in families.
//
// A backend author writes these kernels and nothing else; shapes have been checked by ops/ before a kernel is called.
// Everything above (composites, derivatives, layers, models) is built from them. The set is closed under
// differentiation: the derivative of every primitive can be written in primitives (docs/concepts/backend.md).
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>

#include <synthmed/shape.hpp>

namespace synthmed {

/// One step of Adam (Kingma, Ba 2015), with its bias corrections already worked out:
/// first = beta1 first + (1 - beta1) g; second = beta2 second + (1 - beta2) g^2;
/// parameter -= learning_rate * (first / correction1) / (sqrt(second / correction2) + epsilon).
template <class Scalar>
struct adam_step {
  Scalar learning_rate;
  Scalar beta1;
  Scalar beta2;
  Scalar epsilon;
  Scalar correction1;  ///< 1 - beta1^t
  Scalar correction2;  ///< 1 - beta2^t
};

/// What a backend has before any operation: `tensor`, cheap to copy, with value semantics (a default-constructed one
/// can only be assigned to), and `scalar`, float or double.
template <class B>
concept tensor_types = std::semiregular<typename B::tensor> && std::floating_point<typename B::scalar>;

// One line per primitive makes the concept has_NAME<B> and the function explain_NAME<B>(), which says in a sentence
// what is missing. The arguments are named: x, y tensors; s a scalar; ints and spans as in the signature.
#define SYNTHMED_PRIMITIVE(name, result, arguments, signature)                                                         \
  template <class B>                                                                                                   \
  concept has_##name = tensor_types<B> &&                                                                              \
      requires(const typename B::tensor& x, const typename B::tensor& y, const typename B::tensor& z,                  \
               typename B::tensor& a, typename B::tensor& b, typename B::tensor& c, typename B::scalar s,              \
               const shape& dims, const axes& over, int axis, std::int64_t first, std::int64_t last,                   \
               std::span<const typename B::tensor> parts, std::span<const int> order,                                  \
               std::span<const std::int64_t> index, std::span<const typename B::scalar> in,                            \
               std::span<typename B::scalar> out, const conv2d_params& conv, const pool2d_params& pool,                \
               const adam_step<typename B::scalar>& step) {                                                            \
        { B::name arguments } -> std::same_as<result>;                                                                 \
      };                                                                                                               \
  template <class B>                                                                                                   \
  consteval bool explain_##name() {                                                                                    \
    if constexpr (requires { &B::name; }) {                                                                            \
      static_assert(has_##name<B>, "synthmed: this backend's `" #name "` has another signature than `static " signature \
                                   "`.");                                                                              \
    } else {                                                                                                           \
      static_assert(has_##name<B>, "synthmed: this backend lacks `static " signature "`.");                            \
    }                                                                                                                  \
    return has_##name<B>;                                                                                              \
  }

namespace primitives {

// ---- storage ------------------------------------------------------------------------------------------------------
// A tensor from row-major host data; dims.elements() values.
SYNTHMED_PRIMITIVE(from_host, typename B::tensor, (dims, in), "tensor from_host(const shape& dims, std::span<const scalar> values)")
// Row-major copy to the host; out has x's number of elements. Waits for work that is still under way.
SYNTHMED_PRIMITIVE(to_host, void, (x, out), "void to_host(const tensor& x, std::span<scalar> out)")
SYNTHMED_PRIMITIVE(shape_of, shape, (x), "shape shape_of(const tensor& x)")
// Every element s.
SYNTHMED_PRIMITIVE(full, typename B::tensor, (dims, s), "tensor full(const shape& dims, scalar value)")
// Returns when all work given to the device has ended.
SYNTHMED_PRIMITIVE(synchronize, void, (), "void synchronize()")
// For reports: "xtensor 0.24.3, oneDNN 2.6.3, float".
SYNTHMED_PRIMITIVE(name, std::string, (), "std::string name()")

// ---- elementwise: equal shapes, no broadcasting ---------------------------------------------------------------------
SYNTHMED_PRIMITIVE(add, typename B::tensor, (x, y), "tensor add(const tensor& x, const tensor& y)")
SYNTHMED_PRIMITIVE(sub, typename B::tensor, (x, y), "tensor sub(const tensor& x, const tensor& y)")
SYNTHMED_PRIMITIVE(mul, typename B::tensor, (x, y), "tensor mul(const tensor& x, const tensor& y)")
SYNTHMED_PRIMITIVE(div, typename B::tensor, (x, y), "tensor div(const tensor& x, const tensor& y)")
SYNTHMED_PRIMITIVE(add_scalar, typename B::tensor, (x, s), "tensor add_scalar(const tensor& x, scalar s)")
SYNTHMED_PRIMITIVE(mul_scalar, typename B::tensor, (x, s), "tensor mul_scalar(const tensor& x, scalar s)")
SYNTHMED_PRIMITIVE(exp, typename B::tensor, (x), "tensor exp(const tensor& x)")
SYNTHMED_PRIMITIVE(log, typename B::tensor, (x), "tensor log(const tensor& x)")
SYNTHMED_PRIMITIVE(sqrt, typename B::tensor, (x), "tensor sqrt(const tensor& x)")
SYNTHMED_PRIMITIVE(tanh, typename B::tensor, (x), "tensor tanh(const tensor& x)")
SYNTHMED_PRIMITIVE(sigmoid, typename B::tensor, (x), "tensor sigmoid(const tensor& x)")
SYNTHMED_PRIMITIVE(abs, typename B::tensor, (x), "tensor abs(const tensor& x)")
// -1, 0 or 1; NaN stays NaN.
SYNTHMED_PRIMITIVE(sign, typename B::tensor, (x), "tensor sign(const tensor& x)")
// 1 where x > 0, else s: the derivative of leaky_relu with slope s (s = 0: of relu).
SYNTHMED_PRIMITIVE(leaky_mask, typename B::tensor, (x, s), "tensor leaky_mask(const tensor& x, scalar slope)")
// 1 where x > y, else 0.
SYNTHMED_PRIMITIVE(greater, typename B::tensor, (x, y), "tensor greater(const tensor& x, const tensor& y)")
// y where x is not zero, else z: nothing of the other one comes through, not even NaN.
SYNTHMED_PRIMITIVE(select, typename B::tensor, (x, y, z), "tensor select(const tensor& mask, const tensor& yes, const tensor& no)")

// ---- reduce ---------------------------------------------------------------------------------------------------------
// Sum over axes, which stay with extent 1.
SYNTHMED_PRIMITIVE(sum, typename B::tensor, (x, over), "tensor sum(const tensor& x, const axes& over)")
// Maximum over axes, which stay with extent 1. With a NaN among the values the result is not specified.
SYNTHMED_PRIMITIVE(max, typename B::tensor, (x, over), "tensor max(const tensor& x, const axes& over)")
// Repeats axes of extent 1; equal rank.
SYNTHMED_PRIMITIVE(broadcast_to, typename B::tensor, (x, dims), "tensor broadcast_to(const tensor& x, const shape& dims)")
// How many elements are infinite or NaN.
SYNTHMED_PRIMITIVE(count_nonfinite, std::int64_t, (x), "std::int64_t count_nonfinite(const tensor& x)")

// ---- layout ---------------------------------------------------------------------------------------------------------
// Row-major order of the elements stays.
SYNTHMED_PRIMITIVE(reshape, typename B::tensor, (x, dims), "tensor reshape(const tensor& x, const shape& dims)")
// Axis i of the result is axis order[i] of x.
SYNTHMED_PRIMITIVE(permute, typename B::tensor, (x, order), "tensor permute(const tensor& x, std::span<const int> order)")
// Elements first ... last - 1 of one axis.
SYNTHMED_PRIMITIVE(slice, typename B::tensor, (x, axis, first, last), "tensor slice(const tensor& x, int axis, std::int64_t first, std::int64_t last)")
// Zeros before and after along one axis.
SYNTHMED_PRIMITIVE(pad, typename B::tensor, (x, axis, first, last), "tensor pad(const tensor& x, int axis, std::int64_t before, std::int64_t after)")
SYNTHMED_PRIMITIVE(concat, typename B::tensor, (parts, axis), "tensor concat(std::span<const tensor> parts, int axis)")
SYNTHMED_PRIMITIVE(flip, typename B::tensor, (x, axis), "tensor flip(const tensor& x, int axis)")
// Element i of the axis is element index[i] of x's; index -1 gives zeros.
SYNTHMED_PRIMITIVE(gather, typename B::tensor, (x, axis, index), "tensor gather(const tensor& x, int axis, std::span<const std::int64_t> index)")
// The adjoint of gather: an axis of the given extent onto whose element index[i] element i of x is added, in order of i.
SYNTHMED_PRIMITIVE(scatter_add, typename B::tensor, (x, axis, index, last), "tensor scatter_add(const tensor& x, int axis, std::span<const std::int64_t> index, std::int64_t extent)")

// ---- linear ---------------------------------------------------------------------------------------------------------
// op(x) [m, k] times op(y) [k, n]; a flag transposes its matrix first.
SYNTHMED_PRIMITIVE(matmul, typename B::tensor, (x, y, true, false), "tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y)")

// ---- convolution: three bilinear maps, each one's derivative uses the other two ------------------------------------
// Cross-correlation of x [n, ci, h, w] with weight [co, ci, kh, kw]: conv2d_shape().
SYNTHMED_PRIMITIVE(conv2d, typename B::tensor, (x, y, conv), "tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& params)")
// The adjoint in x: dims is x's shape. Also the transposed convolution.
SYNTHMED_PRIMITIVE(conv2d_input_grad, typename B::tensor, (x, y, conv, dims), "tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params, const shape& input_dims)")
// The adjoint in the weight: dims is the weight's shape.
SYNTHMED_PRIMITIVE(conv2d_weight_grad, typename B::tensor, (x, y, conv, dims), "tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params, const shape& weight_dims)")

// ---- resample -------------------------------------------------------------------------------------------------------
// Mean over a window; zeros of the padding count (the divisor is always kernel_h kernel_w).
SYNTHMED_PRIMITIVE(avg_pool, typename B::tensor, (x, pool), "tensor avg_pool(const tensor& x, const pool2d_params& params)")
// The adjoint of avg_pool; dims is the shape before pooling.
SYNTHMED_PRIMITIVE(avg_unpool, typename B::tensor, (x, pool, dims), "tensor avg_unpool(const tensor& output_grad, const pool2d_params& params, const shape& input_dims)")
// Every pixel becomes factor x factor equal ones.
SYNTHMED_PRIMITIVE(upsample_nearest, typename B::tensor, (x, first), "tensor upsample_nearest(const tensor& x, std::int64_t factor)")
// Sums of factor x factor blocks: the adjoint of upsample_nearest. h and w are multiples of factor.
SYNTHMED_PRIMITIVE(sum_pool, typename B::tensor, (x, first), "tensor sum_pool(const tensor& x, std::int64_t factor)")
// Maximum over a window; padding never wins.
SYNTHMED_PRIMITIVE(max_pool, typename B::tensor, (x, pool), "tensor max_pool(const tensor& x, const pool2d_params& params)")
// Where max_pool(z) took its maxima (the first in row-major order of a window), y's elements: [n, c, oh, ow] from y of
// z's shape. max_pool_gather(z, z) is max_pool(z).
SYNTHMED_PRIMITIVE(max_pool_gather, typename B::tensor, (y, z, pool), "tensor max_pool_gather(const tensor& y, const tensor& z, const pool2d_params& params)")
// The adjoint of max_pool_gather in y: x of the pooled shape is added to the places of z's maxima.
SYNTHMED_PRIMITIVE(max_pool_scatter, typename B::tensor, (x, z, pool), "tensor max_pool_scatter(const tensor& x, const tensor& z, const pool2d_params& params)")

// ---- update: outside differentiation, in place when the storage is not shared, else on a copy ----------------------
// a is the parameter, b its first and c its second moment, x the gradient.
SYNTHMED_PRIMITIVE(adam, void, (a, b, c, x, step), "void adam(tensor& parameter, tensor& first, tensor& second, const tensor& gradient, const adam_step<scalar>& step)")
// a = decay a + (1 - decay) x
SYNTHMED_PRIMITIVE(ema, void, (a, x, s), "void ema(tensor& average, const tensor& x, scalar decay)")

}  // namespace primitives
#undef SYNTHMED_PRIMITIVE

template <class B>
concept storage_backend = primitives::has_from_host<B> && primitives::has_to_host<B> && primitives::has_shape_of<B> &&
    primitives::has_full<B> && primitives::has_synchronize<B> && primitives::has_name<B>;

template <class B>
concept elementwise_backend = primitives::has_add<B> && primitives::has_sub<B> && primitives::has_mul<B> &&
    primitives::has_div<B> && primitives::has_add_scalar<B> && primitives::has_mul_scalar<B> && primitives::has_exp<B> &&
    primitives::has_log<B> && primitives::has_sqrt<B> && primitives::has_tanh<B> && primitives::has_sigmoid<B> &&
    primitives::has_abs<B> && primitives::has_sign<B> && primitives::has_leaky_mask<B> && primitives::has_greater<B> &&
    primitives::has_select<B>;

template <class B>
concept reduce_backend = primitives::has_sum<B> && primitives::has_max<B> && primitives::has_broadcast_to<B> &&
    primitives::has_count_nonfinite<B>;

template <class B>
concept layout_backend = primitives::has_reshape<B> && primitives::has_permute<B> && primitives::has_slice<B> &&
    primitives::has_pad<B> && primitives::has_concat<B> && primitives::has_flip<B> && primitives::has_gather<B> &&
    primitives::has_scatter_add<B>;

template <class B>
concept linear_backend = primitives::has_matmul<B>;

template <class B>
concept convolution_backend = primitives::has_conv2d<B> && primitives::has_conv2d_input_grad<B> &&
    primitives::has_conv2d_weight_grad<B>;

template <class B>
concept resample_backend = primitives::has_avg_pool<B> && primitives::has_avg_unpool<B> &&
    primitives::has_upsample_nearest<B> && primitives::has_sum_pool<B> && primitives::has_max_pool<B> &&
    primitives::has_max_pool_gather<B> && primitives::has_max_pool_scatter<B>;

template <class B>
concept update_backend = primitives::has_adam<B> && primitives::has_ema<B>;

/// A type on which every model of the library runs (through autodiff<B> or its own gradients).
/// When a type does not satisfy it, `static_assert(synthmed::explain<B>())` says why, in a sentence.
template <class B>
concept backend = tensor_types<B> && storage_backend<B> && elementwise_backend<B> && reduce_backend<B> &&
    layout_backend<B> && linear_backend<B> && convolution_backend<B> && resample_backend<B> && update_backend<B>;

// Composites that a backend may override with one fused kernel of the same name; ops/ uses the override when it exists
// and otherwise composes primitives. autodiff<B> gives each its derivative in operations of the set.
//   tensor leaky_relu(const tensor& x, scalar slope)
//   tensor leaky_relu_gradient(const tensor& gradient, const tensor& output, scalar scale, scalar slope)
//       gradient * scale * leaky_mask(output, slope): the way back through leaky_relu(scale x), slope > 0
//   tensor bias_leaky_relu(const tensor& x, const tensor& bias, scalar scale, scalar slope)
//       leaky_relu(scale * (x + bias)); x is [n, c, ...], bias is [c]; slope 1 is no activation
//   tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& weight, const tensor& bias, const conv2d_params&,
//                                 scalar scale, scalar slope)     leaky_relu(scale * (conv2d(x, weight) + bias))
//   tensor pixel_norm(const tensor& x, scalar epsilon)             x / sqrt(mean over axis 1 of x^2 + epsilon)
//   batch_norm_values<tensor> batch_norm_leaky_relu(const tensor& x, const tensor& gamma, const tensor& beta,
//                                                   scalar epsilon, scalar slope)
//       leaky_relu(gamma (x - mean) / sqrt(variance + epsilon) + beta), and mean and variance over every axis but 1
//   batch_norm_gradients<tensor> batch_norm_leaky_relu_gradient(const tensor& output_grad, const tensor& x, const tensor& gamma,
//       const tensor& beta, const tensor& mean, const tensor& variance, scalar epsilon, scalar slope)     the way back

/// What a program holds while many kernels run, a training step for instance: a backend may have a type `work_scope` whose
/// object does once what each kernel would otherwise do and undo. It changes no result.
template <class B>
struct work_scope {
  struct type {};
};
template <class B>
  requires std::default_initializable<typename B::work_scope>
struct work_scope<B> {
  using type = typename B::work_scope;
};
template <class B>
using work_scope_of = typename work_scope<B>::type;

}  // namespace synthmed
