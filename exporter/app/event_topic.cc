#include "app/event_topic.h"

#include <utility>

namespace buntime {

std::string FormatEvent(std::string_view id, std::string_view name, std::string_view data) {
  std::string event;
  event.reserve(id.size() + name.size() + data.size() + 32);
  event.append("id: ").append(id).append("\n");
  if (!name.empty()) event.append("event: ").append(name).append("\n");
  return event.append("data: ").append(data).append("\n\n");
}

EventTopic::State EventTopic::Latest() const {
  const MutexLock lock(mutex_);
  return state_;
}

void EventTopic::Publish(std::string event, std::uint64_t revision) {
  auto shared = std::make_shared<const std::string>(std::move(event));
  const MutexLock lock(mutex_);
  // Two threads may have written the same state; the later revision wins.
  if (state_.event && revision <= state_.revision) return;
  state_.event = std::move(shared);
  state_.revision = revision;
}

void EventTopic::End() {
  const MutexLock lock(mutex_);
  state_.over = true;
}

std::shared_ptr<void> SubscriberLimit::Take() {
  if (free_.fetch_sub(1) <= 0) {
    free_.fetch_add(1);
    return nullptr;
  }
  return {this, [](SubscriberLimit* limit) { limit->free_.fetch_add(1); }};
}

EventSubscription::EventSubscription(std::shared_ptr<const EventTopic> topic, std::shared_ptr<void> slot,
                                     std::optional<std::uint64_t> seen, const Clock& clock)
    : topic_(std::move(topic)), slot_(std::move(slot)), clock_(clock), seen_(seen) {}

EventSource::Piece EventSubscription::Next() {
  const SteadyTime now = clock_.Now();
  EventTopic::State state = topic_->Latest();
  if (!greeted_) {
    greeted_ = true;
    spoken_at_ = now;
    return {std::make_shared<const std::string>("retry: 2000\n\n"), false};
  }
  if (state.event && state.revision != seen_) {
    seen_ = state.revision;
    spoken_at_ = now;
    return {std::move(state.event), state.over};
  }
  if (state.over) return {nullptr, true};
  if (now - spoken_at_ < kHeartbeat) return {};
  spoken_at_ = now;
  return {std::make_shared<const std::string>(": still here\n\n"), false};
}

}  // namespace buntime
