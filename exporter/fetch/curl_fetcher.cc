// The fetcher on libcurl's multi interface: one thread moves any number of transfers.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fetch/curl_handles.h"
#include "fetch/fetcher.h"
#include "fetch/name_resolver.h"
#include "fetch/secret_file.h"
#include "fetch/transfer.h"

namespace buntime {
namespace {

constexpr long kMaxConnections = 4096;  // kept open between polls: two for each of 2,000 runtimes
constexpr std::chrono::milliseconds kDelivery{20};
constexpr std::size_t kIdleHandles = 256;  // beyond it, creating one costs less than keeping it

// libcurl counts these; the last one frees what the first one made.
struct CurlLibrary {
  CurlLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

class CurlFetcher final : public Fetcher {
 public:
  CurlFetcher(std::string user_agent, Log& log, std::chrono::seconds connection_lifetime)
      : user_agent_(std::move(user_agent)),
        connection_lifetime_(connection_lifetime),
        multi_(curl_multi_init()),
        names_([multi = multi_.get()] { curl_multi_wakeup(multi); }),
        secrets_(log) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMaxConnections);
  }
  ~CurlFetcher() override {
    for (const auto& [id, transfer] : running_) curl_multi_remove_handle(multi_.get(), transfer->easy());
  }

  TransferId Start(const Request& request, Done done) override;
  void Cancel(TransferId id) override;
  void Wait(Duration at_most) override;
  void Wakeup() override { curl_multi_wakeup(multi_.get()); }

 private:
  struct Ended {
    TransferId id;
    Done done;
    ExchangeResult result;
  };

  EasyHandle NewEasy();
  void Recycle(EasyHandle easy);
  std::optional<std::string> AppendLines(const std::vector<RequestHeader>& headers, CurlList& lines);
  void TakeAnswers();
  void TakeAnswer(const NameResolver::Answer& answer, std::unique_ptr<Transfer> transfer);
  void EndOverdue();
  SteadyTime NextDeadline() const;
  void Collect();
  void End(Transfer& transfer, ExchangeResult result) {
    ended_.push_back({transfer.id(), transfer.TakeDone(), std::move(result)});
  }
  bool Deliver();

  const CurlLibrary library_;
  const std::string user_agent_;
  const std::chrono::seconds connection_lifetime_;
  const MultiHandle multi_;
  NameResolver names_;
  SecretFiles secrets_;
  std::map<TransferId, std::unique_ptr<Transfer>> running_;
  std::map<TransferId, std::unique_ptr<Transfer>> resolving_;  // not with libcurl meanwhile
  std::deque<Ended> ended_;                                    // callbacks not run yet
  std::vector<EasyHandle> idle_;
  TransferId last_id_ = 0;
};

Fetcher::TransferId CurlFetcher::Start(const Request& request, Done done) {
  const TransferId id = ++last_id_;
  const auto end = [&](PollError error) {
    ended_.push_back({id, std::move(done), std::move(error)});
    return id;
  };
  const auto fail = [&](std::string message) { return end({Outcome::kInternal, std::move(message)}); };
  auto endpoint = ParseEndpoint(request.url);
  if (!endpoint) return fail("the URL is not an http:// or https:// one");
  if (request.allowed) {
    const auto port = static_cast<std::uint16_t>(std::stoul(endpoint->port));
    if (auto refusal = request.allowed->RefuseHost(endpoint->host, port))
      return end({Outcome::kConnect, *std::move(refusal), true});
  }
  CurlList headers;
  if (auto problem = AppendLines(request.headers, headers)) return fail(*std::move(problem));
  Result<std::string_view> secret = std::string_view();
  if (request.credential.kind != Credential::Kind::kNone) secret = secrets_.Get(request.credential.file);
  if (!secret) return fail(secret.error().message);
  EasyHandle easy = NewEasy();
  if (!easy) return fail("out of memory for a request to " + endpoint->authority);

  auto transfer = std::make_unique<Transfer>(id, std::move(easy), request, *std::move(endpoint),
                                             std::move(headers), std::move(done));
  if (auto error = transfer->Prepare(request, user_agent_, connection_lifetime_, *secret)) {
    End(*transfer, *std::move(error));
    return id;
  }
  curl_multi_add_handle(multi_.get(), transfer->easy());
  running_.emplace(id, std::move(transfer));
  return id;
}

void CurlFetcher::Cancel(TransferId id) {
  std::erase_if(ended_, [&](const Ended& ended) { return ended.id == id; });
  resolving_.erase(id);
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  curl_multi_remove_handle(multi_.get(), found->second->easy());
  running_.erase(found);  // with its handle, for what it points to has no end to wait for
}

void CurlFetcher::Wait(Duration at_most) {
  int running = 0;
  const auto move_on = [&] {
    TakeAnswers();
    curl_multi_perform(multi_.get(), &running);
    Collect();
    EndOverdue();
    return Deliver();
  };
  if (move_on()) return;
  const Duration until = std::min(at_most, NextDeadline() - SystemClock().Now());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(until).count();
  const auto timeout = std::clamp<std::int64_t>(milliseconds, 0, std::numeric_limits<int>::max());
  curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(timeout), nullptr);
  move_on();
}

void CurlFetcher::TakeAnswers() {
  for (const NameResolver::Answer& answer : names_.Take()) {
    for (auto it = resolving_.begin(); it != resolving_.end();) {
      if (it->second->wanted_name() != answer.name) {
        ++it;
        continue;
      }
      std::unique_ptr<Transfer> transfer = std::move(it->second);
      it = resolving_.erase(it);
      TakeAnswer(answer, std::move(transfer));
    }
  }
}

void CurlFetcher::TakeAnswer(const NameResolver::Answer& answer, std::unique_ptr<Transfer> transfer) {
  if (answer.no_thread) return End(*transfer, transfer->NoThreadToResolve());
  if (answer.addresses.empty()) return End(*transfer, transfer->Finish(CURLE_COULDNT_RESOLVE_HOST));
  if (auto error = transfer->Resolve(answer.addresses)) return End(*transfer, *std::move(error));
  curl_multi_add_handle(multi_.get(), transfer->easy());
  running_.emplace(transfer->id(), std::move(transfer));
}

void CurlFetcher::EndOverdue() {
  if (resolving_.empty()) return;
  const SteadyTime now = SystemClock().Now();
  std::erase_if(resolving_, [&](auto& item) {
    Transfer& transfer = *item.second;
    if (transfer.deadline() > now) return false;
    const bool running = names_.Running(transfer.wanted_name());
    End(transfer, running ? transfer.Finish(CURLE_OPERATION_TIMEDOUT) : transfer.NeverLookedUp());
    return true;
  });
}

// At which one of those that wait for a name is overdue.
SteadyTime CurlFetcher::NextDeadline() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [id, transfer] : resolving_) next = std::min(next, transfer->deadline());
  return next;
}

// Why it cannot be done; empty: done.
std::optional<std::string> CurlFetcher::AppendLines(const std::vector<RequestHeader>& headers,
                                                    CurlList& lines) {
  for (const RequestHeader& header : headers) {
    Result<std::string_view> value = std::string_view(header.value);
    if (!header.file.empty()) value = secrets_.Get(header.file);
    if (!value) return value.error().message;
    std::string line = header.name + ": ";
    line += *value;
    const bool kept = lines.Append(line);
    Wipe(line);
    if (!kept) return "out of memory for the header " + header.name;
  }
  return std::nullopt;
}

EasyHandle CurlFetcher::NewEasy() {
  if (idle_.empty()) return EasyHandle(curl_easy_init());
  EasyHandle easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

void CurlFetcher::Recycle(EasyHandle easy) {
  // Now, not when it is used again: its options hold a password and point into a transfer that is going away.
  curl_easy_reset(easy.get());
  if (idle_.size() < kIdleHandles) idle_.push_back(std::move(easy));
}

// Takes the transfers that ended out of libcurl, before any callback can start or cancel others.
void CurlFetcher::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with the next line
    curl_multi_remove_handle(multi_.get(), easy);
    const Transfer* ended = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ended);
    const TransferId id = ended->id();
    std::unique_ptr<Transfer> transfer = std::move(running_.extract(id).mapped());
    if (!transfer->wanted_name().empty()) {
      names_.Ask(transfer->wanted_name());
      resolving_.emplace(id, std::move(transfer));
      continue;
    }
    End(*transfer, transfer->Finish(code));
    // One that failed early keeps its buffer, and libcurl then takes no size for a new one.
    if (code == CURLE_OK) Recycle(transfer->TakeEasy());
  }
}

// Runs the callbacks of what has ended so far, not of what they start: that is for a later Wait. So is what
// would take longer than kDelivery: reading large answers must not keep the caller from its other duties.
bool CurlFetcher::Deliver() {
  const TransferId last = last_id_;
  const SteadyTime end = SystemClock().Now() + kDelivery;
  bool delivered = false;
  while (!ended_.empty() && ended_.front().id <= last) {
    Ended ended = std::move(ended_.front());
    ended_.pop_front();
    delivered = true;
    ended.done(std::move(ended.result));
    if (SystemClock().Now() >= end) break;
  }
  return delivered;
}

}  // namespace

std::unique_ptr<Fetcher> MakeCurlFetcher(std::string user_agent, Log& log,
                                         std::chrono::seconds connection_lifetime) {
  return std::make_unique<CurlFetcher>(std::move(user_agent), log, connection_lifetime);
}

}  // namespace buntime
