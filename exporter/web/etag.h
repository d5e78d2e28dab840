// Conditional requests (RFC 9110, 13.1.2). Pure functions, used by handlers.
#pragma once

#include <string_view>

namespace buntime {

/// Whether `if_none_match` names `etag`, with or without `W/`, or is `*`: the client has it already.
bool MatchesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace buntime
