#include "poll/attempt.h"

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "poll/layout_choice.h"
#include "poll/stats_answer.h"

namespace buntime {
namespace {

// Of the time for a poll, at most this goes to the health endpoint.
constexpr int kHealthShare = 3;
constexpr Duration kHealthTime = std::chrono::seconds(1);
constexpr std::uint64_t kMaxHealthBody = 64 * 1024;

// How much an error at one layout's path says when all of them fail: the greatest is reported. 0 ends the
// search: the path is the right one and fails, or the host is not there.
int SearchWeight(Outcome outcome, bool sure) {
  if (outcome == Outcome::kSchema) return 3;
  if (outcome == Outcome::kNotJson) return 2;
  if (outcome == Outcome::kNotFound) return 1;
  // At a path that is only a guess, these may come from a full queue before the plugin's web page.
  const bool trouble = outcome == Outcome::kTimeout || outcome == Outcome::kHttp5xx;
  return trouble && !sure ? 1 : 0;
}

std::string PluginUrl(const Target& target) {
  return target.url.origin + target.url.path + target.plugin_base;
}

// An exact stats URL: the layout whose path it ends in, and what stands before that. Empty: it ends in none.
std::optional<std::pair<Layout, std::string>> SplitExact(const Target& target) {
  const std::string url = target.url.Text();
  for (const Layout layout : kGuesses) {
    const std::string_view stats = Paths(layout).stats;
    if (url.ends_with(stats)) return std::pair(layout, url.substr(0, url.size() - stats.size()));
  }
  return std::nullopt;
}

// The URL that the runtime's own paths follow, as far as the configuration tells it.
std::string RootUrl(const Target& target) {
  if (target.url.exact_stats.empty()) return target.url.origin + target.url.path;
  const auto split = SplitExact(target);
  if (!split || !split->second.ends_with(target.plugin_base)) return target.url.origin;
  return split->second.substr(0, split->second.size() - target.plugin_base.size());
}

std::string Summarise(const ExchangeResult& result) {
  if (!result) return std::string(Name(result.error().outcome)) + ": " + result.error().message;
  std::string text = std::to_string(result->status);
  if (!result->content_type.empty()) text += " " + result->content_type;
  return text + ", " + std::to_string(result->body.size()) + " bytes";
}

}  // namespace

Attempt::Attempt(const Target& target, const Known& known, Fetcher& fetcher, const Clock& clock, Done done,
                 PollTrace* trace)
    : target_(target),
      known_(known),
      fetcher_(fetcher),
      clock_(clock),
      deadline_(clock.Now() + target.timeout),
      done_(std::move(done)),
      trace_(trace) {
  if (!target.url.exact_stats.empty()) {
    const auto split = SplitExact(target);
    // One that follows no layout is read as it is, without a summary.
    candidates_.push_back(split ? At(split->second, split->first, true)
                                : Candidate{Layout::kApi, true, target.url.Text(), "", ""});
  } else if (target.layout || known.worked) {
    candidates_.push_back(At(PluginUrl(target), target.layout ? *target.layout : *known.layout, true));
  }
  if (known.health_asked && !candidates_.empty()) {
    TryNext();
  } else {
    AskHealth();
  }
}

Attempt::~Attempt() { CancelAll(); }

Attempt::Candidate Attempt::At(const std::string& plugin, Layout layout, bool sure) {
  const LayoutPaths& paths = Paths(layout);
  Candidate candidate{layout, sure, plugin + std::string(paths.stats), "", ""};
  if (!paths.summary.empty()) candidate.summary = plugin + std::string(paths.summary);
  if (layout == Layout::kAdmin) candidate.open = plugin + std::string(Paths(Layout::kOpen).stats);
  return candidate;
}

std::optional<Layout> Attempt::next_guess() const {
  if (IsFixed()) return std::nullopt;
  // Each one in its turn: the search goes on behind the layout that had the whole time in this poll.
  const auto* const at = std::ranges::find(kGuesses, known_.layout.value_or(kGuesses.back()));
  const auto start = static_cast<std::size_t>(at - kGuesses.begin());
  for (std::size_t i = 1; i <= kGuesses.size(); ++i) {
    const Layout layout = kGuesses[(start + i) % kGuesses.size()];
    if (!ruled_out_[Index(layout)]) return layout;
  }
  return std::nullopt;
}

Request Attempt::MakeRequest(const std::string& url, Duration timeout) const {
  Request request;
  request.url = url;
  request.tls = target_.tls;
  request.headers = target_.headers;
  request.proxy_url = target_.proxy_url;
  // At least a millisecond, so that a search out of time ends with the fetcher's own account of a timeout.
  request.timeout = std::max<Duration>(timeout, std::chrono::milliseconds(1));
  request.max_body = target_.max_body;
  request.allowed = target_.allowed;
  return request;
}

Fetcher::TransferId Attempt::Exchange(Request request, Fetcher::Done done) {
  done = Guarded(std::move(done));
  if (trace_ == nullptr) return fetcher_.Start(request, std::move(done));
  request.timings = std::make_shared<Timings>();
  trace_->push_back({request.url, "", request.timings});
  const std::size_t index = trace_->size() - 1;
  return fetcher_.Start(request, [this, index, done = std::move(done)](ExchangeResult result) {
    (*trace_)[index].end = Summarise(result);
    done(std::move(result));
  });
}

// A poll for which there is no memory is one that failed.
Fetcher::Done Attempt::Guarded(Fetcher::Done done) {
  return [this, done = std::move(done)](ExchangeResult result) {
    try {
      done(std::move(result));
    } catch (const std::bad_alloc&) {
      if (!done_) throw;  // it was told
      Finish(
          PollError{Outcome::kInternal, "out of memory: raise the memory limit, or lower --poll.max-body"});
    }
  };
}

// The root, or RUNTIME_API_PREFIX below it; where the URL has a path, that may be a proxy's or belong to the
// plugin.
void Attempt::AskHealth() {
  health_asked_ = true;
  health_deadline_ = clock_.Now() + std::min<Duration>(target_.timeout / kHealthShare, kHealthTime);
  const std::string own = RootUrl(target_);
  for (const std::string& root : {own, target_.url.origin}) {
    for (const char* path : {"/api/health", "/_/api/health"}) health_.push_back({root + path, root == own});
    if (own == target_.url.origin) break;
  }
  AskNextHealth();
}

void Attempt::AskNextHealth() {
  Request request = MakeRequest(health_.front().url, std::min(health_deadline_ - clock_.Now(), TimeLeft()));
  request.max_body = kMaxHealthBody;
  transfer_ = Exchange(std::move(request), [this](ExchangeResult result) {
    transfer_.reset();
    OnHealth(std::move(result));
  });
}

void Attempt::OnHealth(ExchangeResult result) {
  const bool own = health_.front().own;
  health_.pop_front();
  if (result && result->status == 200) {
    auto version = DecodeVersion(std::move(result->body));
    // Another program before the runtime may have a health endpoint, too.
    if (version && (own || ChooseLayouts(*version).known)) version_ = *std::move(version);
  }
  if (version_.empty() && result && !health_.empty()) return AskNextHealth();
  if (answer_) return FinishIfComplete();
  if (IsFixed()) return TryNext();
  Search();
}

void Attempt::Search() {
  const LayoutChoice choice = ChooseLayouts(version_);
  candidates_.clear();
  next_ = 0;
  std::vector<Layout> layouts = choice.layouts;
  if (!choice.known && known_.layout) {
    std::erase(layouts, *known_.layout);
    layouts.insert(layouts.begin(), *known_.layout);
  }
  for (const Layout layout : layouts) {
    const bool sure = choice.known || (known_.worked && layout == known_.layout);
    if (!ruled_out_[Index(layout)]) candidates_.push_back(At(PluginUrl(target_), layout, sure));
  }
  if (candidates_.empty()) return Finish(*best_error_);
  TryNext();
}

void Attempt::TryNext() {
  const Candidate& candidate = candidates_[next_++];
  // A guess that hangs must leave time for the others; one that may have hung before gets all of it.
  const bool patient = candidate.sure || next_ == candidates_.size() || candidate.layout == known_.layout;
  Request request = MakeRequest(candidate.stats, patient ? TimeLeft() : TimeLeft() / 2);
  // What is open needs no key; a gateway may still want one where this layout was asked for.
  if (candidate.layout != Layout::kOpen || target_.layout) request.credential = target_.credential;
  summary_.reset();
  transfer_ = Exchange(request, [this](ExchangeResult result) {
    transfer_.reset();
    OnStats(std::move(result));
  });
  if (candidate.summary.empty()) return;
  request.url = candidate.summary;
  summary_transfer_ = Exchange(std::move(request), [this](ExchangeResult result) {
    summary_transfer_.reset();
    OnSummary(std::move(result));
  });
}

void Attempt::OnStats(ExchangeResult result) {
  const Candidate& candidate = candidates_[next_ - 1];
  auto snapshot = ReadStats(target_, std::move(result), candidate.layout, candidate.stats);
  if (snapshot) {
    answer_ = Answer{std::move(*snapshot), candidate.layout};
    return FinishIfComplete();
  }
  const PollError& error = snapshot.error();
  if (error.outcome == Outcome::kUnauthorized && !candidate.open.empty()) return AskOpen(error);
  const int weight = SearchWeight(error.outcome, candidate.sure);
  if (weight == 0 && !(best_error_ && error.outcome == Outcome::kTimeout)) return Finish(error);
  if (error.outcome != Outcome::kTimeout && error.outcome != Outcome::kHttp5xx) {
    ruled_out_[Index(candidate.layout)] = true;
  }
  SearchOn(error, weight);
}

// The pool's numbers, which a release with keys serves without one.
void Attempt::AskOpen(PollError refused) {
  const std::string& url = candidates_[next_ - 1].open;
  transfer_ = Exchange(MakeRequest(url, TimeLeft()),
                       [this, url, refused = std::move(refused)](ExchangeResult result) {
                         transfer_.reset();
                         auto snapshot = ReadStats(target_, std::move(result), Layout::kOpen, url);
                         if (!snapshot) return Finish(refused);
                         answer_ = Answer{std::move(*snapshot), Layout::kOpen};
                         if (target_.credential.kind != Credential::Kind::kNone) {
                           answer_->refused = refused;
                           answer_->refused->message += "; until then only the pool's metrics are known";
                         }
                         FinishIfComplete();
                       });
}

void Attempt::OnSummary(ExchangeResult result) {
  if (result && result->status == 200) {
    if (auto summary = DecodeSummary(std::move(result->body))) summary_ = *summary;
  }
  FinishIfComplete();
}

void Attempt::SearchOn(PollError error, int weight) {
  const bool late = error.outcome == Outcome::kTimeout;
  if (!best_error_ || weight > SearchWeight(best_error_->outcome, false)) {
    best_error_ = std::move(error);
  } else if (late) {
    // What the paths before answered says more than that there was no time left for this one.
    best_error_->message += "; then the time was up at " + candidates_[next_ - 1].stats;
  }
  if (summary_transfer_) fetcher_.Cancel(*summary_transfer_);
  summary_transfer_.reset();
  if (TimeLeft() < std::chrono::milliseconds(1)) return Finish(*best_error_);
  if (next_ < candidates_.size()) return TryNext();
  // A layout that was right and is gone: another release may be there now.
  if (!IsFixed() && !health_asked_) return AskHealth();
  if (candidates_.size() > 1) best_error_->message += "; no other layout's path answered better";
  Finish(*best_error_);
}

void Attempt::FinishIfComplete() {
  if (!answer_ || summary_transfer_) return;
  std::optional<double>& uptime = answer_->snapshot.pool.uptime_seconds;
  if (summary_ && !uptime) uptime = summary_->uptime_seconds;
  // Another process than at the latest poll: it may be another release.
  if (!health_asked_ && uptime && known_.uptime_seconds && *uptime < *known_.uptime_seconds)
    return AskHealth();
  if (!candidates_[next_ - 1].summary.empty() && !summary_) {
    ++answer_->snapshot.anomalies[Index(Anomaly::kMissingSummary)];
  }
  if (health_asked_) answer_->version = version_;
  Finish(*std::move(answer_));
}

void Attempt::Finish(Result<Answer, PollError> result) {
  CancelAll();
  // Moved out first: the callback may destroy this object, and with it the function that is running.
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

void Attempt::CancelAll() {
  if (transfer_) fetcher_.Cancel(*transfer_);
  if (summary_transfer_) fetcher_.Cancel(*summary_transfer_);
  transfer_.reset();
  summary_transfer_.reset();
}

}  // namespace buntime
