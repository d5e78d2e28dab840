// Random numbers that are the same on every compiler and library, so that a seed names one history for good.
// The standard's distributions do not promise that. Not thread-safe.
#pragma once

#include <cmath>
#include <cstdint>

namespace buntime::simulator {

/// Sebastiano Vigna's splitmix64 step: a bijection of 64 bits that also serves as a hash.
constexpr std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() { return Mix(state_++ * 0xD1342543DE82EF95U); }
  /// In [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11U) * 0x1.0p-53; }
  std::uint64_t Below(std::uint64_t limit) { return Next() % limit; }
  double Exponential(double mean) { return -mean * std::log(1.0 - Unit()); }

  /// Knuth's product method for small means, the normal approximation for the rest.
  std::uint64_t Poisson(double mean) {
    if (mean <= 0) return 0;
    if (mean > 30) {
      const double normal = std::sqrt(-2 * std::log(1.0 - Unit())) * std::cos(6.283185307179586 * Unit());
      return static_cast<std::uint64_t>(std::fmax(0, std::round(mean + std::sqrt(mean) * normal)));
    }
    const double limit = std::exp(-mean);
    std::uint64_t count = 0;
    double product = Unit();
    while (product > limit) {
      product *= Unit();
      ++count;
    }
    return count;
  }

 private:
  std::uint64_t state_;
};

}  // namespace buntime::simulator
