// The JSON and the page that the exporter serves beside its metrics: which path answers what.
//
// Threading: made once; the handlers run on the server's threads and are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/history.h"
#include "api/page_documents.h"
#include "app/json_answer.h"
#include "base/clock.h"
#include "poll/fleet_board.h"
#include "web/server.h"

namespace buntime {

class ApiRoutes {
 public:
  /// References outlive the object.
  ApiRoutes(const FleetBoard& board, const History& history, const Clock& clock, ExporterFacts facts);

  /// Of what the page is made of, and what it asks for. The object outlives them.
  std::vector<Route> Routes();

 private:
  HttpResponse View(const HttpRequest& request);
  HttpResponse Workers(const HttpRequest& request);
  HttpResponse HistoryOf(const HttpRequest& request);

  const FleetBoard& board_;
  const History& history_;
  const Clock& clock_;
  const ExporterFacts facts_;
  JsonAnswers answers_;
};

}  // namespace buntime
