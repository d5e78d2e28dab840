// A network of canned answers. URLs without an answer hang until the fake clock has passed their timeout.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fetch/fetcher.h"
#include "support/fake_clock.h"

namespace buntime {

class FakeFetcher final : public Fetcher {
 public:
  explicit FakeFetcher(FakeClock& clock) : clock_(clock) {}

  /// Answers from now on; called anew for each request.
  std::map<std::string, std::function<ExchangeResult(const Request&)>> answers;
  /// For URLs that are not in `answers`.
  std::function<std::optional<ExchangeResult>(const Request&)> otherwise;
  std::vector<Request> requests;  // all that were started
  std::vector<std::string> cancelled;

  void Json(const std::string& url, std::string body) {
    Answer(url, 200, "application/json", std::move(body));
  }
  void Answer(const std::string& url, int status, const std::string& type, std::string body) {
    answers[url] = [=](const Request&) { return ExchangeResult(Response{status, type, "", body}); };
  }
  void Fail(const std::string& url, Outcome outcome, const std::string& message) {
    answers[url] = [=](const Request&) { return ExchangeResult(PollError{outcome, message}); };
  }

  TransferId Start(const Request& request, Done done) override {
    requests.push_back(request);
    under_way_.emplace(++last_id_, Transfer{request, clock_.Now() + request.timeout, std::move(done)});
    return last_id_;
  }

  void Cancel(TransferId id) override {
    if (const auto found = under_way_.find(id); found != under_way_.end()) {
      cancelled.push_back(found->second.request.url);
      under_way_.erase(found);
    }
  }

  // Finishes what has an answer, at most `at_most_ended` of it; where nothing has, time passes.
  void Wait(Duration at_most) override {
    ++waits;
    std::vector<std::pair<TransferId, ExchangeResult>> ended;
    for (const auto& [id, transfer] : under_way_) {
      if (ended.size() == at_most_ended) break;
      if (const auto answer = answers.find(transfer.request.url); answer != answers.end()) {
        ended.emplace_back(id, answer->second(transfer.request));
      } else if (auto other = otherwise ? otherwise(transfer.request) : std::nullopt) {
        ended.emplace_back(id, *std::move(other));
      } else if (clock_.Now() >= transfer.deadline) {
        ended.emplace_back(id, PollError{Outcome::kTimeout, "no answer from " + transfer.request.url});
      }
    }
    if (ended.empty()) clock_.Advance(at_most_step < at_most ? at_most_step : at_most);
    for (auto& [id, result] : ended) {
      const auto found = under_way_.find(id);
      if (found == under_way_.end()) continue;  // cancelled by a callback before
      Done done = std::move(found->second.done);
      under_way_.erase(found);
      done(std::move(result));
    }
    if (after_wait) after_wait();
  }
  void Wakeup() override { ++wakeups; }

  std::size_t under_way() const { return under_way_.size(); }

  std::size_t at_most_ended = std::numeric_limits<std::size_t>::max();
  Duration at_most_step = std::chrono::milliseconds(100);
  std::function<void()> after_wait;
  int waits = 0;
  int wakeups = 0;

 private:
  struct Transfer {
    Request request;
    SteadyTime deadline;
    Done done;
  };
  FakeClock& clock_;
  TransferId last_id_ = 0;
  std::map<TransferId, Transfer> under_way_;
};

}  // namespace buntime
