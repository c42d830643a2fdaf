// A generator of layers with batch norm, whose running statistics nobody keeps.
#include <synthmed/models/generator.hpp>
#include <synthmed/nn/layers.hpp>

namespace nn = synthmed::nn;
#ifdef SYNTHMED_FIXED
using layers = nn::sequential<nn::chw{16}, nn::reshape{{1, 4, 4}}, nn::pixel_norm{}>;
#else
using layers = nn::sequential<nn::chw{16}, nn::reshape{{1, 4, 4}}, nn::batch_norm{1}>;
#endif
static_assert(synthmed::models::explain_generator<synthmed::models::layer_generator<layers>>());
