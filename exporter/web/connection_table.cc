#include "web/connection_table.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "web/connection.h"

namespace buntime {

ConnectionTable::ConnectionTable(const ServerLimits& limits, std::function<void(SteadyTime)> wake_at,
                                 std::function<void()> when_empty)
    : capacity_(limits.connections),
      reserve_(std::clamp<std::size_t>(limits.connections / 8, 1, kMostReserve)),
      body_bytes_limit_(limits.body_bytes),
      wake_at_(std::move(wake_at)),
      when_empty_(std::move(when_empty)) {}

void ConnectionTable::Add(std::shared_ptr<Connection> connection) {
  const bool full = connections_.size() - reserved_ >= capacity_;
  if (full && !MakeRoom(Cost::kRefused, connection->client())) {
    if (reserved_ >= reserve_) {
      Longest([](const Connection& each) { return each.reserved(); })->Abort();
    }
    connection->set_reserved(true);
    ++reserved_;
  }
  ++by_client_[connection->client()];
  const Connection* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void ConnectionTable::Remove(Connection& connection) {
  if (connection.reserved()) --reserved_;
  if (const auto count = by_client_.find(connection.client()); --count->second == 0) by_client_.erase(count);
  connections_.erase(&connection);
  if (connections_.empty()) when_empty_();
}

bool ConnectionTable::Promote(Connection& connection) {
  if (!connection.reserved()) return true;
  const bool full = connections_.size() - reserved_ >= capacity_;
  if (full && !MakeRoom(Cost::kServed, connection.client())) return false;
  connection.set_reserved(false);
  --reserved_;
  return true;
}

template <class Condition>
Connection* ConnectionTable::Longest(Condition condition) const {
  Connection* longest = nullptr;
  for (const auto& [key, connection] : connections_) {
    if (condition(*connection) && (longest == nullptr || connection->since() < longest->since())) {
      longest = connection.get();
    }
  }
  return longest;
}

bool ConnectionTable::MakeRoom(Cost most, const std::string& client) {
  const auto count_of = [this](const std::string& name) {
    const auto found = by_client_.find(name);
    return found == by_client_.end() ? std::size_t{0} : found->second;
  };
  const std::size_t own = count_of(client);
  Connection* victim = nullptr;
  std::size_t victim_count = 0;
  for (const auto& [key, connection] : connections_) {
    const Cost cost = connection->cost();
    if (connection->reserved() || cost > most) continue;
    const std::size_t count = count_of(connection->client());
    if (cost == Cost::kServed && count <= own + 1) continue;
    if (victim != nullptr) {
      if (cost != victim->cost() ? cost > victim->cost() : count < victim_count) continue;
      if (cost == victim->cost() && count == victim_count && connection->since() >= victim->since()) continue;
    }
    victim = connection.get();
    victim_count = count;
  }
  if (victim == nullptr) return false;
  if (victim->cost() < Cost::kRefused) {
    victim->Close();
  } else {
    victim->Abort();
  }
  return true;
}

std::optional<SteadyTime> ConnectionTable::Expire(SteadyTime now) {
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& [key, connection] : connections_) {
    if (connection->deadline() <= now) late.push_back(connection);
  }
  for (const auto& connection : late) connection->Expire(now);
  SteadyTime next = SteadyTime::max();
  for (const auto& [key, connection] : connections_) next = std::min(next, connection->deadline());
  return next == SteadyTime::max() ? std::nullopt : std::optional(next);
}

void ConnectionTable::BeginBody(const Connection& connection, const HttpResponse& response) {
  body_bytes_ += response.tail.size();
  if (response.shared && readers_[response.shared.get()]++ == 0) body_bytes_ += response.shared->size();
  const auto slower = [&](const Connection& other) { return other.sends_body() && &other != &connection; };
  while (body_bytes_ > body_bytes_limit_) {
    Connection* const slowest = Longest(slower);
    if (slowest == nullptr) return;
    slowest->Abort();
  }
}

void ConnectionTable::EndBody(const HttpResponse& response) {
  body_bytes_ -= response.tail.size();
  if (!response.shared) return;
  const auto readers = readers_.find(response.shared.get());
  if (--readers->second > 0) return;
  body_bytes_ -= response.shared->size();
  readers_.erase(readers);
}

// Neither changes the table at once: what is written or ended is reported later.
void ConnectionTable::FeedStreams() {
  for (const auto& [key, connection] : connections_) connection->Feed();
}

void ConnectionTable::EndStreams() {
  ++stream_term_;
  for (const auto& [key, connection] : connections_) connection->EndStream();
}

void ConnectionTable::Drain() {
  draining_ = true;
  std::vector<std::shared_ptr<Connection>> waiting;
  for (const auto& [key, connection] : connections_) {
    if (connection->awaits_request()) waiting.push_back(connection);
  }
  for (const auto& connection : waiting) connection->Close();
  EndStreams();
  if (connections_.empty()) when_empty_();
}

void ConnectionTable::CloseAll() {
  while (!connections_.empty()) connections_.begin()->second->Abort();
}

}  // namespace buntime
