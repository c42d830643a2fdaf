// R's default random numbers (set.seed, runif, rnorm, sample): seeded results of R packages, digit for digit.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

namespace detail {

template <std::size_t N>
[[nodiscard]] constexpr double horner(const std::array<double, N>& coefficients, double x) noexcept {
  double sum = 0;
  for (std::size_t i = N; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

/// Normal quantile to about 1 part in 10^16: Wichura's algorithm AS 241 (Applied Statistics 37, 1988), which R uses.
[[nodiscard]] inline double as241(double p) noexcept {
  constexpr std::array<double, 8> a{3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                    3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr std::array<double, 8> b{1.0,
                                    4.2313330701600911252e1,
                                    6.8718700749205790830e2,
                                    5.3941960214247511077e3,
                                    2.1213794301586595867e4,
                                    3.9307895800092710610e4,
                                    2.8729085735721942674e4,
                                    5.2264952788528545610e3};
  constexpr std::array<double, 8> c{1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                    3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                    2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array<double, 8> d{1.0,
                                    2.05319162663775882187e0,
                                    1.67638483018380384940e0,
                                    6.89767334985100004550e-1,
                                    1.48103976427480074590e-1,
                                    1.51986665636164571966e-2,
                                    5.47593808499534494600e-4,
                                    1.05075007164441684324e-9};
  constexpr std::array<double, 8> e{6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                    2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array<double, 8> f{1.0,
                                    5.99832206555887937690e-1,
                                    1.36929880922735805310e-1,
                                    1.48753612908506148525e-2,
                                    7.86869131145613259100e-4,
                                    1.84631831751005468180e-5,
                                    1.42151175831644588870e-7,
                                    2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * horner(a, r) / horner(b, r);
  }
  double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  double z = 0;
  if (r <= 5) {
    r -= 1.6;
    z = horner(c, r) / horner(d, r);
  } else {
    r -= 5;
    z = horner(e, r) / horner(f, r);
  }
  return q < 0 ? -z : z;
}

}  // namespace detail

/// R's generator after set.seed(seed) with its defaults since 3.6: Mersenne Twister (Matsumoto and Nishimura 1998),
/// "Inversion" normals, "Rejection" sampling. For comparison with published results of R; the library's own streams
/// are random_stream. Indices are counted from 0, R's from 1.
class r_stream {
 public:
  explicit r_stream(std::uint32_t seed) noexcept {
    for (int i = 0; i < 50; ++i) seed = 69069u * seed + 1u;
    seed = 69069u * seed + 1u;  // R fills its place counter too, then overwrites it
    for (auto& word : state_) {
      seed = 69069u * seed + 1u;
      word = seed;
    }
  }

  /// runif(1): uniform in (0, 1), 32 random bits.
  double uniform() noexcept {
    const double value = static_cast<double>(word()) * 2.3283064365386963e-10;
    constexpr double half_step = 0.5 * 2.328306437080797e-10;
    if (value <= 0.0) return half_step;
    return 1.0 - value <= 0.0 ? 1.0 - half_step : value;
  }

  /// rnorm(1).
  double normal() noexcept {
    constexpr double big = 134217728;  // 2^27: two uniforms give the inversion 53 bits
    const double high = std::floor(big * uniform());
    return detail::as241((high + uniform()) / big);
  }

  /// One index in [0, count), unbiased by rejection. Throws argument_error for 0 and above 2^31 - 1.
  std::uint32_t below(std::uint32_t count) {
    if (count == 0 || count > 0x7FFFFFFFu)
      throw argument_error(sentence("R samples among 1 to 2147483647 things, got ", count, "."));
    unsigned bits = 0;
    while ((std::uint64_t{1} << bits) < count) ++bits;
    for (;;) {
      std::uint64_t value = 0;
      for (unsigned got = 0; got <= bits; got += 16)
        value = 65536u * value + static_cast<std::uint64_t>(std::floor(uniform() * 65536));
      value &= (std::uint64_t{1} << bits) - 1;
      if (value < count) return static_cast<std::uint32_t>(value);
    }
  }

  /// sample.int(count, size, replace = TRUE) - 1.
  std::vector<std::uint32_t> sample_with_replacement(std::uint32_t count, std::size_t size) {
    std::vector<std::uint32_t> drawn(size);
    for (auto& index : drawn) index = below(count);
    return drawn;
  }

  /// sample.int(count, size) - 1, for count up to 10^7 (beyond, R uses another algorithm). Throws argument_error when
  /// more are wanted than there are.
  std::vector<std::uint32_t> sample_without_replacement(std::uint32_t count, std::size_t size) {
    if (size > count || count > 10000000u)
      throw argument_error(
          sentence("sample_without_replacement needs size <= count <= 10000000, got ", size, " of ", count, "."));
    std::vector<std::uint32_t> left(count), drawn(size);
    for (std::uint32_t i = 0; i < count; ++i) left[i] = i;
    for (auto& index : drawn) {
      const auto at = below(count);
      index = left[at];
      left[at] = left[--count];
    }
    return drawn;
  }

 private:
  [[nodiscard]] std::uint32_t word() noexcept {
    if (next_ == state_.size()) refresh();
    std::uint32_t y = state_[next_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
  }
  void refresh() noexcept {
    constexpr std::size_t n = 624, m = 397;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t y = (state_[i] & 0x80000000u) | (state_[(i + 1) % n] & 0x7FFFFFFFu);
      state_[i] = state_[(i + m) % n] ^ (y >> 1) ^ ((y & 1u) ? 0x9908B0DFu : 0u);
    }
    next_ = 0;
  }

  std::array<std::uint32_t, 624> state_{};
  std::size_t next_ = 624;
};

}  // namespace synthmed
