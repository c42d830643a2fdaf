// Every differentiable operation on the xtensor backend in float: inputs, result, and the gradients of the result's sum
// weighted by a random direction. The cases of the library's own gradient checks, and wide ones for the blocked layout.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

#include <oracle/record.hpp>
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/testing/differentiation_cases.hpp>

namespace {

using namespace synthmed;
using D = autodiff<xtensor_backend<float>>;
using testing::host_tensor;

// Channels in multiples of 16: tensors are blocked, 3 x 3 convolutions go through Winograd's transform.
template <class Visit>
void for_each_wide_case(Visit&& visit) {
  const auto n = [](const char* name, const shape& dims) { return testing::normal_input(name, dims); };
  constexpr conv2d_params same{1, 1, 1, 1}, halving{2, 2, 1, 1}, wide{1, 1, 0, 3};
  const auto x = n("x", {2, 16, 12, 10});
  visit("wide conv2d", {x, n("w", {32, 16, 3, 3})}, [=](const auto& t) { return ops::conv2d<D>(t[0], t[1], same); });
  visit("wide conv2d to one channel", {x, n("w", {1, 16, 1, 1})},
        [](const auto& t) { return ops::conv2d<D>(t[0], t[1]); });
  visit("wide conv2d, halving", {x, n("w", {16, 16, 4, 4})},
        [=](const auto& t) { return ops::conv2d<D>(t[0], t[1], halving); });
  visit("wide conv2d, 1 x 7", {x, n("w", {16, 16, 1, 7})},
        [=](const auto& t) { return ops::conv2d<D>(t[0], t[1], wide); });
  visit("wide conv2d_bias_leaky_relu", {x, n("w", {16, 16, 3, 3}), n("b", {16})},
        [=](const auto& t) { return ops::conv2d_bias_leaky_relu<D>(t[0], t[1], t[2], same, 0.1, 0.2); });
  visit("wide bias_leaky_relu", {x, n("b", {16})},
        [](const auto& t) { return ops::bias_leaky_relu<D>(t[0], t[1], 0.5, 0.2); });
  visit("wide avg_pool", {x}, [](const auto& t) { return ops::avg_pool<D>(t[0]); });
  visit("wide max_pool", {x}, [](const auto& t) { return ops::max_pool<D>(t[0]); });
  visit("wide upsample_nearest", {x}, [](const auto& t) { return ops::upsample_nearest<D>(t[0], 2); });
  visit("wide global_avg_pool", {x}, [](const auto& t) { return ops::global_avg_pool<D>(t[0]); });
  visit("wide pixel_norm", {x}, [](const auto& t) { return ops::pixel_norm<D>(t[0]); });
  visit("wide batch_norm_train", {x, n("g", {16}), n("b", {16})},
        [](const auto& t) { return ops::batch_norm_train<D>(t[0], t[1], t[2], 1e-5).y; });
  visit("wide minibatch_stddev", {n("y", {8, 16, 4, 4})}, [](const auto& t) {
    return ops::minibatch_stddev<D>(t[0], {.group = 4, .unbiased = true, .consecutive = true});
  });
  visit("wide concat", {x, n("y", {2, 32, 12, 10})}, [](const auto& t) { return ops::concat<D>({t[0], t[1]}, 1); });
  visit("wide linear", {n("y", {8, 144}), n("w", {32, 144}), n("b", {32})},
        [](const auto& t) { return ops::linear<D>(t[0], t[1], t[2]); });
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "This program needs one argument, a folder to write into.\n";
    return 2;
  }
  safetensors_writer file;
  const auto write = [&](const std::string& name, const std::vector<host_tensor>& inputs, const auto& f) {
    std::vector<D::tensor> x;
    for (const auto& input : inputs) x.push_back(D::parameter(testing::to_tensor<D>(input)));
    const auto y = f(x);
    const auto direction = ops::normal<D>(key(7).fold(name), D::shape_of(y));
    const auto gradients = D::grad(ops::sum<D>(D::mul(y, direction)), x, grad_options{});
    synthmed_oracle::record<D>(file, name + "|result", y);
    synthmed_oracle::record<D>(file, name + "|direction", direction);
    for (std::size_t i = 0; i < x.size(); ++i) {
      synthmed_oracle::record<D>(file, name + "|input" + std::to_string(i), x[i]);
      synthmed_oracle::record<D>(file, name + "|gradient" + std::to_string(i), gradients[i]);
    }
  };
  testing::for_each_differentiation_case([&](const std::string& name, const std::vector<host_tensor>& inputs, auto f) {
    write(name, inputs, [&](const std::vector<D::tensor>& x) { return f(std::type_identity<D>{}, x); });
  });
  for_each_wide_case(
      [&](const std::string& name, const std::vector<host_tensor>& inputs, auto f) { write(name, inputs, f); });
  file.write(std::filesystem::path(argv[1]) / "operations.safetensors");
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
