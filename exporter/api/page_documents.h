// What the exporter's own page shows, as JSON: times in seconds, sizes in bytes, ratios from 0 to 1; null is
// what the runtime does not report or is not known. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/json_writer.h"
#include "api/warnings.h"
#include "model/fleet.h"

namespace buntime {

/// What the page says of the exporter itself.
struct ExporterFacts {
  std::string version;
  std::string revision;
  std::string metrics_path;
};

/// One runtime at a glance: state, pool, apps, counts of workers; with its warnings, and with the names and
/// states of the others.
/// `now` is the time of the exporter's clock, by which the page judges ages.
std::string ViewDocument(const Fleet& fleet, const Runtime& runtime, const ExporterFacts& exporter,
                         double now_unix_seconds, const std::vector<Warning>& warnings = {});

/// The member `warnings` of an object: [{kind, app, value, limit, since}].
void WriteWarnings(JsonWriter& json, const std::vector<Warning>& warnings);

/// Which workers are meant; what is empty means all.
struct WorkerFilter {
  std::optional<std::string> id = {};
  std::optional<std::string> app = {};
  std::string version = {};  // of the app: only those, and with an empty one those without a version
};

/// Every worker of the latest reading that is meant, in the runtime's order.
std::string WorkersDocument(const Runtime& runtime, const WorkerFilter& filter = {});

}  // namespace buntime
