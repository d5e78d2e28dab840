// Streams what changes to those who listen: on a thread of its own, which sleeps until the poll loop
// publishes, keeps the history, and writes the state of each runtime that somebody listens to, once for all
// of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "api/history.h"
#include "app/event_topic.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "model/fleet.h"
#include "poll/fleet_board.h"
#include "web/http.h"

namespace buntime {

class LiveFeed {
 public:
  struct Options {
    Duration interval{};      // least time between two events
    std::size_t clients = 0;  // beyond them: 503
    std::string epoch;        // differs from one start of the program to the next
  };
  /// Writes the document of an event; any thread.
  using Write = std::function<std::string(const Fleet&, const Runtime&)>;

  /// References outlive the object.
  LiveFeed(const FleetBoard& board, History& history, const Clock& clock, Options options);

  /// Until `stop` is requested. `wake` is called when events are due, `published` after each publication (of
  /// several that follow at once, after the last), when its events are on their way.
  void Run(const std::stop_token& stop, const std::function<void()>& wake,
           const std::function<void()>& published);

  /// A stream of `runtime`'s states. `event` names them, and with the runtime what is written once for all;
  /// `last_event_id` is what the client has seen, as it says. Any thread.
  HttpResponse Subscribe(std::string_view event, const Write& write, const Fleet& fleet,
                         const Runtime& runtime, std::string_view last_event_id);

 private:
  struct Topic {
    std::string event;
    std::string runtime;
    Write write;
    EventTopic events;
    Mutex mutex;
    std::uint64_t revision GUARDED_BY(mutex) = 0;          // of the fleet that was looked at last
    std::weak_ptr<const Runtime> shown GUARDED_BY(mutex);  // whose state is the latest event
  };

  std::shared_ptr<Topic> TopicOf(std::string_view event, const Write& write, const std::string& runtime);
  void Show(Topic& topic, const Fleet& fleet);
  void ShowAll(const Fleet& fleet);
  std::string Id(std::uint64_t revision) const;

  const FleetBoard& board_;
  History& history_;
  const Clock& clock_;
  const Options options_;
  SubscriberLimit subscribers_;

  Mutex mutex_;
  // By event and runtime; those that have subscribers.
  std::map<std::pair<std::string, std::string>, std::weak_ptr<Topic>> topics_ GUARDED_BY(mutex_);
};

}  // namespace buntime
