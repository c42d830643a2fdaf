// Derivatives of reductions and of operations that move elements: each pair is its own adjoint's adjoint.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/autodiff/tape.hpp>

namespace synthmed::tape {

template <class B, class D>
struct reduce_rules {
  using tensor = traced_tensor<B>;
  using scalar = typename B::scalar;

  static tensor sum(const tensor& x, const axes& over) {
    return record<B, D>(B::sum(x.value(), over), {&x}, [dims = B::shape_of(x.value())](auto& step) {
      step.give(0, [&] { return D::broadcast_to(step.gradient(), dims); });
    });
  }
  // Equal maxima share the gradient evenly.
  static tensor max(const tensor& x, const axes& over) {
    return record_keeping_output<B, D>(B::max(x.value(), over), {&x}, [x = tensor(x.value()), over](auto& step) {
      step.give(0, [&] {
        const shape dims = B::shape_of(x.value());
        const tensor below = D::greater(D::broadcast_to(step.output(), dims), x);
        const tensor at_maximum = D::add_scalar(D::mul_scalar(below, -1), 1);
        const tensor share = D::div(step.gradient(), D::sum(at_maximum, over));
        return D::mul(D::broadcast_to(share, dims), at_maximum);
      });
    });
  }
  static tensor broadcast_to(const tensor& x, const shape& dims) {
    return record<B, D>(B::broadcast_to(x.value(), dims), {&x},
                        [over = axes::broadcast(B::shape_of(x.value()), dims)](auto& step) {
                          step.give(0, [&] { return D::sum(step.gradient(), over); });
                        });
  }
  static std::int64_t count_nonfinite(const tensor& x) { return B::count_nonfinite(x.value()); }
};

template <class B, class D>
struct layout_rules {
  using tensor = traced_tensor<B>;

  static tensor reshape(const tensor& x, const shape& dims) {
    return record<B, D>(B::reshape(x.value(), dims), {&x}, [from = B::shape_of(x.value())](auto& step) {
      step.give(0, [&] { return D::reshape(step.gradient(), from); });
    });
  }
  static tensor permute(const tensor& x, std::span<const int> order) {
    std::array<int, shape::max_rank> inverse{};
    for (std::size_t axis = 0; axis < order.size(); ++axis)
      inverse[static_cast<std::size_t>(order[axis])] = static_cast<int>(axis);
    return record<B, D>(B::permute(x.value(), order), {&x}, [inverse, rank = order.size()](auto& step) {
      step.give(0, [&] { return D::permute(step.gradient(), std::span(inverse).first(rank)); });
    });
  }
  static tensor slice(const tensor& x, int axis, std::int64_t first, std::int64_t last) {
    const std::int64_t after = B::shape_of(x.value())[axis] - last;
    return record<B, D>(B::slice(x.value(), axis, first, last), {&x}, [axis, first, after](auto& step) {
      step.give(0, [&] { return D::pad(step.gradient(), axis, first, after); });
    });
  }
  static tensor pad(const tensor& x, int axis, std::int64_t before, std::int64_t after) {
    const std::int64_t last = before + B::shape_of(x.value())[axis];
    return record<B, D>(B::pad(x.value(), axis, before, after), {&x}, [axis, before, last](auto& step) {
      step.give(0, [&] { return D::slice(step.gradient(), axis, before, last); });
    });
  }
  static tensor concat(std::span<const tensor> parts, int axis) {
    std::vector<typename B::tensor> values;
    std::vector<const tensor*> inputs;
    std::vector<std::int64_t> borders{0};
    for (const auto& part : parts) {
      values.push_back(part.value());
      inputs.push_back(&part);
      borders.push_back(borders.back() + B::shape_of(part.value())[axis]);
    }
    return record<B, D>(B::concat(std::span<const typename B::tensor>(values), axis),
                        std::span<const tensor* const>(inputs), record_options{},
                        [axis, borders = std::move(borders)](auto& step) {
                          for (std::size_t i = 0; i + 1 < borders.size(); ++i)
                            step.give(i, [&] { return D::slice(step.gradient(), axis, borders[i], borders[i + 1]); });
                        });
  }
  static tensor flip(const tensor& x, int axis) {
    return record<B, D>(B::flip(x.value(), axis), {&x},
                        [axis](auto& step) { step.give(0, [&] { return D::flip(step.gradient(), axis); }); });
  }
  static tensor gather(const tensor& x, int axis, std::span<const std::int64_t> index) {
    return record<B, D>(
        B::gather(x.value(), axis, index), {&x},
        [axis, index = std::vector<std::int64_t>(index.begin(), index.end()), extent = B::shape_of(x.value())[axis]](
            auto& step) { step.give(0, [&] { return D::scatter_add(step.gradient(), axis, index, extent); }); });
  }
  static tensor scatter_add(const tensor& x, int axis, std::span<const std::int64_t> index, std::int64_t extent) {
    return record<B, D>(B::scatter_add(x.value(), axis, index, extent), {&x},
                        [axis, index = std::vector<std::int64_t>(index.begin(), index.end())](auto& step) {
                          step.give(0, [&] { return D::gather(step.gradient(), axis, index); });
                        });
  }
};

}  // namespace synthmed::tape
