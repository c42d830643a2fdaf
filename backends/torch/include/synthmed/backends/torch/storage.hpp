// Storage family of the torch backends, and the choice of the device.
#pragma once

#include <synthmed/backends/torch/device.hpp>
#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct storage {
  using tensor = at::Tensor;

  /// Chooses where tensors are made from now on: "cpu" (at the start), "cuda" or "cuda:N". Tensors that exist stay
  /// where they are; both operands of a kernel must be on one device. A CUDA device also turns TF32 and the timing of
  /// algorithms off for the whole process: float stays float, and bytes repeat.
  /// Throws argument_error for another name and backend_error when the device is not there; the choice then stays.
  static void use_device(std::string_view name) {
    const c10::Device found = find_device(name);
    if (found.is_cuda()) exact_and_repeatable_cuda();
    device_ = found;
  }

  /// The chosen device: "cpu" or "cuda:0".
  static std::string device() { return device_.str(); }

  static tensor from_host(const shape& dims, std::span<const Scalar> values) {
    return Mode::run("from_host", [&] {
      const tensor host = at::empty(sizes(dims), at::TensorOptions(scalar_type<Scalar>));
      std::copy_n(values.data(), values.size(), host.data_ptr<Scalar>());
      return host.to(device_);
    });
  }
  static void to_host(const tensor& x, std::span<Scalar> out) {
    Mode::run("to_host", [&] {
      const tensor host = x.detach().to(at::kCPU).contiguous();
      std::copy_n(host.data_ptr<Scalar>(), out.size(), out.data());
    });
  }
  static shape shape_of(const tensor& x) { return dims_of(x); }
  static tensor full(const shape& dims, Scalar value) {
    return Mode::run(
        "full", [&] { return at::full(sizes(dims), value, at::TensorOptions(scalar_type<Scalar>).device(device_)); });
  }
  static void synchronize() {
    Mode::run("synchronize", [&] {
      if (device_.is_cuda()) torch::cuda::synchronize(device_.index());
    });
  }
  static std::string name() {
    return sentence(Mode::title, " ", TORCH_VERSION, ", ", device(), ", ",
                    std::same_as<Scalar, float> ? "float" : "double");
  }

 private:
  inline static c10::Device device_ = c10::Device(c10::kCPU);
};

}  // namespace synthmed::libtorch
