// Tensors, a gradient, and the gradient of a gradient: the penalty of WGAN-GP in 25 lines.
#include <iostream>

#include <synthmed/backends/reference.hpp>
#include <synthmed/synthmed.hpp>

using namespace synthmed;
using D = autodiff<reference_backend<float>>;  // or another backend: nothing below changes

int main() {
  // A critic for pictures of 1 x 8 x 8: whether the layers fit each other is checked by the compiler.
  constexpr nn::sequential<nn::chw{1, 8, 8}, nn::conv2d{.inputs = 1, .outputs = 8, .kernel = 3, .pad = 1},
                           nn::leaky_relu{0.2}, nn::avg_pool{}, nn::minibatch_stddev{{.group = 4}}, nn::flatten{},
                           nn::linear{.inputs = 144, .outputs = 1}>
      critic;
  const auto weights = nn::init<D>(critic, key(1).fold("critic"));
  const auto buffers = nn::initial_buffers<D>(critic);

  // Scores of four pictures of noise, and the gradient of each score by its picture. create_graph keeps how it came.
  const auto pictures = D::parameter(ops::normal<D>(key(1).fold("pictures"), {4, 1, 8, 8}));
  const auto scores = nn::evaluate<D>(critic, weights, buffers, pictures);
  const auto slope = D::grad(ops::sum<D>(scores), {pictures}, {.create_graph = true})[0];

  // 10 (|slope| - 1)^2, averaged over the pictures, and its gradient by every weight.
  const auto norm = ops::sqrt<D>(ops::sum<D>(ops::square<D>(slope), {1, 2, 3}));
  const auto penalty = ops::mul_scalar<D>(ops::mean<D>(ops::square<D>(ops::add_scalar<D>(norm, -1))), 10);
  const auto gradients = D::grad(penalty, nn::tensors(weights));

  std::cout << "penalty " << ops::item<D>(penalty) << '\n';
  for (std::size_t i = 0; i < gradients.size(); ++i)
    std::cout << nn::names(weights)[i] << ' ' << to_string(D::shape_of(gradients[i])) << ": gradient norm "
              << ops::item<D>(ops::sqrt<D>(ops::sum<D>(ops::square<D>(gradients[i])))) << '\n';
}
