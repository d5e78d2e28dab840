#include "poll/layout_choice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>

namespace buntime {
namespace {

using Version = std::array<unsigned, 3>;

struct KnownVersion {
  Version version;  // of the package
  Layout layout;
};

constexpr std::array kKnown = {
    KnownVersion{{1, 0, 3}, Layout::kApi},    // release 0.2.15
    KnownVersion{{1, 1, 0}, Layout::kApi},    // release 0.2.26
    KnownVersion{{1, 3, 0}, Layout::kAdmin},  // release 0.4.0
    KnownVersion{{1, 4, 0}, Layout::kAdmin},  // release 0.5.4
};

// "1.4.0", "v1.4", "1.5.0-beta.1": what follows the third number says nothing about layouts.
std::optional<Version> ParseVersion(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  Version version{};
  for (std::size_t i = 0; i < version.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return i > 1 ? std::optional(version) : std::nullopt;
      text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version[i]);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return version;
}

}  // namespace

LayoutChoice ChooseLayouts(std::string_view text) {
  LayoutChoice choice{{kGuesses.begin(), kGuesses.end()}, false};
  const auto version = ParseVersion(text);
  if (!version) return choice;
  const auto* const above =
      std::ranges::find_if(kKnown, [&](const KnownVersion& known) { return known.version >= *version; });
  const auto* const below = above == kKnown.begin() ? above : above - 1;
  if (above != kKnown.end() &&
      (above->version == *version || (below != above && below->layout == above->layout))) {
    return {{above->layout}, true};
  }
  const Layout nearest = below->layout;
  std::stable_partition(choice.layouts.begin(), choice.layouts.end(),
                        [&](Layout layout) { return layout == nearest; });
  return choice;
}

}  // namespace buntime
