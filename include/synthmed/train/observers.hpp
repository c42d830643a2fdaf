// All observers of the library.
#pragma once

#include <synthmed/train/observers/divergence_stop.hpp>
#include <synthmed/train/observers/json_lines.hpp>
#include <synthmed/train/observers/memorisation.hpp>
#include <synthmed/train/observers/progress_line.hpp>
#include <synthmed/train/observers/sample_grid.hpp>
#include <synthmed/train/observers/tensorboard.hpp>
#include <synthmed/train/observers/time_limit.hpp>
