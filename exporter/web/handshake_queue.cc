#include "web/handshake_queue.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/until_done.h"

namespace buntime {

HandshakeQueue::HandshakeQueue(Post to_handshaker, Post to_io)
    : to_handshaker_(std::move(to_handshaker)), to_io_(std::move(to_io)) {}

bool HandshakeQueue::Add(Entry entry) {
  if (CountOf(entry.client) >= kMostOfClient) return false;
  if (waiting_.size() >= kMost && !DropOneFor(entry.client)) return false;
  waiting_.push_back(std::move(entry));
  if (!running_) RunNext();
  return true;
}

std::size_t HandshakeQueue::CountOf(const std::string& client) const {
  return static_cast<std::size_t>(std::ranges::count(waiting_, client, &Entry::client));
}

bool HandshakeQueue::DropOneFor(const std::string& client) {
  std::unordered_map<std::string_view, std::size_t> counts;
  for (const Entry& entry : waiting_) ++counts[entry.client];
  const auto largest = std::ranges::max_element(counts, {}, [](const auto& item) { return item.second; });
  const auto own = counts.find(client);
  if (largest->second <= (own == counts.end() ? 0 : own->second) + 1) return false;
  const auto latest = std::find_if(waiting_.rbegin(), waiting_.rend(),
                                   [&](const Entry& entry) { return entry.client == largest->first; });
  to_io_(std::move(latest->end));
  waiting_.erase(std::next(latest).base());
  return true;
}

void HandshakeQueue::Withdraw(const void* owner) {
  std::erase_if(waiting_, [owner](const Entry& entry) { return entry.owner == owner; });
}

void HandshakeQueue::RunNext() {
  running_ = !waiting_.empty();
  if (!running_) return;
  auto next =
      std::ranges::find_if(waiting_, [this](const Entry& each) { return each.client != last_client_; });
  if (next == waiting_.end()) next = waiting_.begin();
  const auto entry = std::make_shared<Entry>(std::move(*next));
  waiting_.erase(next);
  try {
    last_client_ = entry->client;
    entry->begin();
    to_handshaker_([this, entry] {
      try {
        entry->step();
      } catch (const std::bad_alloc&) {  // then the handshake has failed
      }
      UntilDone([&] { to_io_([this, entry] { End(*entry); }); });
    });
  } catch (const std::bad_alloc&) {
    running_ = false;
    entry->end();
  }
}

// Empties the entry, which the handshake thread may be the last to drop: its functions own what belongs to
// the I/O thread.
void HandshakeQueue::End(Entry& entry) {
  const Entry mine = std::move(entry);
  mine.end();
  RunNext();
}

}  // namespace buntime
