// The oneDNN engine: convolutions and matrix products of the xtensor backend through oneDNN 2.x or 3.x.
//
// A primitive with its memory objects and its own reorders is made once per shape and kept; scratchpads are the
// caller's (scratchpad_mode::user) and all live in one arena. Weights are brought into the primitive's format on every
// call, which costs nothing measurable beside the convolution and leaves parameters in one plain layout.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <dnnl.hpp>

#include <synthmed/backends/xtensor/convolution.hpp>
#include <synthmed/backends/xtensor/denormals.hpp>
#include <synthmed/backends/xtensor/pool.hpp>

namespace synthmed::xtensor {

namespace onednn {

/// The processor, seen by oneDNN. Never destroyed: memory objects in thread-local caches refer to it.
[[nodiscard]] inline const dnnl::engine& processor() {
  static const dnnl::engine* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

[[nodiscard]] inline dnnl::stream& stream() {
  static thread_local dnnl::stream stream(processor());
  return stream;
}

/// How many threads a call gets; a primitive may be run only with as many as it was made for. Waking threads costs more
/// than a small product: below 4 MFLOP and 1 MB it stays on this thread, whatever threads() says.
[[nodiscard]] inline int team(double flops, double bytes) noexcept {
#ifdef _OPENMP
  return omp_in_parallel() || (flops < 4e6 && bytes < 1e6) ? 1 : threads();
#else
  (void)flops, (void)bytes;
  return 1;
#endif
}

/// Surrounds a library call: OpenMP on this thread uses `team` threads, and denormals are flushed on all of them.
class call_scope {
 public:
  explicit call_scope(int team) : team_(team) {
#ifdef _OPENMP
    if (before_ != team_) omp_set_num_threads(team_);
#endif
    if (team_ > 1) everywhere_.emplace();
  }
  ~call_scope() {
#ifdef _OPENMP
    if (before_ != team_) omp_set_num_threads(before_);
#endif
  }
  call_scope(const call_scope&) = delete;
  call_scope& operator=(const call_scope&) = delete;

 private:
  int team_;
#ifdef _OPENMP
  int before_ = omp_get_max_threads();
#endif
  flush_denormals here_;
  std::optional<flush_denormals_everywhere> everywhere_;
};

/// Which of the three bilinear maps.
enum class direction { forward, input_grad, weight_grad };

/// Everything that decides about a primitive.
struct conv_key {
  direction what;
  bool winograd;
  int threads;
  std::array<std::int64_t, 4> x, weight;
  conv2d_params params;
  std::optional<std::array<float, 2>> activation;  // scale and slope, when bias and activation are asked for
  friend bool operator==(const conv_key&, const conv_key&) = default;
};

struct hash_conv_key {
  std::size_t operator()(const conv_key& key) const noexcept {
    std::uint64_t state = 1469598103934665603u;
    const auto mix = [&](auto value) { state = (state ^ static_cast<std::uint64_t>(value)) * 1099511628211u; };
    mix(key.what), mix(key.winograd), mix(key.threads);
    for (const auto extent : key.x) mix(extent);
    for (const auto extent : key.weight) mix(extent);
    mix(key.params.stride_h), mix(key.params.stride_w), mix(key.params.pad_h), mix(key.params.pad_w);
    if (key.activation)
      for (const float value : *key.activation) mix(std::bit_cast<std::uint32_t>(value));
    return static_cast<std::size_t>(state);
  }
};

using tag = dnnl::memory::format_tag;

[[nodiscard]] inline dnnl::memory::desc describe(const dnnl::memory::dims& dims, tag format) {
  return {dims, dnnl::memory::data_type::f32, format};
}

/// One operand of a primitive: where the tensor's memory goes in, and the reorder between the tensor's plain format and
/// the primitive's where these differ.
class operand {
 public:
  operand(const dnnl::memory::desc& outside, const dnnl::memory::desc& inside, bool is_result)
      : inside_(inside, processor(), DNNL_MEMORY_NONE) {
    if (outside == inside) return;
    outside_ = dnnl::memory(outside, processor(), DNNL_MEMORY_NONE);
    change_ = is_result ? dnnl::reorder(inside_, outside_) : dnnl::reorder(outside_, inside_);
  }

  [[nodiscard]] bool differs() const { return static_cast<bool>(change_); }
  [[nodiscard]] const dnnl::memory& memory() const { return inside_; }

  /// Points the primitive at a tensor's memory, reordered into a block of its own where needed.
  void bind(float* place) {
    if (!differs()) {
      inside_.set_data_handle(place);
      return;
    }
    block_ = std::make_unique<pool_block>(inside_.get_desc().get_size() / sizeof(float) + 1);
    inside_.set_data_handle(block_->data());
    outside_.set_data_handle(place);
  }
  void bring_in() {
    if (differs()) change_.execute(stream(), outside_, inside_);
  }
  void bring_out() {
    if (differs()) change_.execute(stream(), inside_, outside_);
  }
  void unbind() { block_.reset(); }

 private:
  dnnl::memory inside_, outside_;
  dnnl::reorder change_;
  std::unique_ptr<pool_block> block_;
};

/// What oneDNN's Winograd kernels take behind them: a bias, and a plain ReLU.
[[nodiscard]] constexpr bool winograd_takes(float scale, float slope) noexcept {
  return scale == 1 && (slope == 0 || slope == 1);
}

/// A convolution in one direction, ready to run.
class conv_plan {
 public:
  explicit conv_plan(const conv_key& key) : what_(key.what) {
    // Best first; a descriptor that oneDNN refuses, or would serve with its slow reference loops, gives way to the
    // next.
    const struct {
      bool wanted;
      dnnl::algorithm algorithm;
      bool blocked, plain, activation;
    } attempts[] = {{key.winograd && key.activation, dnnl::algorithm::convolution_winograd, true, false, true},
                    {key.winograd, dnnl::algorithm::convolution_winograd, true, false, false},
                    {true, dnnl::algorithm::convolution_direct, true, false, true},
                    {true, dnnl::algorithm::convolution_direct, false, false, true},
                    {true, dnnl::algorithm::convolution_direct, false, true, true}};
    std::string refusal = "only reference loops are offered";
    for (const auto& attempt : attempts) {
      if (!attempt.wanted) continue;
      try {
        if (make(key, attempt.algorithm, attempt.blocked, attempt.plain, attempt.activation)) return;
      } catch (const dnnl::error& problem) {
        refusal = problem.what();
      }
    }
    throw backend_error(sentence("oneDNN refused a convolution of ", shape(std::span(key.x)), " with weight ",
                                 shape(std::span(key.weight)), ": ", refusal, "."));
  }

  /// Whether bias, scale and leaky ReLU are part of the primitive.
  [[nodiscard]] bool activates() const noexcept { return activates_; }
  /// oneDNN's name of the kernel, for reports and tests: "jit_wino_4x3:avx512_core".
  [[nodiscard]] const std::string& kernel() const noexcept { return kernel_; }

  void run(float* x, float* weight, float* y, float* bias) {
    auto& [a, w, b] = *operands_;
    a.bind(x), w.bind(weight), b.bind(y);
    std::unordered_map<int, dnnl::memory> arguments;
    switch (what_) {
      case direction::forward:
        a.bring_in(), w.bring_in();
        arguments = {{DNNL_ARG_SRC, a.memory()}, {DNNL_ARG_WEIGHTS, w.memory()}, {DNNL_ARG_DST, b.memory()}};
        break;
      case direction::input_grad:
        b.bring_in(), w.bring_in();
        arguments = {{DNNL_ARG_DIFF_SRC, a.memory()}, {DNNL_ARG_WEIGHTS, w.memory()}, {DNNL_ARG_DIFF_DST, b.memory()}};
        break;
      case direction::weight_grad:
        a.bring_in(), b.bring_in();
        arguments = {{DNNL_ARG_SRC, a.memory()}, {DNNL_ARG_DIFF_WEIGHTS, w.memory()}, {DNNL_ARG_DIFF_DST, b.memory()}};
        break;
    }
    if (activates_) {
      bias_.set_data_handle(bias);
      arguments.emplace(DNNL_ARG_BIAS, bias_);
    }
    if (scratch_.get_size() > 0)
      arguments.emplace(
          DNNL_ARG_SCRATCHPAD,
          dnnl::memory(scratch_, processor(), scratch_arena::of_this_thread().reserve(scratch_.get_size())));
    primitive_.execute(stream(), arguments);
    (what_ == direction::forward ? b : what_ == direction::input_grad ? a : w).bring_out();
    stream().wait();
    xtensor::detail::activation_reorders.fetch_add(a.differs() + b.differs(), std::memory_order_relaxed);
    xtensor::detail::weight_reorders.fetch_add(w.differs(), std::memory_order_relaxed);
    a.unbind(), w.unbind(), b.unbind();
  }

 private:
  struct operands {
    operand x, weight, y;
  };

  // What oneDNN offers for one request; false when it offers its reference loops and there is something left to try.
  bool make(const conv_key& key, dnnl::algorithm algorithm, bool blocked, bool plain, bool may_activate) {
    const shape y_shape = conv2d_shape(shape(std::span(key.x)), shape(std::span(key.weight)), key.params);
    const dnnl::memory::dims x_dims(key.x.begin(), key.x.end()), w_dims(key.weight.begin(), key.weight.end()),
        y_dims(y_shape.begin(), y_shape.end()), strides{key.params.stride_h, key.params.stride_w},
        pads{key.params.pad_h, key.params.pad_w};
    const auto format = [&](std::int64_t channels) {
      return plain ? tag::nchw : blocked && channels % block == 0 ? tag::nChw16c : tag::any;
    };
    const auto x = describe(x_dims, format(key.x[1])), y = describe(y_dims, format(key.weight[0])),
               weight = describe(w_dims, plain ? tag::oihw : tag::any);
    const auto bias = describe({key.weight[0]}, tag::x);

    dnnl::primitive_attr attributes, plain_attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    plain_attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const bool activation = key.activation && may_activate;
    if (activation) {
      const auto [scale, slope] = *key.activation;  // scale > 0: leaky(scale v) = scale leaky(v)
      dnnl::post_ops after;
#if DNNL_VERSION_MAJOR >= 3
      if (slope != 1) after.append_eltwise(dnnl::algorithm::eltwise_relu, slope, 0.0f);
      if (scale != 1) after.append_eltwise(dnnl::algorithm::eltwise_linear, scale, 0.0f);
#else
      if (slope != 1) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, slope, 0.0f);
      if (scale != 1) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_linear, scale, 0.0f);
#endif
      attributes.set_post_ops(after);
    }

    const auto take = [&](const auto& offered, const auto& in, const auto& w, const auto& out, auto made) {
      const std::string kernel = offered.impl_info_str();
      if (!plain && kernel.starts_with("ref")) return false;
      kernel_ = kernel;
      scratch_ = offered.scratchpad_desc();
      primitive_ = std::move(made);
      // Outside, a tensor is in this backend's layout for its channels; inside, as the primitive wants it.
      const auto outside = [&](const dnnl::memory::dims& dims, bool may_block) {
        return describe(dims, may_block && dims[1] % block == 0 && blocked_tensors() ? tag::nChw16c : tag::nchw);
      };
      operands_ =
          std::make_unique<operands>(operands{operand(outside(x_dims, true), in, what_ == direction::input_grad),
                                              operand(describe(w_dims, tag::oihw), w, what_ == direction::weight_grad),
                                              operand(outside(y_dims, true), out, what_ == direction::forward)});
      if (activation) bias_ = dnnl::memory(bias, processor(), DNNL_MEMORY_NONE);
      activates_ = activation;
      return true;
    };
    const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
    const auto forward = [&](bool with_activation) {
      return with_activation ? dnnl::convolution_forward::primitive_desc(processor(), kind, algorithm, x, weight, bias,
                                                                         y, strides, pads, pads, attributes)
                             : dnnl::convolution_forward::primitive_desc(processor(), kind, algorithm, x, weight, y,
                                                                         strides, pads, pads, plain_attributes);
    };
    const auto input_grad = [&](const auto& hint) {
      return dnnl::convolution_backward_data::primitive_desc(processor(), algorithm, x, weight, y, strides, pads, pads,
                                                             hint, plain_attributes);
    };
    const auto weight_grad = [&](const auto& hint) {
      return dnnl::convolution_backward_weights::primitive_desc(processor(), algorithm, x, weight, y, strides, pads,
                                                                pads, hint, plain_attributes);
    };
#else
    const auto forward = [&](bool with_activation) {
      return with_activation ? dnnl::convolution_forward::primitive_desc(
                                   {kind, algorithm, x, weight, bias, y, strides, pads, pads}, attributes, processor())
                             : dnnl::convolution_forward::primitive_desc(
                                   {kind, algorithm, x, weight, y, strides, pads, pads}, plain_attributes, processor());
    };
    const auto input_grad = [&](const auto& hint) {
      return dnnl::convolution_backward_data::primitive_desc({algorithm, x, weight, y, strides, pads, pads},
                                                             plain_attributes, processor(), hint);
    };
    const auto weight_grad = [&](const auto& hint) {
      return dnnl::convolution_backward_weights::primitive_desc({algorithm, x, weight, y, strides, pads, pads},
                                                                plain_attributes, processor(), hint);
    };
#endif
    if (what_ == direction::forward) {
      const auto offered = forward(activation);
      return take(offered, offered.src_desc(), offered.weights_desc(), offered.dst_desc(),
                  dnnl::convolution_forward(offered));
    }
    const auto hint = forward(false);
    if (what_ == direction::input_grad) {
      const auto offered = input_grad(hint);
      return take(offered, offered.diff_src_desc(), offered.weights_desc(), offered.diff_dst_desc(),
                  dnnl::convolution_backward_data(offered));
    }
    const auto offered = weight_grad(hint);
    return take(offered, offered.src_desc(), offered.diff_weights_desc(), offered.diff_dst_desc(),
                dnnl::convolution_backward_weights(offered));
  }

 public:
  /// Whether this processor's kernels work on blocks of 16 channels.
  [[nodiscard]] static bool blocked_tensors() {
    static const bool yes = [] {
      // AVX2 kernels work on blocks of 8: there, tensors stay dense and oneDNN reorders inside the call.
      const auto isa = static_cast<int>(dnnl::get_effective_cpu_isa());
      const auto bits = static_cast<int>(dnnl::cpu_isa::avx512_core);
      return (isa & bits) == bits;
    }();
    return yes;
  }

 private:
  direction what_;
  bool activates_ = false;
  std::string kernel_;
  dnnl::primitive primitive_;
  dnnl::memory::desc scratch_;
  dnnl::memory bias_;
  std::unique_ptr<operands> operands_;
};

/// The plan for a key, made when it is not there yet. One cache per thread, emptied when it holds 1024 plans.
[[nodiscard]] inline conv_plan& plan_for(const conv_key& key) {
  static thread_local std::unordered_map<conv_key, std::unique_ptr<conv_plan>, hash_conv_key> plans;
  const auto found = plans.find(key);
  if (found != plans.end()) return *found->second;
  if (plans.size() >= 1024) plans.clear();
  return *plans.emplace(key, std::make_unique<conv_plan>(key)).first->second;
}

}  // namespace onednn

struct onednn_engine {
 private:
  template <class F>
  static auto guarded(int team, F f) {
    try {
      const onednn::call_scope scope(team);
      return f();
    } catch (const dnnl::error& problem) {
      throw backend_error(sentence("oneDNN failed: ", problem.what(), "."));
    }
  }

 public:
  static std::string name() {
    const auto* const version = dnnl::version();
    return sentence("oneDNN ", version->major, ".", version->minor, ".", version->patch);
  }

  /// Whether results of convolutions are blocked where their channels allow it.
  static bool blocked() { return onednn::conv_plan::blocked_tensors(); }

  /// Whether 3 x 3 convolutions may use Winograd's transform where winograd_fits(). Default on. For comparisons.
  static void set_winograd(bool on) { winograd_flag().store(on, std::memory_order_relaxed); }
  [[nodiscard]] static bool winograd() { return winograd_flag().load(std::memory_order_relaxed); }

  /// oneDNN's name of the kernel that serves a convolution in one direction.
  [[nodiscard]] static std::string kernel(onednn::direction what, const shape& x, const shape& weight,
                                          const conv2d_params& params) {
    const auto wanted = key(what, x, weight, params);
    return guarded(wanted.threads, [&] { return onednn::plan_for(wanted).kernel(); });
  }

  static convolved conv2d(const tensor& x, const tensor& weight, const conv2d_params& params,
                          const activation* then = nullptr) {
    const shape dims = conv2d_shape(x.dims(), weight.dims(), params);
    auto what = key(onednn::direction::forward, x.dims(), weight.dims(), params);
    if (then != nullptr && (!what.winograd || onednn::winograd_takes(then->scale, then->slope)))
      what.activation = {then->scale, then->slope};
    return guarded(what.threads, [&] {
      auto& plan = onednn::plan_for(what);
      const tensor source = natural(x), w = dense(weight);
      tensor result(dims, natural_layout(dims));
      plan.run(writable(source), writable(w), result.fill(),
               plan.activates() ? const_cast<float*>(then->bias) : nullptr);
      return convolved{std::move(result), plan.activates()};
    });
  }

  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& dims) {
    const auto what = key(onednn::direction::input_grad, dims, weight.dims(), params);
    return guarded(what.threads, [&] {
      auto& plan = onednn::plan_for(what);
      const tensor source = natural(output_grad), w = dense(weight);
      tensor result(dims, natural_layout(dims));
      plan.run(result.fill(), writable(w), writable(source), nullptr);
      return result;
    });
  }

  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& dims) {
    const auto what = key(onednn::direction::weight_grad, x.dims(), dims, params);
    return guarded(what.threads, [&] {
      auto& plan = onednn::plan_for(what);
      const tensor source = natural(x), gradient = natural(output_grad);
      tensor result(dims);
      plan.run(writable(source), result.fill(), writable(gradient), nullptr);
      return result;
    });
  }

  /// c [m, n] = op(a) op(b), row-major.
  static void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                   const float* b, float* c) {
    const auto e = [](std::int64_t extent) { return static_cast<double>(extent); };
    guarded(onednn::team(2 * e(m) * e(n) * e(k), 4 * (e(m) * e(k) + e(k) * e(n) + e(m) * e(n))), [&] {
      const auto status = dnnl::sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a,
                                      transpose_a ? m : k, b, transpose_b ? k : n, 0.0f, c, n);
      if (status != dnnl::status::success) throw backend_error("oneDNN's sgemm failed.");
      return 0;
    });
  }

 private:
  static std::atomic<bool>& winograd_flag() {
    static std::atomic<bool> flag{true};
    return flag;
  }

  static onednn::conv_key key(onednn::direction what, const shape& x, const shape& weight,
                              const conv2d_params& params) {
    const shape y = conv2d_shape(x, weight, params);
    const auto e = [](const shape& dims) { return static_cast<double>(dims.elements()); };
    const double flops = 2 * e(y) * e(weight) / static_cast<double>(weight[0]), bytes = 4 * (e(x) + e(weight) + e(y));
    return {what,
            winograd() && blocked() && winograd_fits(x, weight, params),
            onednn::team(flops, bytes),
            {x[0], x[1], x[2], x[3]},
            {weight[0], weight[1], weight[2], weight[3]},
            params,
            std::nullopt};
  }
  static layout natural_layout(const shape& dims) {
    return blocked() && can_block(dims) ? layout::blocked : layout::dense;
  }
  static tensor natural(const tensor& x) { return in_layout(x, natural_layout(x.dims())); }
  // oneDNN takes all memory as void*; sources are only read.
  static float* writable(const tensor& x) { return const_cast<float*>(x.data()); }
};

}  // namespace synthmed::xtensor
