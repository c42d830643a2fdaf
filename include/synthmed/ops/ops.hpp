// All operations: checked primitives and the composites built from them.
#pragma once

#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/convolution.hpp>
#include <synthmed/ops/elementwise.hpp>
#include <synthmed/ops/layout.hpp>
#include <synthmed/ops/linear.hpp>
#include <synthmed/ops/loss.hpp>
#include <synthmed/ops/normalization.hpp>
#include <synthmed/ops/overrides.hpp>
#include <synthmed/ops/reduce.hpp>
#include <synthmed/ops/resample.hpp>
#include <synthmed/ops/storage.hpp>
