#pragma once
// Vectors of N floats and what the kernels compute on them: templates, inlined into entry points
// that are compiled for one instruction set each. GCC vector extensions keep them free of
// intrinsics. Private to the kernels.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "embed/bf16.h"

#define TACIT_INLINE __attribute__((always_inline)) inline

namespace tacit::embed {

template <std::size_t N>
struct VecTypes {
  typedef float Floats __attribute__((vector_size(4 * N)));
  typedef std::int32_t Ints __attribute__((vector_size(4 * N)));
  typedef std::uint32_t Bits __attribute__((vector_size(4 * N)));
  typedef std::uint16_t Halves __attribute__((vector_size(2 * N)));
};

template <std::size_t N>
TACIT_INLINE typename VecTypes<N>::Floats widened(const Bf16* p) {
  typename VecTypes<N>::Halves halves;
  std::memcpy(&halves, p, sizeof halves);
  const auto bits = __builtin_convertvector(halves, typename VecTypes<N>::Bits) << 16;
  return std::bit_cast<typename VecTypes<N>::Floats>(bits);
}

// The rounding of Bf16::of.
template <std::size_t N>
TACIT_INLINE void narrow(typename VecTypes<N>::Floats values, Bf16* p) {
  const auto bits = std::bit_cast<typename VecTypes<N>::Bits>(values);
  const auto halves = __builtin_convertvector((bits + 0x7FFF + (bits >> 16 & 1)) >> 16,
                                              typename VecTypes<N>::Halves);
  std::memcpy(p, &halves, sizeof halves);
}

template <std::size_t N>
struct Vec {
  using Floats = typename VecTypes<N>::Floats;
  using Ints = typename VecTypes<N>::Ints;
  Floats v;

  TACIT_INLINE static Vec load(const float* p) {
    Vec result;
    std::memcpy(&result.v, p, sizeof result.v);
    return result;
  }
  TACIT_INLINE static Vec load(const Bf16* p) { return {widened<N>(p)}; }
  TACIT_INLINE static Vec all(float value) { return {Floats{} + value}; }
  TACIT_INLINE void store(float* p) const { std::memcpy(p, &v, sizeof v); }
  TACIT_INLINE void store(Bf16* p) const { narrow<N>(v, p); }
  TACIT_INLINE float sum() const {
    std::array<float, N> values = lanes();
    for (std::size_t half = N / 2; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i) values[i] += values[i + half];
    return values[0];
  }
  TACIT_INLINE std::array<float, N> lanes() const { return std::bit_cast<std::array<float, N>>(v); }
};

// e^x for x <= 0, to about 2 units in the last place: range reduction by ln 2, then a polynomial of
// degree 6.
template <std::size_t N>
TACIT_INLINE typename Vec<N>::Floats exp_of_negative(typename Vec<N>::Floats x) {
  using Floats = typename Vec<N>::Floats;
  using Ints = typename Vec<N>::Ints;
  const Floats lowest = Floats{} - 87.0f;
  x = x < lowest ? lowest : x;
  const Ints n = __builtin_convertvector(x * 1.44269504f - 0.5f, Ints);
  const Floats f = __builtin_convertvector(n, Floats);
  const Floats r = (x - f * 0.693359375f) + f * 2.12194440e-4f;
  Floats p = Floats{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * std::bit_cast<Floats>((n + 127) << 23);
}

// erf by Abramowitz and Stegun 7.1.26: absolute error below 1.5e-7, the rounding of f32.
template <std::size_t N>
TACIT_INLINE typename Vec<N>::Floats gelu(typename Vec<N>::Floats x) {
  using Floats = typename Vec<N>::Floats;
  const Floats z = x * 0.70710678f;
  const Floats magnitude = z < 0.0f ? -z : z;
  const Floats t = 1.0f / (magnitude * 0.3275911f + 1.0f);
  Floats p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Floats tail = p * t * exp_of_negative<N>(-(z * z));  // 1 - erf(|z|)
  return 0.5f * x * (z < 0.0f ? tail : 2.0f - tail);
}

// x times the normal distribution's Φ(x) as a half and an odd polynomial, fitted on [-4, 4] for the
// least error of the product (4.5e-5, a fortieth of what bf16 rounds at 1); beyond it is flat.
template <std::size_t N>
TACIT_INLINE typename Vec<N>::Floats rough_gelu(typename Vec<N>::Floats x) {
  using Floats = typename Vec<N>::Floats;
  const Floats end = Floats{} + 4.0f;
  Floats z = x < end ? x : end;
  z = z > -end ? z : -end;
  const Floats square = z * z;
  Floats p = Floats{} - 1.301296285e-9f;
  p = p * square + 1.041961657e-7f;
  p = p * square - 3.657136132e-6f;
  p = p * square + 7.485509187e-5f;
  p = p * square - 1.006490755e-3f;
  p = p * square + 9.505399761e-3f;
  p = p * square - 6.588784582e-2f;
  p = p * square + 3.986733959e-1f;
  return x * (z * p + 0.5f);
}

}  // namespace tacit::embed
