// Suggests known words that are close to an unknown one. Pure functions. Used within config only.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace buntime {

/// The known word that `word` is a slip of the fingers away from; empty: none is.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> known);

/// "unknown key 'poll.intervall': did you mean interval?", or with the list of all known ones. `shown` is
/// what messages call `key`, with all that stands before it.
std::string UnknownKey(std::string_view shown, std::string_view key, std::span<const std::string_view> known);

}  // namespace buntime
