// The page and what it asks for: which path answers what.
//
// Threading: made once; the handlers run on the server's threads and are thread-safe.
#pragma once

#include <functional>
#include <vector>

#include "api/history.h"
#include "api/page_documents.h"
#include "app/document_answer.h"
#include "app/live_feed.h"
#include "base/clock.h"
#include "poll/fleet_board.h"
#include "web/http.h"

namespace buntime {

struct RecentProbe;  // poll/prober.h

/// What the handlers answer from. References outlive them.
struct ApiSources {
  const FleetBoard& board;
  const History& history;
  const Clock& clock;
  LiveFeed& live;
  DocumentAnswers& answers;
  std::function<std::vector<RecentProbe>()> probes;  // thread-safe
};

/// The pages with their files, /targets, and /api/…
std::vector<Route> PageRoutes(const ApiSources& sources, const ExporterFacts& facts);

/// Buntime's documented API, below /metrics/api/metrics/. Without `prometheus` its text endpoint answers 404.
std::vector<Route> DocumentedRoutes(const ApiSources& sources, bool prometheus);

}  // namespace buntime
