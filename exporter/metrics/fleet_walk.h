// The only place that turns the rows of the catalogue into samples of a fleet, whatever is made of them: text
// (fleet_text.cc) or prometheus-cpp's values (fleet_collector.cc). Pure, thread-safe.
//
// A sink is a class with
//   using Set = …;                         // one label set, cheap to copy or to refer to
//   class Labels;                          // label sets of one kind, made once and used by many families:
//     void Begin();                        //   begins the next set
//     void Add(std::string_view name, std::string_view value);
//     void Reserve(std::size_t sets);
//     Set or const Set& operator[](std::size_t i) const;
//   void Family(const Metric&);            // the family of the samples that follow; it may get none
//   void Sample(const Set&, double value, std::string_view label = {}, std::string_view label_value = {});
//                                          // a counter or gauge; `label`, unless empty, comes on top of the
//                                          set
//   void Summary(const Set&, double sum, std::uint64_t count);
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "metrics/catalogue.h"
#include "model/fleet.h"

namespace buntime {

/// The states that a runtime of the dialect can report.
constexpr bool Knows(Dialect dialect, WorkerState state) {
  using enum WorkerState;
  if (state == kActive || state == kIdle) return true;
  if (dialect == Dialect::kDocumented) return state == kCreating || state == kReady || state == kTerminated;
  return state == kEphemeral || state == kOffline;
}

/// A summary's count is a whole number in every client library.
inline std::uint64_t WholeCount(double value) {
  constexpr double kMost = 9007199254740992;  // 2^53: up to there a double holds every whole number
  return value > 0 ? static_cast<std::uint64_t>(std::min(std::round(value), kMost)) : 0;
}

template <class Sink>
class FleetWalk {
 public:
  /// References outlive the object.
  FleetWalk(const Fleet& fleet, Sink& sink) : fleet_(fleet), sink_(sink) {
    sets_.reserve(fleet.runtimes.size());
    for (const auto& runtime : fleet.runtimes) sets_.push_back(MakeSets(*runtime));
  }

  void Run() {
    for (const Metric& metric : Catalogue()) {
      sink_.Family(metric);
      std::visit([this](const auto& source) { this->From(source); }, metric.source);  // clang wants this->
    }
  }

 private:
  using Set = typename Sink::Set;
  using Labels = typename Sink::Labels;

  struct RuntimeSets {
    Labels runtime;  // the one set of the runtime itself
    Labels apps;
    Labels workers;  // parallel to Reading::shown
  };

  // What all series of a runtime have.
  static void Begin(const Runtime& runtime, Labels& into) {
    into.Begin();
    if (!runtime.name.empty()) into.Add("runtime", runtime.name);
    for (const auto& [name, value] : runtime.labels) into.Add(name, value);
  }

  static RuntimeSets MakeSets(const Runtime& runtime) {
    RuntimeSets sets;
    const auto begin = [&](Labels& into) { Begin(runtime, into); };
    begin(sets.runtime);
    if (!runtime.reading) return sets;
    const Reading& reading = *runtime.reading;
    for (const App& app : reading.apps) {
      begin(sets.apps);
      sets.apps.Add("app", app.name);
      if (!app.version.empty()) sets.apps.Add("version", app.version);
    }
    const Snapshot& snapshot = reading.snapshot;
    sets.workers.Reserve(reading.shown.size());
    for (const std::uint32_t index : reading.shown) {
      const Worker& worker = snapshot.workers[index];
      begin(sets.workers);
      sets.workers.Add("worker", snapshot.Text(worker.id));
      sets.workers.Add("app", snapshot.Text(worker.app));
      if (!worker.version.empty()) sets.workers.Add("version", snapshot.Text(worker.version));
    }
    return sets;
  }

  void Sample(const Set& set, double value) { sink_.Sample(set, value); }
  void Sample(const Set& set, std::optional<double> value) {
    if (value) sink_.Sample(set, *value);
  }
  void Summary(const Set& set, std::optional<double> sum, std::optional<double> count) {
    if (sum && count) sink_.Summary(set, *sum, WholeCount(*count));
  }

  template <class Use>
  void ForEachRuntime(Use use) {
    for (std::size_t i = 0; i < sets_.size(); ++i) use(*fleet_.runtimes[i], sets_[i].runtime[0]);
  }
  template <class Use>
  void ForEachReading(Use use) {
    ForEachRuntime([&](const Runtime& runtime, const Set& set) {
      if (runtime.reading) use(*runtime.reading, set);
    });
  }
  template <class Use>
  void ForEachApp(Use use) {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const Reading* reading = fleet_.runtimes[i]->reading.get();
      for (std::size_t j = 0; reading && j < reading->apps.size(); ++j)
        use(reading->apps[j], sets_[i].apps[j], *reading);
    }
  }
  template <class Use>
  void ForEachWorker(Use use) {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const Reading* reading = fleet_.runtimes[i]->reading.get();
      for (std::size_t j = 0; reading && j < reading->shown.size(); ++j) {
        use(reading->snapshot.workers[reading->shown[j]], sets_[i].workers[j]);
      }
    }
  }

  void From(const OfFleet& source) {
    if (sets_.size() > 1) Sample({}, source.value(fleet_));
  }
  void From(const SumOfPools& source) {
    std::optional<double> sum;
    ForEachReading([&](const Reading& reading, const Set&) {
      if (const auto value = reading.snapshot.pool.*source.value) sum = sum.value_or(0) + *value;
    });
    if (sets_.size() > 1) Sample({}, sum);
  }
  void From(const OfRuntime& source) {
    ForEachRuntime([&](const Runtime& runtime, const Set& set) { Sample(set, source.value(runtime)); });
  }
  void From(const OfReading& source) {
    ForEachReading([&](const Reading& reading, const Set& set) { Sample(set, source.value(reading)); });
  }
  void From(const OfPool& source) {
    ForEachReading(
        [&](const Reading& reading, const Set& set) { Sample(set, reading.snapshot.pool.*source.value); });
  }
  void From(const OfApp& source) {
    ForEachApp([&](const App& app, const Set& set, const Reading&) { Sample(set, source.value(app)); });
  }
  void From(const OfWorker& source) {
    ForEachWorker([&](const Worker& worker, const Set& set) { Sample(set, worker.*source.value); });
  }
  void From(const SummaryOfApp&) {
    ForEachApp([&](const App& app, const Set& set, const Reading&) {
      Summary(set, app.request_seconds, app.requests);
    });
  }
  void From(const SummaryOfWorker&) {
    ForEachWorker(
        [&](const Worker& worker, const Set& set) { Summary(set, worker.request_seconds, worker.requests); });
  }
  void From(const OfExporter&) {}  // not of the fleet: SelfMetrics and ProcessCollector have those

  void From(const Special& family) {
    switch (family) {
      case Special::kPollOutcome:
        ForEachRuntime([&](const Runtime& runtime, const Set& set) {
          for (std::size_t i = 0; runtime.tried && i < kOutcomeNames.size(); ++i) {
            sink_.Sample(set, i == Index(runtime.outcome) ? 1.0 : 0.0, "outcome", kOutcomeNames[i]);
          }
        });
        break;
      case Special::kRuntimeInfo:
        ForEachRuntime([&](const Runtime& runtime, const Set&) {
          if (runtime.reading) RuntimeInfo(runtime);
        });
        break;
      case Special::kAppWorkers:
        ForEachApp([&](const App& app, const Set& set, const Reading& reading) {
          AppWorkers(app, set, reading.snapshot.dialect);
        });
        break;
      case Special::kWorkerState:
        ForEachWorker([&](const Worker& worker, const Set& set) {
          if (worker.state) sink_.Sample(set, 1.0, "state", Name(*worker.state));
        });
        break;
    }
  }

  void RuntimeInfo(const Runtime& runtime) {
    Labels labels;
    Begin(runtime, labels);
    labels.Add("layout", Name(runtime.reading->layout));
    labels.Add("dialect", Name(runtime.reading->snapshot.dialect));
    if (!runtime.version.empty()) labels.Add("version", runtime.version);
    sink_.Sample(labels[0], 1.0);
  }

  // Zeros for the states that the dialect knows, so that a state which no worker has reads as 0 rather than
  // as missing; any other state only where a worker has it.
  void AppWorkers(const App& app, const Set& set, Dialect dialect) {
    for (std::size_t i = 0; i < app.workers.size(); ++i) {
      const auto state = static_cast<WorkerState>(i);
      if (Knows(dialect, state) || app.workers[i] > 0)
        sink_.Sample(set, static_cast<double>(app.workers[i]), "state", Name(state));
    }
  }

  const Fleet& fleet_;
  Sink& sink_;
  std::vector<RuntimeSets> sets_;
};

/// Gives `sink` every family of the catalogue, in its order, with the samples that `fleet` has for it.
template <class Sink>
void WalkFleet(const Fleet& fleet, Sink& sink) {
  FleetWalk<Sink>(fleet, sink).Run();
}

}  // namespace buntime
