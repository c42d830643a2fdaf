// What grad() promises beside the rules: masks, memory, depth, nesting, first-order operations, errors.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/ops/ops.hpp>

#include <memory>
#include <thread>

#include <support/catch.hpp>

using namespace synthmed;
using B = reference_backend<double>;
using D = autodiff<B>;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

/// Counts the kernels that a backward pass calls, and the tensors that are alive.
struct counting : B {
  static inline int input_grads = 0, weight_grads = 0, convolutions = 0;
  static tensor conv2d(const tensor& x, const tensor& w, const conv2d_params& p) {
    ++convolutions;
    return B::conv2d(x, w, p);
  }
  static tensor conv2d_input_grad(const tensor& g, const tensor& w, const conv2d_params& p, const shape& dims) {
    ++input_grads;
    return B::conv2d_input_grad(g, w, p, dims);
  }
  static tensor conv2d_weight_grad(const tensor& x, const tensor& g, const conv2d_params& p, const shape& dims) {
    ++weight_grads;
    return B::conv2d_weight_grad(x, g, p, dims);
  }
};

D::tensor vector_parameter(std::initializer_list<double> values) {
  return D::parameter(D::from_host({static_cast<std::int64_t>(values.size())}, std::vector<double>(values)));
}

}  // namespace

TEST_CASE("only the gradients that are asked for are computed") {
  using C = autodiff<counting>;
  const auto x = C::parameter(ops::normal<C>(key(1), {2, 3, 5, 5}));
  const auto w1 = C::parameter(ops::normal<C>(key(2), {4, 3, 3, 3}));
  const auto w2 = C::parameter(ops::normal<C>(key(3), {2, 4, 3, 3}));
  const auto loss = ops::sum<C>(ops::conv2d<C>(ops::conv2d<C>(x, w1), w2));
  counting::input_grads = counting::weight_grads = 0;

  (void)C::grad(loss, {x});
  CHECK(counting::input_grads == 2);
  CHECK(counting::weight_grads == 0);

  counting::input_grads = 0;
  (void)C::grad(loss, {w2});  // nothing below the last layer
  CHECK(counting::input_grads == 0);
  CHECK(counting::weight_grads == 1);

  counting::weight_grads = 0;
  (void)C::grad(loss, {w1});
  CHECK(counting::input_grads == 1);
  CHECK(counting::weight_grads == 1);

  // Constant weights: no gradient for them although the loss needs one for x.
  counting::input_grads = counting::weight_grads = 0;
  const auto frozen = ops::sum<C>(ops::conv2d<C>(x, C::detach(w1)));
  (void)C::grad(frozen, {x, w1});
  CHECK(counting::input_grads == 1);
  CHECK(counting::weight_grads == 0);
}

TEST_CASE("the gradient penalty differentiates convolutions by the three maps alone") {
  using C = autodiff<counting>;
  const auto x = C::parameter(ops::normal<C>(key(1), {1, 2, 4, 4}));
  const auto w = C::parameter(ops::normal<C>(key(2), {3, 2, 3, 3}));
  const auto v = C::parameter(ops::normal<C>(key(3), {2, 3, 2, 2}));
  const auto out = ops::sum<C>(ops::conv2d<C>(C::tanh(ops::conv2d<C>(x, w)), v));
  counting::convolutions = counting::input_grads = counting::weight_grads = 0;
  const auto gradient = C::grad(out, {x}, {.create_graph = true});
  CHECK(counting::input_grads == 2);
  CHECK(counting::weight_grads == 0);
  (void)C::grad(ops::sum<C>(ops::square<C>(gradient[0])), {w, v});
  CHECK(counting::convolutions <= 2);
  CHECK(counting::weight_grads <= 3);
}

TEST_CASE("graphs of a million nodes do not exhaust the stack") {
  const auto p = vector_parameter({2});
  auto chain = p;
  for (int i = 0; i < 1'000'000; ++i) chain = D::mul_scalar(chain, 1);
  CHECK(ops::item<D>(D::grad(ops::sum<D>(chain), {p})[0]) == 1);
  chain = p;                                                                 // lets go of the whole chain at once
  for (int i = 0; i < 100'000; ++i) chain = D::mul(chain, D::full({1}, 1));  // held by rules as well as by inputs
  CHECK(ops::item<D>(D::grad(std::move(chain), {p})[0]) == 1);
}

TEST_CASE("a loss that is moved in gives its memory back on the way") {
  const auto p = vector_parameter({1, 2, 3});
  auto middle = D::exp(p);
  const std::weak_ptr<void> node = middle.made_by();
  auto loss = ops::sum<D>(D::mul(middle, middle));
  middle = {};
  (void)D::grad(loss, {p});
  CHECK_FALSE(node.expired());  // the loss still holds its history
  (void)D::grad(loss, {p});     // and can be differentiated again
  (void)D::grad(std::move(loss), {p});
  CHECK(node.expired());
}

TEST_CASE("grad by something computed, by y itself, and twice by the same tensor") {
  const auto p = vector_parameter({1, 2});
  const auto middle = D::mul(p, p);
  const auto loss = ops::sum<D>(D::mul_scalar(middle, 3));
  const auto gradients = D::grad(loss, {middle, p, p, loss});
  CHECK(ops::to_host<D>(gradients[0]) == std::vector<double>{3, 3});
  CHECK(ops::to_host<D>(gradients[1]) == std::vector<double>{6, 12});
  CHECK(ops::to_host<D>(gradients[2]) == std::vector<double>{6, 12});
  CHECK(ops::item<D>(gradients[3]) == 1);
}

TEST_CASE("the fifth derivative") {
  const auto x = vector_parameter({0.5});
  auto y = D::mul(x, D::exp(x));  // its n-th derivative is (x + n) exp(x)
  for (int n = 1; n <= 5; ++n) {
    y = D::grad(y, {x}, {.create_graph = true})[0];
    CHECK(ops::item<D>(y) == Approx((0.5 + n) * std::exp(0.5)).epsilon(1e-14));
  }
}

TEST_CASE("autodiff on autodiff gives the same second derivative") {
  using DD = autodiff<D>;
  const auto values = ops::normal<B>(key(4), {2, 3});
  const auto cube = []<class A>(std::type_identity<A>, const typename A::tensor& x) {
    return ops::sum<A>(A::mul(x, A::mul(x, A::tanh(x))));
  };
  const auto x = D::parameter(D::wrap(values));
  const auto once = D::grad(cube(std::type_identity<D>{}, x), {x}, {.create_graph = true})[0];
  const auto twice = D::grad(ops::sum<D>(once), {x})[0];

  const auto inner = D::parameter(D::wrap(values));
  const auto outer = DD::parameter(DD::wrap(inner));
  const auto nested = DD::grad(cube(std::type_identity<DD>{}, outer), {outer})[0];
  const auto through = D::grad(ops::sum<D>(DD::unwrap(nested)), {inner})[0];
  const auto a = ops::to_host<D>(twice), b = ops::to_host<D>(through);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-13));
}

TEST_CASE("a rule with first derivatives only refuses the second, and never gives zeros") {
  const auto x = vector_parameter({1, 2});
  const auto square = [](const D::tensor& t) {
    return D::first_order_operation("my_square", B::mul(t.value(), t.value()), {&t},
                                    [kept = t.value()](const B::tensor& gradient) {
                                      return std::vector{B::mul_scalar(B::mul(gradient, kept), 2)};
                                    });
  };
  const auto loss = ops::sum<D>(square(x));
  CHECK(ops::to_host<D>(D::grad(loss, {x})[0]) == std::vector<double>{2, 4});
  const auto message = message_of<argument_error>([&] { (void)D::grad(loss, {x}, {.create_graph = true}); });
  CHECK(contains(message, "my_square"));
  // Where the second derivative does not run through it, it is no hindrance.
  const auto other = vector_parameter({3, 4});
  const auto mixed = D::add(loss, ops::sum<D>(D::mul(other, D::mul(other, other))));
  CHECK(ops::to_host<D>(D::grad(mixed, {other}, {.create_graph = true})[0]) == std::vector<double>{27, 48});
}

TEST_CASE("no_grad nests, belongs to its thread, and ends with its scope") {
  const auto p = vector_parameter({1});
  {
    const D::no_grad outer;
    { const D::no_grad inner; }
    CHECK_FALSE(D::requires_grad(D::exp(p)));
    bool elsewhere = false;
    std::thread([&] { elsewhere = D::requires_grad(D::exp(p)); }).join();
    CHECK(elsewhere);
  }
  CHECK(D::requires_grad(D::exp(p)));
}

TEST_CASE("a step of Adam makes a new parameter; what was computed before keeps its values") {
  auto p = vector_parameter({1, 2});
  auto first = D::full({2}, 0), second = D::full({2}, 0);
  const auto loss = ops::sum<D>(D::mul(p, p));
  const auto old = p;
  const auto gradient = D::grad(loss, {p})[0];
  D::adam(
      p, first, second, gradient,
      {.learning_rate = 0.1, .beta1 = 0, .beta2 = 0.99, .epsilon = 1e-8, .correction1 = 1, .correction2 = 1 - 0.99});
  CHECK(D::requires_grad(p));
  CHECK(ops::to_host<D>(p)[0] == Approx(0.9));
  CHECK(ops::to_host<D>(old) == std::vector<double>{1, 2});
  CHECK(ops::to_host<D>(D::grad(loss, {old})[0]) == std::vector<double>{2, 4});
  CHECK(ops::to_host<D>(D::grad(loss, {p})[0]) == std::vector<double>{0, 0});
}

TEST_CASE("grad of something that is no number says so") {
  const auto p = vector_parameter({1, 2});
  const auto message = message_of<shape_error>([&] { (void)D::grad(p, {p}); });
  CHECK(contains(message, "[2]"));
  CHECK(contains(message, "sum or average"));
}
