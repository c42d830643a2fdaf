// Names of features: FID is what Inception features alone may be called.
#include <support/catch.hpp>

#include <synthmed/metrics/feature_source.hpp>

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

TEST_CASE("only Inception features may be called FID") {
  const auto inception = feature_source::inception(fid_profile::clean_fid);
  CHECK(inception.label("frechet") == "frechet[inception-fid]");
  CHECK(inception.frechet_title() == "FID (clean-fid)");
  const auto pixels = feature_source::named("pixels-16");
  CHECK(pixels.label("kid") == "kid[pixels-16]");
  CHECK_FALSE(contains(pixels.frechet_title(), "FID"));
  for (const char* name : {"inception-fid", "fid", "my-fid-features"})
    CHECK(contains(message_of<argument_error>([&] { (void)feature_source::named(name); }), "would read as FID"));
  CHECK_THROWS_AS(feature_source::named("FID"), argument_error);
  CHECK_THROWS_AS(feature_source::named(""), argument_error);
  CHECK(fid_profile_named("torch-fidelity") == fid_profile::torch_fidelity);
  CHECK_THROWS_AS(fid_profile_named("tf"), argument_error);
}
