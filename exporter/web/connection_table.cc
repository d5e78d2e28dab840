#include "web/connection_table.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "web/connection.h"

namespace buntime {
namespace {

// How long a client may take to notice that it was told good-bye before its socket is closed under it.
constexpr Duration kLingerTimeout = std::chrono::seconds(1);

}  // namespace

ConnectionTable::ConnectionTable(const ServerLimits& limits, std::function<void(SteadyTime)> wake_at,
                                 std::function<void()> when_empty)
    : capacity_(limits.connections),
      wake_at_(std::move(wake_at)),
      when_empty_(std::move(when_empty)),
      opening_(limits.header_timeout),
      idle_(limits.idle_timeout),
      reading_(limits.header_timeout),
      writing_(limits.write_timeout),
      feeding_(limits.event_timeout),
      lingering_(kLingerTimeout),
      request_(limits.total_timeout) {}

void ConnectionTable::Add(std::shared_ptr<Connection> connection) {
  const Connection* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void ConnectionTable::Remove(Connection& connection) {
  streams_.erase(&connection);
  connections_.erase(&connection);
  if (connections_.empty()) when_empty_();
}

void ConnectionTable::EnterPhase(Places& places, Phase phase) {
  const auto enter = [this, &places](DeadlineQueue<Connection>& queue) {
    wake_at_(queue.Enter(places.phase, std::chrono::steady_clock::now()));
  };
  switch (phase) {
    case Phase::kOpening:
      return enter(opening_);
    case Phase::kIdle:
      return enter(idle_);
    case Phase::kReading:
      return enter(reading_);
    case Phase::kWriting:
      return enter(writing_);
    case Phase::kFeeding:
      return enter(feeding_);
    case Phase::kLingering:
      return enter(lingering_);
    case Phase::kHandling:
    case Phase::kStreaming:
    case Phase::kClosed:
      return places.phase.Leave();
  }
}

void ConnectionTable::BeginRequest(Places& places) {
  wake_at_(request_.Enter(places.request, std::chrono::steady_clock::now()));
}

void ConnectionTable::EndRequest(Places& places) { places.request.Leave(); }

// Neither changes the set at once: what is written or ended is reported later.
void ConnectionTable::FeedStreams() {
  for (Connection* const stream : streams_) stream->Feed();
}

void ConnectionTable::EndStreams() {
  ++stream_term_;
  for (Connection* const stream : streams_) stream->EndStream();
}

bool ConnectionTable::MakeRoom() {
  for (DeadlineQueue<Connection>* const queue : {&lingering_, &opening_, &idle_, &reading_}) {
    if (Connection* const longest = queue->Oldest()) {
      longest->Close();
      return true;
    }
  }
  // Clients of streams come back by themselves; a scraper that is turned away has lost a scrape.
  if (streams_.empty()) return false;
  (*streams_.begin())->Abort();
  return true;
}

std::optional<SteadyTime> ConnectionTable::Expire(SteadyTime now) {
  std::optional<SteadyTime> next;
  // The request's own deadline first: it is final, while a phase that is over may start another.
  for (DeadlineQueue<Connection>* const queue :
       {&request_, &lingering_, &writing_, &feeding_, &reading_, &idle_, &opening_}) {
    while (queue->NextDeadline() && *queue->NextDeadline() <= now) {
      Connection* const late = queue->Oldest();
      if (queue == &reading_) {
        late->RefuseLateRequest();  // enters kWriting
      } else if (queue == &request_ || queue == &writing_ || queue == &feeding_) {
        late->Abort();
      } else {
        late->Close();
      }
    }
  }
  for (const DeadlineQueue<Connection>* const queue :
       {&request_, &lingering_, &writing_, &feeding_, &reading_, &idle_, &opening_}) {
    const std::optional<SteadyTime> deadline = queue->NextDeadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

void ConnectionTable::Drain() {
  draining_ = true;
  while (Connection* const opening = opening_.Oldest()) opening->Close();
  while (Connection* const idle = idle_.Oldest()) idle->Close();
  while (Connection* const reading = reading_.Oldest()) reading->Close();
  EndStreams();
  if (connections_.empty()) when_empty_();
}

void ConnectionTable::CloseAll() {
  while (!connections_.empty()) connections_.begin()->second->Abort();
}

}  // namespace buntime
