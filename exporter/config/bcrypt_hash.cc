#include "config/bcrypt_hash.h"

#include <algorithm>

namespace buntime {
namespace {

// "$2b$10$", 22 characters of salt, 31 of hash.
constexpr std::size_t kLength = 60;
constexpr std::size_t kPrefix = 7;

// One more doubles the time of a login. At 18 it is seconds: more than a scrape waits for.
constexpr int kLeastCost = 4;
constexpr int kMostCost = 18;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsOfAlphabet(char c) {
  return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '/';
}

}  // namespace

std::optional<std::string> BcryptProblem(std::string_view hash) {
  const bool shaped = hash.size() == kLength && hash.starts_with("$2") &&
                      (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y') && hash[3] == '$' &&
                      IsDigit(hash[4]) && IsDigit(hash[5]) && hash[6] == '$' &&
                      std::ranges::all_of(hash.substr(kPrefix), IsOfAlphabet);
  if (!shaped) {
    return "is not a bcrypt hash ($2a$, $2b$ or $2y$ and 60 characters; `htpasswd -nBC 10 NAME` makes one)";
  }
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (cost < kLeastCost || cost > kMostCost) {
    return "has the bcrypt cost " + std::to_string(cost) + ", expected " + std::to_string(kLeastCost) +
           " to " + std::to_string(kMostCost) + " (10 to 12 is usual)";
  }
  return std::nullopt;
}

}  // namespace buntime
