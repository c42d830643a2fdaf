// Shapes and arguments that do not fit: the typed error, with the operation and the values.
#include <synthmed/backends/reference.hpp>
#include <synthmed/ops/ops.hpp>

#include <support/catch.hpp>

using namespace synthmed;
using B = reference_backend<float>;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

B::tensor of(const shape& dims) { return ops::zeros<B>(dims); }

/// f throws Error, and its sentence holds all the parts.
template <class Error = shape_error, class F>
void refuses(F&& f, std::initializer_list<std::string_view> parts) {
  const auto message = message_of<Error>(f);
  for (const auto part : parts) {
    INFO(message << " / " << part);
    CHECK(contains(message, part));
  }
}

}  // namespace

TEST_CASE("operations refuse shapes that do not fit") {
  refuses([] { (void)ops::add<B>(of({2, 3}), of({2, 4})); }, {"add", "[2, 3]", "[2, 4]"});
  refuses([] { (void)ops::div<B>(of({3}), of({2, 2})); }, {"div", "[3]", "[2, 2]"});
  refuses([] { (void)ops::broadcast_to<B>(of({2, 3}), {2, 1}); }, {"broadcast_to", "[2, 3]", "[2, 1]"});
  refuses([] { (void)ops::broadcast_to<B>(of({1, 3}), {3}); }, {"broadcast_to", "[1, 3]"});
  refuses([] { (void)ops::select<B>(of({2}), of({3}), of({1})); }, {"select", "[2]", "[3]"});
  refuses([] { (void)ops::from_host<B>({2, 3}, std::vector<float>(5)); }, {"6 values", "[2, 3]", "5"});
  refuses([] { (void)ops::item<B>(of({2})); }, {"item", "[2]"});
  refuses([] { (void)ops::sum<B>(of({2, 3}), {2}); }, {"sum", "axis 2", "[2, 3]"});
  refuses([] { (void)ops::max<B>(of({2, 0}), {1}); }, {"max", "[2, 0]"});
  refuses([] { (void)ops::mean<B>(of({0})); }, {"mean", "[0]"});
  refuses([] { (void)ops::reshape<B>(of({2, 3}), {4, 2}); }, {"reshape", "[2, 3]", "6", "[4, 2]", "8"});
  refuses([] { (void)ops::permute<B>(of({2, 3}), {1, 1}); }, {"permute", "[2, 3]", "(1, 1)"});
  refuses([] { (void)ops::permute<B>(of({2, 3}), {0}); }, {"permute", "(0)"});
  refuses([] { (void)ops::slice<B>(of({2, 3}), 1, 1, 4); }, {"slice", "axis 1", "1 and 4", "<= 3"});
  refuses([] { (void)ops::slice<B>(of({2, 3}), 2, 0, 1); }, {"slice", "axis 2", "[2, 3]"});
  refuses([] { (void)ops::pad<B>(of({2}), 0, -1, 0); }, {"pad", "-1"});
  refuses([] { (void)ops::concat<B>({of({2, 3}), of({2, 4})}, 0); }, {"concat", "axis 0", "[2, 3]", "[2, 4]"});
  refuses([] { (void)ops::concat<B>(std::initializer_list<B::tensor>{}, 0); }, {"concat", "none"});
  refuses([] { (void)ops::gather<B>(of({2, 3}), 1, {0, 3}); }, {"gather", "[-1, 3)", "got 3"});
  refuses([] { (void)ops::scatter_add<B>(of({2}), 0, std::vector<std::int64_t>{0}, 4); },
          {"scatter_add", "2 indices", "got 1"});
  refuses([] { (void)ops::scatter_add<B>(of({1}), 0, std::vector<std::int64_t>{4}, 4); },
          {"scatter_add", "[-1, 4)", "4"});
  refuses([] { (void)ops::matmul<B>(of({2, 3}), of({4, 5}), true); }, {"matmul", "[2, 3] transposed", "[4, 5]"});
  refuses([] { (void)ops::linear<B>(of({2, 3}), of({4, 3}), of({3})); }, {"linear", "[4, 3]", "[3]"});
  refuses([] { (void)ops::conv2d<B>(of({1, 3, 8, 8}), of({4, 2, 3, 3})); }, {"conv2d", "[1, 3, 8, 8]", "[4, 2, 3, 3]"});
  refuses([] { (void)ops::conv2d<B>(of({1, 2, 2, 8}), of({4, 2, 3, 3})); }, {"window of 3", "extent of 2"});
  refuses([] { (void)ops::conv2d<B>(of({1, 2, 8, 8}), of({4, 2, 3, 3}), of({3}), {}); }, {"4 output channels", "[3]"});
  refuses(
      [] {
        (void)ops::conv2d_transposed<B>(of({1, 3, 8, 8}), of({4, 2, 3, 3}), {});
      },
      {"conv2d_transposed", "[4, 2, 3, 3]"});
  refuses(
      [] {
        (void)ops::conv2d_transposed<B>(of({1, 4, 8, 8}), of({4, 2, 3, 3}), {}, 1);
      },
      {"conv2d_transposed", "stride"});
  refuses([] { (void)ops::avg_pool<B>(of({2, 3})); }, {"[2, 3]"});
  refuses([] { (void)ops::max_pool<B>(of({1, 1, 4, 4}), {.pad_h = 2}); }, {"padding 2"});
  refuses([] { (void)ops::upsample_nearest<B>(of({2, 3}), 2); }, {"upsample_nearest", "[2, 3]"});
  refuses([] { (void)ops::global_avg_pool<B>(of({2, 3})); }, {"global_avg_pool", "[2, 3]"});
  refuses([] { (void)ops::bias_leaky_relu<B>(of({2, 3}), of({2}), 1, 0.2); }, {"bias_leaky_relu", "[2, 3]", "[2]"});
  refuses([] { (void)ops::pixel_norm<B>(of({3})); }, {"pixel_norm", "[3]"});
  refuses([] { (void)ops::minibatch_stddev<B>(of({3, 2})); }, {"minibatch_stddev", "[3, 2]"});
  refuses(
      [] {
        (void)ops::batch_norm<B>(of({2, 3}), of({3}), of({2}), of({3}), of({3}), 1e-5);
      },
      {"batch_norm", "[2]"});
  refuses(
      [] {
        (void)ops::batch_norm_train<B>(of({1, 3}), of({3}), of({3}), 1e-5);
      },
      {"two values per channel", "[1, 3]"});
  refuses([] { (void)ops::log_softmax<B>(of({3}), 1); }, {"log_softmax", "axis 1"});
  refuses([] { (void)ops::cross_entropy<B>(of({2, 3}), std::vector<std::int64_t>{1}); }, {"cross_entropy", "1 labels"});
  refuses([] { (void)ops::binary_cross_entropy<B>(of({2}), of({3})); }, {"binary_cross_entropy", "[3]"});
  refuses([] { (void)ops::flatten<B>(of({})); }, {"flatten", "rank 0"});
}

TEST_CASE("operations refuse arguments outside their range") {
  refuses<argument_error>([] { (void)ops::leaky_relu<B>(of({2}), -0.1); }, {"leaky_relu", "[0, 1]", "-0.1"});
  refuses<argument_error>([] { (void)ops::leaky_relu<B>(of({2}), 1.5); }, {"1.5"});
  refuses<argument_error>([] { (void)ops::bias_leaky_relu<B>(of({2, 1}), of({1}), 0, 0.2); }, {"positive scale", "0"});
  refuses<argument_error>([] { (void)ops::clamp<B>(of({2}), 2, 1); }, {"low <= high", "2 and 1"});
  refuses<argument_error>([] { (void)ops::upsample_nearest<B>(of({1, 1, 2, 2}), 0); }, {"at least 1", "0"});
  refuses<argument_error>([] { (void)ops::minibatch_stddev<B>(of({1, 1, 2, 2}), {.group = 0}); }, {"group", "0"});
  refuses<argument_error>(
      [] {
        (void)ops::one_hot<B>(std::vector<std::int64_t>{0, 3}, 3);
      },
      {"[0, 3)", "got 3", "sample 1"});
}
