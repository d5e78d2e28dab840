// What an Accept-Encoding header allows. Pure functions, used by the handlers that have a compressed page.
#pragma once

#include <string_view>

namespace buntime {

/// True when gzip may be sent and the client does not prefer the page as it is (RFC 9110, 12.5.3): `gzip` or
/// `x-gzip` is named with q > 0, or is not named and `*` has q > 0; and no lower q than `identity` is named
/// with. An element that cannot be read counts as not named; an empty or missing header means no.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace buntime
