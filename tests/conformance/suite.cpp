// A suite that cannot fail proves nothing: backends that are wrong in one place must fail in that place's case alone.
#include <sstream>

#include <support/catch.hpp>

#include <synthmed/testing/conformance.hpp>

using namespace synthmed;

namespace {

using right = reference_backend<float>;

enum class fault { none, max_pool_ties, select, ema, border, sigmoid, unsteady, throwing };

// A right backend, but for the one fault that is switched on.
struct faulty : right {
  inline static fault now = fault::none;

  // Takes the last maximum of a window: what comparing with >= instead of > does.
  static tensor max_pool_gather(const tensor& y, const tensor& x, const pool2d_params& p) {
    if (now != fault::max_pool_ties || p.pad_h != 0 || p.pad_w != 0) return right::max_pool_gather(y, x, p);
    std::vector<std::int64_t> rows, columns;
    const shape out = pool2d_shape(right::shape_of(x), p);
    for (std::int64_t o = 0; o < out[2]; ++o)
      for (std::int64_t k = p.kernel_h; k-- > 0;) rows.push_back(o * p.stride_h + k);
    for (std::int64_t o = 0; o < out[3]; ++o)
      for (std::int64_t k = p.kernel_w; k-- > 0;) columns.push_back(o * p.stride_w + k);
    const auto turned = [&](const tensor& t) { return right::gather(right::gather(t, 2, rows), 3, columns); };
    const pool2d_params apart{p.kernel_h, p.kernel_w, p.kernel_h, p.kernel_w, 0, 0};
    return right::max_pool_gather(turned(y), turned(x), apart);
  }

  // Multiplies with zero what was not chosen.
  static tensor select(const tensor& mask, const tensor& yes, const tensor& no) {
    if (now != fault::select) return right::select(mask, yes, no);
    const auto chosen = right::abs(right::sign(mask));
    const auto left = right::sub(right::full(right::shape_of(mask), 1), chosen);
    return right::select(right::greater(left, chosen), right::add(right::mul(chosen, yes), no),
                         right::add(yes, right::mul(left, no)));
  }

  // Writes into storage that others share.
  static void ema(tensor& average, const tensor& x, scalar decay) {
    if (now != fault::ema) return right::ema(average, x, decay);
    auto* const shared = const_cast<scalar*>(average.data());
    for (std::int64_t i = 0; i < average.elements(); ++i) shared[i] = decay * shared[i] + (1 - decay) * x.data()[i];
  }

  // Off by a little, in one pixel, for odd extents and stride 2.
  static tensor conv2d_input_grad(const tensor& g, const tensor& weight, const conv2d_params& p, const shape& dims) {
    auto out = right::conv2d_input_grad(g, weight, p, dims);
    if (now == fault::border && p.stride_h == 2 && dims[2] % 2 == 1) out.own()[0] += 0.01f;
    return out;
  }

  // Overflows to NaN for large arguments.
  static tensor sigmoid(const tensor& x) {
    if (now != fault::sigmoid) return right::sigmoid(x);
    const auto e = right::exp(x);
    return right::div(e, right::add_scalar(e, 1));
  }

  // Other last bits from call to call.
  static tensor sum(const tensor& x, const axes& over) {
    static int calls = 0;
    const scalar wobble = now == fault::unsteady && ++calls % 2 == 0 ? 1.0000002f : 1.0f;
    return right::mul_scalar(right::sum(x, over), wobble);
  }

  static tensor flip(const tensor& x, int axis) {
    if (now == fault::throwing) throw backend_error("flip is not available here.");
    return right::flip(x, axis);
  }
};

// The names of the cases of one family that fail with this fault, joined.
std::string failing(std::string_view family, fault which, const conformance::options& how = {.threads = {1}}) {
  faulty::now = which;
  std::string names;
  for (const auto& one : conformance::suite<faulty>(how))
    if (one.name.starts_with(family) && !one.run().passed()) names += (names.empty() ? "" : "; ") + one.name;
  return names;
}

}  // namespace

TEST_CASE("each fault fails the cases that hold it, and only those of its family") {
  CHECK(failing("resample", fault::max_pool_ties) == "resample/max_pool_gather");
  CHECK(failing("elementwise", fault::select) == "elementwise/select keeps NaN and infinity out");
  CHECK(failing("convolution", fault::border) == "convolution/conv2d_input_grad");
  CHECK(failing("elementwise", fault::sigmoid) ==
        "elementwise/NaN and infinity stay visible; elementwise/far from zero");
  CHECK(failing("reduce", fault::unsteady) == "reduce/sum; reduce/of results that repeat or permute");
  CHECK(failing("update", fault::ema) == "update/ema, storage shared; update/no other tensor sees a step");
  CHECK(failing("resample", fault::border).empty());
}

TEST_CASE("a failure is a sentence with shapes and values") {
  faulty::now = fault::border;
  for (const auto& one : conformance::suite<faulty>({.threads = {1}})) {
    if (one.name != "convolution/conv2d_input_grad") continue;
    const auto found = one.run();
    REQUIRE_FALSE(found.failures.empty());
    const auto& first = found.failures.front();
    CHECK(synthmed_test::contains(first, "conv2d_input_grad stride 2 x 2 padding 1 x 1 of [2, 32, 5, 4]"));
    CHECK(synthmed_test::contains(first, "allowed is 1e-05; worst at element 0: got "));
  }
}

TEST_CASE("what a kernel throws is reported with its sentence, and the runner says so") {
  faulty::now = fault::throwing;
  std::vector<conformance::test_case> cases;
  for (auto& one : conformance::suite<faulty>({.threads = {1}}))
    if (one.name.starts_with("layout")) cases.push_back(std::move(one));
  std::ostringstream out;
  CHECK_FALSE(conformance::run(cases, out));
  CHECK(synthmed_test::contains(out.str(), "FAIL  layout/flip"));
  CHECK(synthmed_test::contains(out.str(), "flip is not available here."));
  CHECK(synthmed_test::contains(out.str(), "ok    layout/slice"));
}

TEST_CASE("the tolerance can be tightened") {
  CHECK_FALSE(failing("linear", fault::none, {.tolerance = 1e-9, .threads = {1}}).empty());
}

TEST_CASE("the number of threads is the same after the suite") {
  set_threads(2);
  const int before = threads();
  (void)failing("elementwise", fault::none, {.threads = {1, 4}});
  CHECK(threads() == before);
}
