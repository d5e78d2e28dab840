#include "web/etag.h"

#include <algorithm>

#include "base/text.h"

namespace buntime {
namespace {

std::string_view WithoutWeakness(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

}  // namespace

bool MatchesEtag(std::string_view if_none_match, std::string_view etag) {
  // A comma may stand inside of a foreign tag; its parts then match nothing of ours, which has none.
  while (!if_none_match.empty()) {
    const std::string_view element = if_none_match.substr(0, if_none_match.find(','));
    if_none_match.remove_prefix(std::min(if_none_match.size(), element.size() + 1));
    const std::string_view tag = Trim(element);
    if (tag == "*" || WithoutWeakness(tag) == WithoutWeakness(etag)) return true;
  }
  return false;
}

}  // namespace buntime
