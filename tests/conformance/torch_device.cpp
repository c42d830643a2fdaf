// The torch backends' own promises: devices, typed errors, what is recorded.
#include <support/cuda.hpp>

#include <vector>

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

template <class B>
std::vector<typename B::scalar> host(const typename B::tensor& x) {
  std::vector<typename B::scalar> values(static_cast<std::size_t>(B::shape_of(x).elements()));
  B::to_host(x, values);
  return values;
}

}  // namespace

TEST_CASE("a device that does not exist is refused by name, and the old one stays") {
  using B = torch_backend<float>;
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0x", "CPU", "xla:0"})
    CHECK(contains(message_of<argument_error>([&] { B::use_device(name); }),
                   sentence("A device is \"cpu\", \"cuda\" or \"cuda:N\", got \"", name, "\".")));
  const auto absent = message_of<backend_error>([] { B::use_device("cuda:99"); });
  CHECK(contains(absent, "Device \"cuda:99\" is not available: "));
  CHECK(B::device() == "cpu");
  B::use_device("cpu");
  CHECK(contains(B::name(), ", cpu, float"));
}

TEST_CASE("without a GPU the sentence says what to do") {
  if (torch::cuda::device_count() > 0) {
    WARN("skipped: this machine has a CUDA device");
    return;
  }
  CHECK(contains(message_of<backend_error>([] { torch_backend<double>::use_device("cuda"); }),
                 "sees no CUDA device here. Use \"cpu\", or a CUDA build of LibTorch on a machine with an NVIDIA GPU"));
}

TEST_CASE("each backend type has a device of its own") {
  synthmed_test::on_cuda<torch_backend<float>>([] {
    CHECK(torch_backend<float>::device() == "cuda:0");
    CHECK(torch_backend<double>::device() == "cpu");
    CHECK(torch_backend<float>::full({2}, 1).is_cuda());
    CHECK(host<torch_backend<float>>(torch_backend<float>::full({2}, 1)) == std::vector<float>{1, 1});
  });
}

TEST_CASE("what LibTorch throws arrives as backend_error with the primitive's name") {
  using B = torch_backend<float>;
  const auto x = B::full({2, 3}, 1), y = B::full({2, 3}, 1);
  CHECK(contains(message_of<backend_error>([&] { (void)B::matmul(x, y, false, false); }), "LibTorch refused matmul: "));
  CHECK(contains(message_of<backend_error>([&] { (void)B::add(x, B::full({5}, 1)); }), "LibTorch refused add: "));
  CHECK(contains(message_of<backend_error>([&] { (void)B::full({1LL << 50, 1024}, 1); }), "LibTorch refused full: "));
}

TEST_CASE("torch_backend records nothing, torch_autograd_backend records") {
  auto leaf = torch_backend<double>::full({2}, 3);
  leaf.requires_grad_();
  CHECK_FALSE(torch_backend<double>::mul(leaf, leaf).requires_grad());

  using D = torch_autograd_backend<double>;
  const auto x = D::parameter(D::from_host({2}, std::vector<double>{2, 5}));
  const auto y = D::sum(D::mul(D::mul(x, x), x), axes{0});
  const std::vector<at::Tensor> wrt = {x, D::full({3}, 1)};
  const auto first = D::grad(y, wrt, {.create_graph = true});
  CHECK(host<D>(first[0]) == std::vector<double>{12, 75});
  CHECK(host<D>(first[1]) == std::vector<double>{0, 0, 0});
  const auto second = D::grad(D::sum(first[0], axes{0}), wrt, {});
  CHECK(host<D>(second[0]) == std::vector<double>{12, 30});
  CHECK_FALSE(second[0].requires_grad());

  const D::no_grad quiet;
  CHECK_FALSE(D::requires_grad(D::mul(x, x)));
}

TEST_CASE("a step on an autograd parameter leaves earlier graphs right and the parameter a leaf") {
  using D = torch_autograd_backend<double>;
  auto x = D::parameter(D::full({2}, 3));
  const std::vector<at::Tensor> wrt = {x};
  const auto y = D::sum(D::mul(x, x), axes{0});  // keeps x for its backward pass
  auto first = D::full({2}, 0), second = D::full({2}, 0);
  D::adam(x, first, second, D::full({2}, 1), {0.5, 0.0, 0.99, 0.0, 1.0, 0.01});
  CHECK(host<D>(x)[0] == Approx(2.5));
  CHECK(x.is_leaf());
  CHECK(D::requires_grad(x));
  CHECK(host<D>(D::grad(y, wrt, {})[0]) == std::vector<double>{6, 6});
}

TEST_CASE("the number of threads is the library's") {
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    (void)torch_backend<float>::full({2}, 1);
    CHECK(at::get_num_threads() == threads());
  }
  set_threads(before);
}
