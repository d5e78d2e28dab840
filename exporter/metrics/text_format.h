// Text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): the pieces of it, and anything
// that prometheus-cpp can collect. Pure functions, thread-safe.
//
// prometheus-cpp 1.0.1 has a serializer of its own, which escapes no HELP and prints sixteen digits of each
// number; tests hold this one against it.
#pragma once

#include <string>
#include <string_view>

namespace prometheus {
class Collectable;
}

namespace buntime {

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// Appends the HELP and TYPE lines.
void AppendFamilyHeader(std::string& out, std::string_view name, std::string_view help,
                        std::string_view type);

/// Appends `name="value"` with the value escaped.
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

/// Appends the families that `collectable` has now, whole lines with a line feed at the end; a family without
/// samples is left out.
void AppendCollected(std::string& out, const prometheus::Collectable& collectable);

}  // namespace buntime
