// Renders a View as the runtime's answers, in either dialect, field for field as recorded or documented. Pure
// functions.
#pragma once

#include <string>
#include <string_view>

#include "simulator/view.h"

namespace buntime::simulator {

enum class Dialect { kDocumented, kReleased };
enum class Shape { kArray, kObject };  // of `workers`

struct BodyStyle {
  Dialect dialect = Dialect::kReleased;
  Shape shape = Shape::kObject;
  bool omit_pool = false;  // a fault
};

/// Pool and workers; `{"pool":{},"workers":{}}` before there is a pool.
std::string StatsBody(const View& view, const BodyStyle& style);

/// The pool alone. `unix_seconds` becomes the documented dialect's timestamp. The view is initialised.
std::string SummaryBody(const View& view, Dialect dialect, double unix_seconds);

/// The runtime's own Prometheus text. The view is initialised.
std::string PrometheusBody(const View& view, Dialect dialect);

std::string HealthBody(std::string_view version);

/// 2024-01-23T10:30:00.000Z
std::string IsoTime(double unix_seconds);

}  // namespace buntime::simulator
