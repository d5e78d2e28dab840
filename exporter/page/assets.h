// The files of the exporter's own page, as they are part of the program. Constant data, thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace buntime {

struct Asset {
  std::string_view path;  // where it is served
  std::string_view content_type;
  std::string_view body;
};

/// What assets.txt lists.
std::span<const Asset> PageAssets();

}  // namespace buntime
