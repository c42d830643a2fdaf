// Writes what PyTorch is to find as well: Inception's logits and features in its three published forms, on a small
// picture, with the same weights.
#include <filesystem>
#include <string>

#include <oracle/record.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/inception_v3.hpp>

namespace {

using namespace synthmed;
using B = reference_backend<float>;

template <models::inception_options Options>
void record_form(safetensors_writer& file, const std::string& name, const auto& p, const auto& b, const B::tensor& x) {
  const models::inception_v3<Options> net;
  synthmed_oracle::record<B>(file, name + ".logits", nn::evaluate<B>(net, p, b, x));
  synthmed_oracle::record<B>(file, name + ".features", net.template features<B>(p, b, x));
}

}  // namespace

int main(int, char** argv) {
  constexpr models::inception_options fid{.classes = 5},
      torchvision{.classes = 5, .pools_count_padding = true, .last_pool_is_max = false},
      keras{.classes = 5, .last_pool_is_max = false};
  const models::inception_v3<fid> net;
  auto p = net.init<B>(key(1));
  auto b = net.initial_buffers<B>();
  std::uint64_t i = 0;
  nn::for_each_parameter(p, [&](const std::string& name, auto& x) {
    if (name.find(".bn.") != std::string::npos)
      x = ops::add<B>(x, ops::mul_scalar<B>(ops::normal<B>(key(2).fold(i++), B::shape_of(x)), 0.1));
  });
  nn::for_each_parameter(b, [&](const std::string&, auto& x) {
    x = ops::add<B>(x, ops::uniform<B>(key(3).fold(i++), B::shape_of(x), -0.2, 0.2));
  });
  safetensors_writer file;
  synthmed_oracle::record_tree<B>(file, "weights", p);
  synthmed_oracle::record_tree<B>(file, "weights", b);
  const auto x = ops::normal<B>(key(4), {1, 3, 139, 107});
  synthmed_oracle::record<B>(file, "x", x);
  record_form<fid>(file, "fid", p, b, x);
  record_form<torchvision>(file, "torchvision", p, b, x);
  record_form<keras>(file, "keras", p, b, x);
  file.write(std::filesystem::path(argv[1]) / "inception.safetensors");
}
