// A linear layer that takes another number of values than flatten gives.
#include <synthmed/nn/layers.hpp>

namespace nn = synthmed::nn;
#ifdef SYNTHMED_FIXED
constexpr int inputs = 64;
#else
constexpr int inputs = 60;
#endif
using network = nn::sequential<nn::chw{1, 8, 8}, nn::conv2d{.inputs = 1, .outputs = 4, .kernel = 3, .pad = 1},
                               nn::avg_pool{}, nn::flatten{}, nn::linear{.inputs = inputs, .outputs = 2}>;
constexpr network net{};
