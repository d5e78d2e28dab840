#include "config/suggest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "base/text.h"

namespace buntime {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view Nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view nearest;
  // A third of the word, at most three letters: further away it is another word.
  std::size_t best = std::min<std::size_t>(word.size() / 3, 3) + 1;
  if (word.size() > 100) return nearest;
  for (const std::string_view each : known) {
    const std::size_t distance = EditDistance(word, each);
    if (distance >= best) continue;
    best = distance;
    nearest = each;
  }
  return nearest;
}

std::string UnknownKey(std::string_view shown, std::string_view key,
                       std::span<const std::string_view> known) {
  std::string text = "unknown key '" + Printable(shown, 80) + "': ";
  if (const std::string_view nearest = Nearest(key, known); !nearest.empty()) {
    return text.append("did you mean ").append(nearest).append("?");
  }
  text += "expected ";
  for (const std::string_view each : known)
    text.append(each.data() == known.front().data() ? "" : ", ").append(each);
  return text;
}

}  // namespace buntime
