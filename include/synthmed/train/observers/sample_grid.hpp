// Pictures of how far a generator has come: a function of the user's is called at moments of the run.
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>

namespace synthmed::train {

/// What a grid shows.
struct grid_moment {
  std::int64_t step = 0;      ///< the last step that was made
  std::int64_t stage = 0;
  bool stage_ended = true;    ///< false: in the middle of a stage
};

/// Calls draw(grid_moment) at the end of every stage, where a run stops, and every so manieth step. Draw from latents
/// that are fixed for the run (a key's), so that grids of different steps show the same pictures grow.
template <std::invocable<const grid_moment&> Draw>
class sample_grid : public quiet_observer {
 public:
  /// `every` steps; 0: only where a stage ends or the run stops. Throws argument_error when negative.
  explicit sample_grid(Draw draw, std::int64_t every = 0) : draw_(std::move(draw)), every_(every) {
    if (every < 0) throw argument_error(sentence("A grid is drawn every 0 or more steps, got ", every, "."));
  }

  verdict on_step(const step_event& e) {
    if (every_ > 0 && (e.step + 1) % every_ == 0) draw_(grid_moment{e.step, e.stage, false});
    return verdict::go_on;
  }
  void on_stage(const stage_event& e) { draw_(grid_moment{e.step, e.stage, e.complete}); }

 private:
  Draw draw_;
  std::int64_t every_;
};

}  // namespace synthmed::train
