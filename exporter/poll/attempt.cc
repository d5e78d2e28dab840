#include "poll/attempt.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

// Whether a poll that failed this way should look at the other layouts' paths, and how much the error says: a
// body that is nearly right beats a page that is not there, because it is the likelier place to mend
// something. 0: the right place in trouble, or no place at all; other paths would tell nothing new.
int SearchWeight(Outcome outcome) {
  if (outcome == Outcome::kSchema) return 3;
  if (outcome == Outcome::kNotJson) return 2;
  return outcome == Outcome::kNotFound ? 1 : 0;
}

PollError Unauthorized(const Target& target, int status, const std::string& url) {
  std::string message = std::to_string(status) + " at " + url + ": ";
  message += target.credential.kind == Credential::Kind::kNone
                 ? "the runtime wants a key: give it with --runtime.api-key-file"
                 : "the runtime refuses the key in " + target.credential.file + ": check its value and role";
  return {Outcome::kUnauthorized, std::move(message)};
}

PollError BadStatus(const Target& target, const Response& response, const std::string& url) {
  const std::string at = std::to_string(response.status) + " at " + url;
  switch (response.status) {
    case 401:
    case 403:
      return Unauthorized(target, response.status, url);
    case 404:
      return {Outcome::kNotFound, at + ": is the metrics plugin enabled? check --runtime.plugin-base"};
    case 429:
      return {Outcome::kRateLimited,
              at + ": a gateway limits requests: poll the runtime directly or less often"};
    default:
      break;
  }
  if (response.status >= 500) {
    if (response.body.find("Pool not initialized") != std::string::npos) {
      return {Outcome::kNotInitialized, at + ": the runtime has no pool yet"};
    }
    return {Outcome::kHttp5xx, at + ": the runtime, or a proxy before it, fails"};
  }
  if (response.status >= 400) {
    return {Outcome::kHttp4xx,
            at + ": the runtime, or a proxy before it, refuses the request: check URL and plugin base"};
  }
  if (response.status >= 300) {
    std::string message = "a redirect (" + std::to_string(response.status) + ")";
    if (!response.location.empty()) message += " to " + Printable(response.location, 100);
    return {Outcome::kNotJson, message + " at " + url + ", which is not followed: check --runtime.url"};
  }
  return {Outcome::kNotJson, "status " + at + " instead of stats"};
}

bool IsWebPage(std::string_view content_type) {
  return EqualsIgnoringCase(Trim(content_type.substr(0, content_type.find(';'))), "text/html");
}

std::string Prefix(const Target& target) { return target.url.origin + target.url.path + target.plugin_base; }

std::string Summarise(const ExchangeResult& result) {
  if (!result) return std::string(Name(result.error().outcome)) + ": " + result.error().message;
  std::string text = std::to_string(result->status);
  if (!result->content_type.empty()) text += " " + result->content_type;
  return text + ", " + std::to_string(result->body.size()) + " bytes";
}

// The layout whose paths an exact stats URL follows; one that follows none is read as it is, without a
// summary.
std::pair<Layout, std::string> LayoutOfExact(const Target& target) {
  const std::string url = target.url.Text();
  for (const Layout layout : {Layout::kDocumented, Layout::kAdmin, Layout::kApi}) {
    const LayoutPaths& paths = Paths(layout);
    if (!url.ends_with(paths.stats)) continue;
    std::string summary;
    if (!paths.summary.empty())
      summary = url.substr(0, url.size() - paths.stats.size()) + std::string(paths.summary);
    return {layout, summary};
  }
  return {Layout::kApi, ""};
}

}  // namespace

Attempt::Attempt(const Target& target, std::optional<Layout> known, Fetcher& fetcher, const Clock& clock,
                 Done done, PollTrace* trace)
    : target_(target),
      fetcher_(fetcher),
      clock_(clock),
      deadline_(clock.Now() + target.timeout),
      done_(std::move(done)),
      trace_(trace) {
  if (!target.url.exact_stats.empty()) {
    auto [layout, summary] = LayoutOfExact(target);
    candidates_.push_back({layout, target.url.Text(), std::move(summary)});
  } else {
    for (const Layout layout : kLayouts) {
      if (target.layout && *target.layout != layout) continue;
      const LayoutPaths& paths = Paths(layout);
      Candidate candidate{layout, Prefix(target) + std::string(paths.stats), ""};
      if (!paths.summary.empty()) candidate.summary = Prefix(target) + std::string(paths.summary);
      candidates_.push_back(std::move(candidate));
    }
    std::stable_partition(candidates_.begin(), candidates_.end(),
                          [&](const Candidate& c) { return c.layout == known; });
  }
  TryNext();
}

Attempt::~Attempt() { CancelAll(); }

Request Attempt::MakeRequest(const std::string& url) const {
  Request request;
  request.url = url;
  request.credential = target_.credential;
  request.tls = target_.tls;
  // At least a millisecond, so that a search out of time ends with the fetcher's own account of a timeout.
  request.timeout = std::max<Duration>(deadline_ - clock_.Now(), std::chrono::milliseconds(1));
  request.max_body = target_.max_body;
  request.allowed = target_.allowed;
  return request;
}

void Attempt::TryNext() {
  const Candidate& candidate = candidates_[next_++];
  summary_.reset();
  stats_transfer_ = Exchange(candidate.stats, [this](ExchangeResult result) {
    stats_transfer_.reset();
    OnStats(std::move(result));
  });
  if (candidate.summary.empty()) return;
  summary_transfer_ = Exchange(candidate.summary, [this](ExchangeResult result) {
    summary_transfer_.reset();
    OnSummary(std::move(result));
  });
}

Fetcher::TransferId Attempt::Exchange(const std::string& url, Fetcher::Done done) {
  Request request = MakeRequest(url);
  if (trace_ == nullptr) return fetcher_.Start(request, std::move(done));
  request.timings = std::make_shared<Timings>();
  trace_->push_back({url, "", request.timings});
  const std::size_t index = trace_->size() - 1;
  return fetcher_.Start(request, [this, index, done = std::move(done)](ExchangeResult result) {
    (*trace_)[index].end = Summarise(result);
    done(std::move(result));
  });
}

Result<Snapshot, PollError> Attempt::Read(ExchangeResult result) const {
  if (!result) return result.error();
  const std::string& url = candidates_[next_ - 1].stats;
  Response& response = *result;
  if (response.status != 200) return BadStatus(target_, response, url);
  if (IsWebPage(response.content_type)) {
    return PollError{Outcome::kNotJson, "the runtime answered a web page (text/html) at " + url +
                                            ": check --runtime.plugin-base, and that the plugin is enabled"};
  }
  auto snapshot = DecodeStats(std::move(response.body));
  if (!snapshot) return PollError{snapshot.error().outcome, snapshot.error().message + " (at " + url + ")"};
  return snapshot;
}

void Attempt::OnStats(ExchangeResult result) {
  auto snapshot = Read(std::move(result));
  if (snapshot) {
    snapshot_ = std::move(*snapshot);
    FinishIfComplete();
    return;
  }
  if (SearchWeight(snapshot.error().outcome) > 0) {
    SearchOn(snapshot.error());
  } else if (best_error_ && snapshot.error().outcome == Outcome::kTimeout) {
    // What the paths before answered says more than that there was no time left for this one.
    best_error_->message += "; then the time was up at " + candidates_[next_ - 1].stats;
    Finish(*best_error_);
  } else {
    Finish(snapshot.error());
  }
}

void Attempt::OnSummary(ExchangeResult result) {
  if (result && result->status == 200) {
    if (auto summary = DecodeSummary(std::move(result->body))) summary_ = *summary;
  }
  FinishIfComplete();
}

void Attempt::SearchOn(PollError error) {
  if (!best_error_ || SearchWeight(error.outcome) > SearchWeight(best_error_->outcome)) {
    best_error_ = std::move(error);
  }
  if (summary_transfer_) fetcher_.Cancel(*summary_transfer_);
  summary_transfer_.reset();
  if (next_ < candidates_.size()) {
    TryNext();
  } else {
    if (candidates_.size() > 1) best_error_->message += "; no other layout's path answered better";
    Finish(*best_error_);
  }
}

void Attempt::FinishIfComplete() {
  if (!snapshot_ || summary_transfer_) return;
  const Candidate& candidate = candidates_[next_ - 1];
  if (!candidate.summary.empty()) {
    if (!summary_) ++snapshot_->anomalies[Index(Anomaly::kMissingSummary)];
    if (summary_ && !snapshot_->pool.uptime_seconds)
      snapshot_->pool.uptime_seconds = summary_->uptime_seconds;
  }
  Finish(Answer{std::move(*snapshot_), candidate.layout});
}

void Attempt::Finish(Result<Answer, PollError> result) {
  CancelAll();
  // Moved out first: the callback may destroy this object, and with it the function that is running.
  const Done done = std::move(done_);
  done(std::move(result));
}

void Attempt::CancelAll() {
  if (stats_transfer_) fetcher_.Cancel(*stats_transfer_);
  if (summary_transfer_) fetcher_.Cancel(*summary_transfer_);
  stats_transfer_.reset();
  summary_transfer_.reset();
}

}  // namespace buntime
