// The privacy audit of a synthetic set: distances, membership-inference attacks, duplicates, canaries.
#pragma once

#include <synthmed/metrics/privacy/alpha_precision.hpp>
#include <synthmed/metrics/privacy/attacks.hpp>
#include <synthmed/metrics/privacy/audit.hpp>
#include <synthmed/metrics/privacy/duplicates.hpp>
#include <synthmed/metrics/privacy/nearest.hpp>
#include <synthmed/metrics/privacy/self_test.hpp>
