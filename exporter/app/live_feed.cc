#include "app/live_feed.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "app/document_answer.h"

namespace buntime {
namespace {

// Minimum time between two checks, so that a large fleet does not wake this thread on every poll.
constexpr Duration kMinInterval = std::chrono::milliseconds(200);
// How often idle subscribers are checked for a due keep-alive.
constexpr Duration kFullScanInterval = std::chrono::seconds(5);

}  // namespace

LiveFeed::LiveFeed(const FleetBoard& board, History& history, const Clock& clock, Options options)
    : board_(board),
      history_(history),
      clock_(clock),
      options_(std::move(options)),
      subscribers_(options_.clients) {}

void LiveFeed::Run(const std::stop_token& stop, const std::function<void()>& wake,
                   const std::function<void()>& published) {
  constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t seen = 0;
  bool news = false;
  SteadyTime due = clock_.Now();  // of the next events
  SteadyTime round = due;
  while (!stop.stop_requested()) {
    const auto fleet = board_.AwaitNewer(seen, news ? due : round, stop);
    const SteadyTime now = clock_.Now();
    const bool newer = fleet->revision != seen;
    if (newer) {
      history_.Take(*fleet);
      seen = fleet->revision;
      news = true;
    }
    const bool show = news && now >= due;
    if (show) {
      ShowAll(*fleet);
      news = false;
      due = now + options_.interval;
    }
    if (show || now >= round) {
      wake();
      round = now + kFullScanInterval;
    }
    if (newer) published();
    board_.AwaitNewer(kNever, now + kMinInterval, stop);
  }
}

HttpResponse LiveFeed::Subscribe(std::string_view event, const Write& write, const Fleet& fleet,
                                 const Runtime& runtime, std::string_view last_event_id) {
  std::shared_ptr<void> slot = subscribers_.Take();
  if (!slot) {
    HttpResponse full = JsonError(503, "all " + std::to_string(options_.clients) +
                                           " streams are taken: try again, or raise --web.sse-clients");
    full.headers.emplace_back("Retry-After", "5");
    return full;
  }
  const auto topic = TopicOf(event, write, runtime.name);
  Show(*topic, fleet);
  const std::uint64_t latest = topic->events.Latest().revision;
  std::optional<std::uint64_t> has;
  if (last_event_id == Id(latest)) has = latest;

  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.events = std::make_shared<EventSubscription>(
      std::shared_ptr<const EventTopic>(topic, &topic->events), std::move(slot), has, clock_);
  return response;
}

std::shared_ptr<LiveFeed::Topic> LiveFeed::TopicOf(std::string_view event, const Write& write,
                                                   const std::string& runtime) {
  const MutexLock lock(mutex_);
  std::weak_ptr<Topic>& known = topics_[{std::string(event), runtime}];
  if (auto topic = known.lock()) return topic;
  auto topic = std::make_shared<Topic>();
  topic->event = event;
  topic->runtime = runtime;
  topic->write = write;
  known = topic;
  return topic;
}

void LiveFeed::Show(Topic& topic, const Fleet& fleet) {
  const auto runtime =
      std::ranges::find(fleet.runtimes, topic.runtime, [](const auto& each) { return each->name; });
  if (runtime == fleet.runtimes.end()) return topic.events.End();
  const MutexLock lock(topic.mutex);
  if (fleet.revision <= topic.revision) return;
  topic.revision = fleet.revision;
  if (topic.shown.lock() == *runtime) return;
  topic.shown = *runtime;
  topic.events.Publish(FormatEvent(Id(fleet.revision), topic.event, topic.write(fleet, **runtime)),
                       fleet.revision);
}

void LiveFeed::ShowAll(const Fleet& fleet) {
  std::vector<std::shared_ptr<Topic>> topics;
  {
    const MutexLock lock(mutex_);
    std::erase_if(topics_, [](const auto& item) { return item.second.expired(); });
    for (const auto& [key, topic] : topics_) {
      if (auto alive = topic.lock()) topics.push_back(std::move(alive));
    }
  }
  for (const auto& topic : topics) Show(*topic, fleet);
}

std::string LiveFeed::Id(std::uint64_t revision) const {
  return options_.epoch + "-" + std::to_string(revision);
}

}  // namespace buntime
