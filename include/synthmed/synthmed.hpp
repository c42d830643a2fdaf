// What most programs include: backends' concept, operations, gradients, layers, random keys. Backends, files, metrics,
// data and training have their own headers.
#pragma once

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/core/backend.hpp>
#include <synthmed/core/differentiable.hpp>
#include <synthmed/core/explain.hpp>
#include <synthmed/error.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/shape.hpp>
#include <synthmed/version.hpp>
