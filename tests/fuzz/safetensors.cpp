// Fuzzes the safetensors reader: whatever the bytes, it answers with a file or a sentence.
#include <fuzz/fuzz.hpp>

#include <synthmed/io/safetensors.hpp>

int main(int argc, char** argv) {
  synthmed::safetensors_writer small, large;
  small.add<float>("w", {2}, std::vector<float>{1, 2});
  for (int i = 0; i < 5; ++i)
    large.add<double>("layer." + std::to_string(i) + ".weight", {i, 3},
                      std::vector<double>(static_cast<std::size_t>(3 * i)));
  large.add<std::int64_t>("step", {}, std::vector<std::int64_t>{7});
  large.add_bf16("half", {1, 2}, std::vector<float>{1, 2});
  large.set_metadata("format", "1");
  return synthmed_test::fuzz(argc, argv, {small.bytes(), large.bytes()}, 40000, [](const std::string& bytes) {
    const auto file = synthmed::safetensors::parse(bytes, "fuzz");
    for (const auto& [name, entry] : file.entries())
      if (entry.type != synthmed::element_type::i64) (void)file.values<float>(name);
  });
}
