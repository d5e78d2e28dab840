// One poll of one runtime: finds the layout, fetches the stats (and the summary, where the uptime stands only
// there), decodes. Used by Poller; drives a Fetcher, on whose thread everything runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "decode/decoder.h"
#include "fetch/fetcher.h"
#include "model/layout.h"
#include "model/outcome.h"
#include "model/snapshot.h"
#include "model/target.h"

namespace buntime {

struct Answer {
  Snapshot snapshot;
  Layout layout = Layout::kAdmin;
};

/// One exchange of a poll, for people who want to know what happened.
struct TracedExchange {
  std::string url;
  std::string end;                   // "200 application/json, 512 bytes", or the error; empty: under way
  std::shared_ptr<Timings> timings;  // filled in at the end
};
using PollTrace = std::vector<TracedExchange>;

class Attempt {
 public:
  using Done = std::function<void(Result<Answer, PollError>)>;

  /// Starts at once. `known` is the layout that worked last and is tried first. `done` runs exactly once,
  /// from within fetcher.Wait, at the latest when the target's timeout has passed; it may destroy the
  /// Attempt. All references outlive the Attempt.
  /// `trace`, unless null, gets every exchange in the order of their starts.
  Attempt(const Target& target, std::optional<Layout> known, Fetcher& fetcher, const Clock& clock, Done done,
          PollTrace* trace = nullptr);
  /// Cancels what is under way; `done` is then not called.
  ~Attempt();
  /// The layout that was tried last: where the next search should begin if this one found nothing.
  Layout layout() const { return candidates_[next_ - 1].layout; }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

 private:
  struct Candidate {
    Layout layout;
    std::string stats;    // URL
    std::string summary;  // URL, or empty
  };

  void TryNext();
  Fetcher::TransferId Exchange(const std::string& url, Fetcher::Done done);
  void OnStats(ExchangeResult result);
  void OnSummary(ExchangeResult result);
  Result<Snapshot, PollError> Read(ExchangeResult result) const;
  void SearchOn(PollError error);
  void FinishIfComplete();
  void Finish(Result<Answer, PollError> result);
  Request MakeRequest(const std::string& url) const;
  void CancelAll();

  // Constant after construction.
  const Target& target_;
  Fetcher& fetcher_;
  const Clock& clock_;
  const SteadyTime deadline_;
  std::vector<Candidate> candidates_;
  Done done_;
  PollTrace* const trace_;

  std::size_t next_ = 0;  // candidate to try after the current one
  std::optional<PollError> best_error_;
  std::optional<Fetcher::TransferId> stats_transfer_;
  std::optional<Fetcher::TransferId> summary_transfer_;
  std::optional<Snapshot> snapshot_;
  std::optional<Summary> summary_;
};

}  // namespace buntime
