// All inference: intervals, DeLong, clustered DeLong, bootstrap, tests.
#pragma once

#include <synthmed/metrics/inference/bands.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/inference/r_bootstrap.hpp>
#include <synthmed/metrics/inference/replicates.hpp>
#include <synthmed/metrics/inference/tests.hpp>
#include <synthmed/metrics/inference/weighted.hpp>
