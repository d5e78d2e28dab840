// What --web.listen-address may say. Pure; used by Listener.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace buntime {

struct ListenAddress {
  std::string text;        // as given, for messages
  std::string host;        // name or address without brackets; empty: all addresses of both families
  std::uint16_t port = 0;  // 0: any free one
};

/// Parses "host:port", "[ipv6]:port" or ":port".
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace buntime
