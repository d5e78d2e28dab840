// One poll of one runtime: finds the layout, fetches the stats (and the summary, where the uptime stands only
// there), decodes. Used by Poller and Prober; drives a Fetcher, on whose thread everything runs.
//
// A search must not cost the runtime anything: each path below the plugin base that a release does not know
// starts a worker there and counts as a request. So the health endpoint, which answers in the process itself,
// is asked for the version first; paths are guessed only where it tells none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
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

/// What earlier polls of a runtime leave to the next one.
struct Known {
  std::optional<Layout> layout = {};  // to try first
  bool worked = false;        // that layout has answered; else it is a guess that may only have been slow
  bool health_asked = false;  // since the latest failure and restart: the version needs no other look
  std::optional<double> uptime_seconds = {};  // in the latest answer
};

struct Answer {
  Snapshot snapshot;
  Layout layout = Layout::kAdmin;
  // Of the runtime's package, if this poll asked for it; "": its health endpoint does not tell it.
  std::optional<std::string> version = {};
  // The key was refused: the snapshot is what the runtime serves without one, with layout kOpen.
  std::optional<PollError> refused = {};

  Outcome outcome() const { return refused ? refused->outcome : Outcome::kOk; }
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

  /// Starts at once. `done` runs exactly once, from within fetcher.Wait, at the latest when the target's
  /// timeout has passed; it may destroy the Attempt. All references outlive the Attempt. `trace`, unless
  /// null, gets every exchange in the order of their starts.
  Attempt(const Target& target, const Known& known, Fetcher& fetcher, const Clock& clock, Done done,
          PollTrace* trace = nullptr);
  /// Cancels what is under way; `done` is then not called.
  ~Attempt();
  /// After a failure: the layout to which the next search gives its whole time first, because here it had too
  /// little. Empty: there is none.
  std::optional<Layout> next_guess() const;
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

 private:
  struct Candidate {
    Layout layout;
    bool sure;            // by its version or because it has worked: trouble there is the runtime's
    std::string stats;    // URL
    std::string summary;  // URL, or empty
    std::string open;     // URL of what is served without a key, or empty
  };

  struct Health {
    std::string url;
    bool own;  // below the runtime's own URL, not at the root of its host
  };

  bool IsFixed() const { return target_.layout || !target_.url.exact_stats.empty(); }
  static Candidate At(const std::string& plugin, Layout layout, bool sure);
  Request MakeRequest(const std::string& url, Duration timeout) const;
  Fetcher::TransferId Exchange(Request request, Fetcher::Done done);
  Fetcher::Done Guarded(Fetcher::Done done);
  Duration TimeLeft() const { return deadline_ - clock_.Now(); }
  void AskHealth();
  void AskNextHealth();
  void OnHealth(ExchangeResult result);
  void Search();
  void TryNext();
  void OnStats(ExchangeResult result);
  void OnSummary(ExchangeResult result);
  void AskOpen(PollError refused);
  void SearchOn(PollError error, int weight);
  void FinishIfComplete();
  void Finish(Result<Answer, PollError> result);
  void CancelAll();

  // Constant after construction.
  const Target& target_;
  const Known known_;
  Fetcher& fetcher_;
  const Clock& clock_;
  const SteadyTime deadline_;
  Done done_;
  PollTrace* const trace_;

  bool health_asked_ = false;
  SteadyTime health_deadline_;
  std::deque<Health> health_;  // to be asked
  std::string version_;        // as health told it; empty: it did not
  std::vector<Candidate> candidates_;
  std::size_t next_ = 0;                               // candidate to try after the current one
  std::array<bool, kLayoutPaths.size()> ruled_out_{};  // by layout: something else answered there
  std::optional<PollError> best_error_;
  std::optional<Fetcher::TransferId> transfer_;  // health, stats, or what is open
  std::optional<Fetcher::TransferId> summary_transfer_;
  std::optional<Answer> answer_;
  std::optional<Summary> summary_;
};

}  // namespace buntime
