// The fetcher on libcurl's multi interface: one thread moves any number of transfers.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wipe.h"
#include "fetch/connection_caches.h"
#include "fetch/curl_handles.h"
#include "fetch/fetcher.h"
#include "fetch/name_resolver.h"
#include "fetch/resolving_transfers.h"
#include "fetch/secret_file.h"
#include "fetch/socket_loop.h"
#include "fetch/transfer.h"

namespace buntime {
namespace {

// How long a Wait works on answers and, apart from that, on what has come of others. What takes longer is for
// the next: large answers must not keep the caller from its other duties.
constexpr std::chrono::milliseconds kWork{20};
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
        connections_(connection_lifetime),
        names_([this] { loop_.Wakeup(); }),
        secrets_(log) {
    curl_multi_setopt(loop_.multi(), CURLMOPT_MAXCONNECTS, ConnectionCaches::kMostConnections);
  }
  ~CurlFetcher() override {
    loop_.Stop();
    for (const auto& [id, transfer] : running_) curl_multi_remove_handle(loop_.multi(), transfer->easy());
  }

  TransferId Start(const Request& request, Done done) override;
  void Cancel(TransferId id) override;
  void Wait(Duration at_most) override;
  void Wakeup() override { loop_.Wakeup(); }

 private:
  struct Ended {
    Done done;
    ExchangeResult result;
  };

  EasyHandle NewEasy();
  void Recycle(EasyHandle easy);
  std::optional<std::string> AppendLines(const std::vector<RequestHeader>& headers, CurlList& lines);
  void Add(std::unique_ptr<Transfer> transfer);
  void TakeAnswers();
  void TakeAnswer(const NameResolver::Answer& answer, std::unique_ptr<Transfer> transfer);
  void EndOverdue();
  void Collect();
  void End(Transfer& transfer, ExchangeResult result) {
    ended_.emplace(transfer.id(), Ended{transfer.TakeDone(), std::move(result)});
  }
  void Deliver();

  const CurlLibrary library_;
  const std::string user_agent_;
  const std::chrono::seconds connection_lifetime_;
  ConnectionCaches connections_;  // longer than any handle
  SocketLoop loop_;
  NameResolver names_;
  SecretFiles secrets_;
  std::map<TransferId, std::unique_ptr<Transfer>> running_;
  ResolvingTransfers resolving_;       // not with libcurl meanwhile
  std::map<TransferId, Ended> ended_;  // callbacks not run yet
  std::vector<EasyHandle> idle_;
  TransferId last_id_ = 0;
};

Fetcher::TransferId CurlFetcher::Start(const Request& request, Done done) {
  const TransferId id = ++last_id_;
  const auto end = [&](PollError error) {
    ended_.emplace(id, Ended{std::move(done), std::move(error)});
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
  if (!easy || curl_easy_setopt(easy.get(), CURLOPT_SHARE, connections_.For(endpoint->authority)) != CURLE_OK)
    return fail("out of memory for a request to " + endpoint->authority);

  auto transfer = std::make_unique<Transfer>(id, std::move(easy), request, *std::move(endpoint),
                                             std::move(headers), std::move(done));
  if (auto error = transfer->Prepare(request, user_agent_, connection_lifetime_, *secret)) {
    End(*transfer, *std::move(error));
    return id;
  }
  Add(std::move(transfer));
  return id;
}

void CurlFetcher::Add(std::unique_ptr<Transfer> transfer) {
  curl_multi_add_handle(loop_.multi(), transfer->easy());
  running_.emplace(transfer->id(), std::move(transfer));
}

void CurlFetcher::Cancel(TransferId id) {
  ended_.erase(id);
  resolving_.Take(id);
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  curl_multi_remove_handle(loop_.multi(), found->second->easy());
  running_.erase(found);  // with its handle, for what it points to has no end to wait for
}

void CurlFetcher::Wait(Duration at_most) {
  const bool idle = ended_.empty();
  loop_.Run(idle ? std::min(at_most, resolving_.NextDeadline() - SystemClock().Now()) : Duration(), kWork);
  Collect();
  loop_.RunLeft();
  TakeAnswers();
  EndOverdue();
  Deliver();
}

void CurlFetcher::TakeAnswers() {
  for (const NameResolver::Answer& answer : names_.Take()) {
    for (auto& transfer : resolving_.TakeNamed(answer.name)) TakeAnswer(answer, std::move(transfer));
  }
}

void CurlFetcher::TakeAnswer(const NameResolver::Answer& answer, std::unique_ptr<Transfer> transfer) {
  if (answer.no_thread) return End(*transfer, transfer->NoThreadToResolve());
  if (answer.addresses.empty()) return End(*transfer, transfer->Finish(CURLE_COULDNT_RESOLVE_HOST));
  if (auto error = transfer->Resolve(answer.addresses)) return End(*transfer, *std::move(error));
  Add(std::move(transfer));
}

void CurlFetcher::EndOverdue() {
  for (const auto& transfer : resolving_.TakeOverdue(SystemClock().Now())) {
    const bool running = names_.Running(transfer->wanted_name());
    End(*transfer, running ? transfer->Finish(CURLE_OPERATION_TIMEDOUT) : transfer->NeverLookedUp());
  }
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
  curl_easy_setopt(easy.get(), CURLOPT_SHARE, static_cast<CURLSH*>(nullptr));
  if (idle_.size() < kIdleHandles) idle_.push_back(std::move(easy));
}

// Takes the transfers that ended out of libcurl, before any callback can start or cancel others.
void CurlFetcher::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(loop_.multi(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with the next line
    curl_multi_remove_handle(loop_.multi(), easy);
    loop_.Forget(easy);
    const Transfer* ended = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ended);
    const TransferId id = ended->id();
    std::unique_ptr<Transfer> transfer = std::move(running_.extract(id).mapped());
    if (!transfer->wanted_name().empty()) {
      names_.Ask(transfer->wanted_name());
      resolving_.Add(std::move(transfer));
      continue;
    }
    End(*transfer, transfer->Finish(code));
    // One that failed early keeps its buffer, and libcurl then takes no size for a new one.
    if (code == CURLE_OK) Recycle(transfer->TakeEasy());
  }
}

// Runs the callbacks of what has ended so far, not of what they start: that is for a later Wait.
void CurlFetcher::Deliver() {
  const TransferId last = last_id_;
  const SteadyTime end = SystemClock().Now() + kWork;
  while (!ended_.empty() && ended_.begin()->first <= last) {
    Ended ended = std::move(ended_.begin()->second);
    ended_.erase(ended_.begin());
    ended.done(std::move(ended.result));
    if (SystemClock().Now() >= end) break;
  }
}

}  // namespace

std::unique_ptr<Fetcher> MakeCurlFetcher(std::string user_agent, Log& log,
                                         std::chrono::seconds connection_lifetime) {
  return std::make_unique<CurlFetcher>(std::move(user_agent), log, connection_lifetime);
}

}  // namespace buntime
