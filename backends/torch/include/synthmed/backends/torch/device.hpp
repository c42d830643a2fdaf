// Where new tensors live: the processor, or one CUDA device that is looked for when it is asked for.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/Context.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <charconv>
#include <string>
#include <string_view>

namespace synthmed::libtorch {

/// The device that a name stands for: "cpu", "cuda" (the first one) or "cuda:N".
/// Throws argument_error for another name, backend_error for a CUDA device that is not there.
[[nodiscard]] inline c10::Device find_device(std::string_view name) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  int index = 0;
  bool known = name == "cuda";
  if (name.starts_with("cuda:")) {
    const auto result = std::from_chars(name.data() + 5, name.data() + name.size(), index);
    known = result.ec == std::errc() && result.ptr == name.data() + name.size() && index >= 0;
  }
  if (!known) throw argument_error(sentence("A device is \"cpu\", \"cuda\" or \"cuda:N\", got \"", name, "\"."));

  const auto count = static_cast<int>(torch::cuda::device_count());
  if (count == 0)
    throw backend_error(
        sentence("Device \"", name, "\" is not available: LibTorch ", TORCH_VERSION,
                 " sees no CUDA device here. Use \"cpu\", or a CUDA build of LibTorch on a machine with "
                 "an NVIDIA GPU and its driver."));
  if (index >= count)
    throw backend_error(sentence("Device \"", name, "\" is not available: there ", count == 1 ? "is " : "are ", count,
                                 " CUDA device", count == 1 ? "" : "s", ", counted from cuda:0."));
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

/// LibTorch rounds float convolutions to TF32 on newer GPUs and times cuDNN's algorithms at run time unless it is told
/// otherwise. These settings belong to the whole process.
inline void exact_and_repeatable_cuda() {
  auto& context = at::globalContext();
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
}

/// From now on LibTorch refuses a kernel whose bytes do not repeat (backend_error), on the processor too; CUDA's matrix
/// products need CUBLAS_WORKSPACE_CONFIG=:4096:8 in the environment before the first of them. Belongs to the whole
/// process.
inline void refuse_unrepeatable_kernels() { at::globalContext().setDeterministicAlgorithms(true, false); }

}  // namespace synthmed::libtorch
