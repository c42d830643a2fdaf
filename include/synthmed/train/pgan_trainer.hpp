// The trainer of progressive GANs: gan_trainer for the networks of models/pgan.hpp.
#pragma once

#include <synthmed/models/pgan.hpp>
#include <synthmed/train/gan_trainer.hpp>

namespace synthmed::train {

template <differentiable_backend D, auto Options, schedule Schedule, class Loss = wgan_gp,
          class Augmentation = unaugmented>
using pgan_trainer =
    gan_trainer<D, models::pgan_generator<Options>, models::pgan_critic<Options>, Schedule, Loss, Augmentation>;

}  // namespace synthmed::train
