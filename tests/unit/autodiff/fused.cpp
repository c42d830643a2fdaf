// The rules of the fused kernels, with and without the fused way back, against central differences and compositions.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/testing/differentiable_laws.hpp>

#include <support/catch.hpp>
#include <support/fused_reference.hpp>

using namespace synthmed;
using synthmed_test::fused_reference;
using synthmed_test::partly_fused_reference;

static_assert(fuses_leaky_relu<autodiff<fused_reference>> && fuses_bias_leaky_relu<autodiff<fused_reference>> &&
              fuses_conv2d_bias_leaky_relu<autodiff<fused_reference>> && fuses_pixel_norm<autodiff<fused_reference>> &&
              fuses_leaky_relu_gradient<autodiff<fused_reference>> &&
              fuses_batch_norm_leaky_relu<autodiff<fused_reference>> &&
              fuses_batch_norm_leaky_relu_gradient<fused_reference>);
static_assert(!fuses_leaky_relu_gradient<partly_fused_reference> &&
              !fuses_batch_norm_leaky_relu_gradient<partly_fused_reference> &&
              fuses_pixel_norm<partly_fused_reference> && fuses_batch_norm_leaky_relu<partly_fused_reference>);
static_assert(!fuses_pixel_norm<autodiff<reference_backend<double>>>);

TEMPLATE_TEST_CASE("every rule on a backend with fused kernels", "", fused_reference, partly_fused_reference) {
  using D = autodiff<TestType>;
  int checked = 0;
  testing::for_each_differentiation_case(
      [&](const std::string& name, const std::vector<testing::host_tensor>& inputs, auto f) {
        if (name.find("relu") == std::string::npos && name.find("norm") == std::string::npos &&
            name.find("bias") == std::string::npos && name.find("linear") == std::string::npos)
          return;
        ++checked;
        INFO(name);
        const testing::computation<D> compute = [&](const auto& x) { return f(std::type_identity<D>{}, x); };
        CHECK(testing::gradcheck<D>(compute, inputs) < 2e-8);
        CHECK(testing::gradgradcheck<D>(compute, inputs) < 1e-7);
      });
  CHECK(checked >= 9);
}
