// xtensor_backend<float>: the CPU backend. Blocked tensors, xsimd kernels, oneDNN (or BLAS) for products, a memory
// pool.
#pragma once

#include <concepts>

#include <synthmed/backends/xtensor/batch_norm.hpp>
#include <synthmed/backends/xtensor/elementwise.hpp>
#if SYNTHMED_XTENSOR_ONEDNN
#include <synthmed/backends/xtensor/engine_onednn.hpp>
#else
#include <synthmed/backends/xtensor/engine_blas.hpp>
#endif
#include <synthmed/backends/xtensor/fused.hpp>
#include <synthmed/backends/xtensor/products.hpp>
#include <synthmed/backends/xtensor/reduce.hpp>
#include <synthmed/backends/xtensor/resample.hpp>
#include <synthmed/backends/xtensor/storage.hpp>
#include <synthmed/backends/xtensor/structure.hpp>
#include <synthmed/backends/xtensor/update.hpp>
#include <synthmed/core/backend.hpp>
#include <synthmed/core/explain.hpp>

namespace synthmed {

namespace xtensor {
#if SYNTHMED_XTENSOR_ONEDNN
using default_engine = onednn_engine;
#else
using default_engine = blas_engine;
#endif
}  // namespace xtensor

/// Tensors of float in memory from a pool, in two layouts (docs/backends/xtensor.md). Engine does convolutions and
/// matrix products: xtensor::onednn_engine or xtensor::blas_engine; both may stand in one program, as different types.
/// The default one is what the build was configured with (SYNTHMED_XTENSOR_ONEDNN), the same in every unit.
/// Same shapes, machine and number of threads give the same bytes; own kernels give them with any number of threads,
/// oneDNN's and BLAS's sums need not.
template <class Scalar, class Engine = xtensor::default_engine>
requires std::same_as<Scalar, float>
struct xtensor_backend : xtensor::storage<Engine>,
                         xtensor::elementwise,
                         xtensor::reductions<Engine>,
                         xtensor::structure<Engine>,
                         xtensor::products<Engine>,
                         xtensor::resampling,
                         xtensor::update,
                         xtensor::fused,
                         xtensor::batch_normalisation {
  using scalar = Scalar;
  using tensor = xtensor::tensor;
  using engine = Engine;
  /// Kernels in it need not set and restore the mode of denormals on every thread.
  using work_scope = xtensor::flush_denormals_everywhere;
};

static_assert(explain<xtensor_backend<float>>());

}  // namespace synthmed
