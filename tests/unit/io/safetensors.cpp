#include <support/catch.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <numeric>

#include <synthmed/io/safetensors.hpp>

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

std::string with_header(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  return out + header + data;
}

std::string refusal(const std::string& bytes) {
  return message_of<format_error>([&] { (void)safetensors::parse(bytes, "w.safetensors"); });
}

}  // namespace

TEST_CASE("what was written is read back, bit for bit and in every element type") {
  const std::vector<float> f{1.5f, -0.0f, std::numeric_limits<float>::infinity(), 3e-42f, 5, 6};
  const std::vector<double> d{0.1, 1e300};
  const std::vector<std::int64_t> i{std::numeric_limits<std::int64_t>::min(), 7};
  safetensors_writer writer;
  writer.add<double>("z.double", {2}, d);
  writer.add<float>("a.weight", {2, 3}, f);
  writer.add<std::int64_t>("step", {2, 1}, i);
  writer.add<float>("scalar", {}, std::span(f).first(1));
  writer.add<float>("empty", {0, 4}, {});
  writer.add_bf16("half", {6}, f);
  writer.set_metadata("format", "1");
  const auto bytes = writer.bytes();
  const auto file = safetensors::parse(bytes, "memory");
  CHECK(file.values<float>("a.weight") == f);
  CHECK(std::signbit(file.values<float>("a.weight")[1]));
  CHECK(file.values<double>("z.double") == d);
  CHECK(file.values<std::int64_t>("step") == i);
  CHECK(file.at("a.weight").dims == shape{2, 3});
  CHECK(file.at("scalar").dims == shape{});
  CHECK(file.values<float>("empty").empty());
  CHECK(file.values<float>("half")[0] == 1.5f);
  CHECK(std::isinf(file.values<double>("half")[2]));
  CHECK(file.metadata().at("format") == "1");

  SECTION("and the bytes do not depend on the order of adding") {
    safetensors_writer other;
    other.set_metadata("format", "1");
    other.add_bf16("half", {6}, f);
    other.add<float>("empty", {0, 4}, {});
    other.add<std::int64_t>("step", {2, 1}, i);
    other.add<float>("scalar", {}, std::span(f).first(1));
    other.add<float>("a.weight", {2, 3}, f);
    other.add<double>("z.double", {2}, d);
    CHECK(other.bytes() == bytes);
  }
  SECTION("and a truncation anywhere is refused") {
    for (std::size_t size = 0; size < bytes.size(); ++size)
      REQUIRE_THROWS_AS(safetensors::parse(bytes.substr(0, size), "cut"), format_error);
    REQUIRE_THROWS_AS(safetensors::parse(bytes + " ", "long"), format_error);
  }
}

TEST_CASE("bf16 rounds to nearest even and keeps NaN") {
  CHECK(from_bf16(to_bf16(1.00390625f)) == 1.0f);
  CHECK(from_bf16(to_bf16(1.01171875f)) == 1.015625f);
  CHECK(std::isnan(from_bf16(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(std::isinf(from_bf16(to_bf16(std::numeric_limits<float>::max()))));
}

TEST_CASE("a damaged file is refused with its name and the reason") {
  CHECK(contains(refusal("abc"), "w.safetensors"));
  CHECK(contains(refusal(with_header("[]", "")), "does not begin with {"));
  CHECK(contains(refusal(with_header("{", "")), "no JSON"));
  CHECK(contains(refusal(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8)), "claims"));
  CHECK(contains(refusal(with_header("{}", "x")), "follow the last tensor"));
  const auto one = [](const std::string& type, const std::string& dims, const std::string& at) {
    return R"({"w":{"dtype":")" + type + R"(","shape":)" + dims + R"(,"data_offsets":)" + at + "}}";
  };
  CHECK(safetensors::parse(with_header(one("F32", "[1]", "[0,4]"), "1234"), "ok").contains("w"));
  CHECK(contains(refusal(with_header(one("F16", "[2]", "[0,4]"), "1234")), "F16"));
  CHECK(contains(refusal(with_header(one("F32", "[2]", "[0,4]"), "1234")), "[2]"));
  CHECK(contains(refusal(with_header(one("F32", "[-1]", "[0,4]"), "1234")), "shape"));
  CHECK(contains(refusal(with_header(one("F32", "[1.0]", "[0,4]"), "1234")), "shape"));
  CHECK(contains(refusal(with_header(one("F32", "[1,1,1,1,1,1,1]", "[0,4]"), "1234")), "at most 6"));
  CHECK(contains(refusal(with_header(one("F32", "[4611686018427387904,4]", "[0,4]"), "1234")), "63 bits"));
  CHECK(contains(refusal(with_header(one("F32", "[1]", "[0,8]"), "1234")), "4 data bytes"));
  CHECK(contains(refusal(with_header(one("F32", "[1]", "[4,0]"), "1234")), "lies at"));
  CHECK(contains(refusal(with_header(one("F32", "[1]", "[0]"), "1234")), "two whole numbers"));
  CHECK(contains(refusal(with_header(one("F32", "[1]", "[4,8]"), "12345678")), "belong to no tensor"));
  const std::string pair =
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":)";
  CHECK(contains(refusal(with_header(pair + "[2,6]}}", "123456")), "overlap"));
  CHECK(contains(refusal(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":1})", "1234")),
                 "stands twice"));
  CHECK(
      contains(refusal(with_header(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234")),
               "stands twice"));
  CHECK(contains(refusal(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", "1234")),
                 "exactly"));
  CHECK(contains(refusal(with_header(R"({"__metadata__":{"a":1}})", "")), "not a string"));
  CHECK(
      contains(refusal(with_header("{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}", "")), "deeper"));
}

TEST_CASE("a missing name and another element type are told apart") {
  safetensors_writer writer;
  writer.add<float>("w", {1}, std::vector<float>{1});
  const auto file = safetensors::parse(writer.bytes(), "f");
  CHECK(contains(message_of<format_error>([&] { (void)file.values<float>("v"); }), "no tensor \"v\""));
  CHECK(contains(message_of<format_error>([&] { (void)file.values<std::int64_t>("w"); }), "expected I64, got F32"));
  CHECK_THROWS_AS(writer.add<float>("w", {1}, std::vector<float>{1}), argument_error);
  CHECK_THROWS_AS(writer.add<float>("x", {2}, std::vector<float>{1}), shape_error);
}

TEST_CASE("a file appears whole or not at all") {
  const auto folder = std::filesystem::temp_directory_path() / "synthmed_test_safetensors";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  safetensors_writer writer;
  writer.add<float>("w", {1}, std::vector<float>{1});
  writer.write(folder / "w.safetensors");
  CHECK(safetensors::read(folder / "w.safetensors").values<float>("w") == std::vector<float>{1});
  CHECK_THROWS_AS(writer.write(folder / "no" / "w.safetensors"), io_error);
  CHECK_THROWS_AS(safetensors::read(folder), io_error);
  CHECK_THROWS_AS(safetensors::read(folder / "missing"), io_error);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 1);
  std::filesystem::remove_all(folder);
}
