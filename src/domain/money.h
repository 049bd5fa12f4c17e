#pragma once
// Money: whole pico-dollars (10^-12 dollars) in 64 bits, ±9.2 million dollars. One token of the
// cheapest model costs more than one pico-dollar, so no price is rounded to nothing. Sums and
// products saturate instead of wrapping, and what is rounded is rounded up: money is never counted
// too low. Pure values.

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tacit {

class Money {
 public:
  constexpr Money() = default;
  static constexpr Money pico(std::int64_t pico) { return Money(pico); }
  static constexpr Money cents(std::int64_t cents) { return Money(cents) * 10'000'000'000; }
  static constexpr Money most() { return Money(std::numeric_limits<std::int64_t>::max()); }
  // "8.33", "-0.000012"; at most twelve decimals.
  static std::optional<Money> parse(std::string_view dollars);

  constexpr std::int64_t pico() const { return pico_; }
  // Dollars with as many decimals as it takes, at least two: "8.33", "0.0000375".
  std::string text() const;

  constexpr auto operator<=>(const Money&) const = default;
  constexpr Money operator+(Money other) const {
    std::int64_t sum = 0;
    return Money(__builtin_add_overflow(pico_, other.pico_, &sum) ? saturated(other.pico_ < 0)
                                                                  : sum);
  }
  constexpr Money operator-(Money other) const {
    std::int64_t difference = 0;
    return Money(__builtin_sub_overflow(pico_, other.pico_, &difference)
                     ? saturated(other.pico_ > 0)
                     : difference);
  }
  constexpr Money operator*(std::int64_t count) const {
    std::int64_t product = 0;
    return Money(__builtin_mul_overflow(pico_, count, &product)
                     ? saturated((pico_ < 0) != (count < 0))
                     : product);
  }
  Money& operator+=(Money other) { return *this = *this + other; }
  // A share of it in thousandths, rounded up: 5 for half a per cent.
  constexpr Money per_mille(std::int64_t thousandths) const {
    const std::int64_t whole = pico_ / 1000;
    const std::int64_t rest = pico_ % 1000 * thousandths;
    return Money(whole) * thousandths + Money(rest / 1000 + (rest % 1000 > 0 ? 1 : 0));
  }

 private:
  explicit constexpr Money(std::int64_t pico) : pico_(pico) {}
  static constexpr std::int64_t saturated(bool negative) {
    return negative ? std::numeric_limits<std::int64_t>::min()
                    : std::numeric_limits<std::int64_t>::max();
  }
  std::int64_t pico_ = 0;
};

}  // namespace tacit
