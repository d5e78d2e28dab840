#include "metrics/exposition.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"

namespace buntime {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

// Backslash and line feed, and in label values the quote, are what the format wants escaped.
void AppendEscaped(std::string& out, std::string_view text, std::string_view special) {
  for (auto at = text.find_first_of(special); at != std::string_view::npos;
       at = text.find_first_of(special)) {
    out.append(text.substr(0, at)).append(1, '\\').append(1, text[at] == '\n' ? 'n' : text[at]);
    text.remove_prefix(at + 1);
  }
  out.append(text);
}

// The label sets of one runtime, written once and then copied into the lines of every family. Each set is
// open:
// `{runtime="blue",app="shop"`, or empty where there is no label.
struct LabelSets {
  std::string text;
  std::vector<std::size_t> starts;  // one more than there are sets

  void Begin() { starts.push_back(text.size()); }
  void Add(std::string_view name, std::string_view value) {
    text += text.size() == starts.back() ? '{' : ',';
    AppendLabel(text, name, value);
  }
  std::string_view operator[](std::size_t i) const {
    return std::string_view(text).substr(starts[i], starts[i + 1] - starts[i]);
  }
};

class FleetRenderer {
 public:
  FleetRenderer(const Fleet& fleet, std::string& out, const Drain& drain)
      : fleet_(fleet), out_(out), drain_(drain) {
    sets_.reserve(fleet.runtimes.size());
    for (const auto& runtime : fleet.runtimes) sets_.push_back(MakeSets(*runtime));
  }

  void Render(const Metric& metric) {
    metric_ = &metric;
    header_written_ = false;
    std::visit([this](const auto& source) { From(source); }, metric.source);
  }

 private:
  struct RuntimeSets {
    LabelSets runtime;  // the one set of the runtime itself
    LabelSets apps;
    LabelSets workers;  // parallel to Reading::shown
  };

  static RuntimeSets MakeSets(const Runtime& runtime) {
    RuntimeSets sets;
    const auto begin = [&](LabelSets& into) {
      into.Begin();
      if (!runtime.name.empty()) into.Add("runtime", runtime.name);
    };
    begin(sets.runtime);
    sets.runtime.Begin();
    if (!runtime.reading) return sets;
    const Reading& reading = *runtime.reading;
    for (const App& app : reading.apps) {
      begin(sets.apps);
      sets.apps.Add("app", app.name);
      if (!app.version.empty()) sets.apps.Add("version", app.version);
    }
    sets.apps.Begin();
    const Snapshot& snapshot = reading.snapshot;
    sets.workers.starts.reserve(reading.shown.size() + 1);
    for (const std::uint32_t index : reading.shown) {
      const Worker& worker = snapshot.workers[index];
      begin(sets.workers);
      sets.workers.Add("worker", snapshot.Text(worker.id));
      sets.workers.Add("app", snapshot.Text(worker.app));
      if (!worker.version.empty()) sets.workers.Add("version", snapshot.Text(worker.version));
    }
    sets.workers.Begin();
    return sets;
  }

  // Writes one line. `suffix` goes behind the name; `label` and `label_value` behind the set, unless empty.
  void Sample(std::string_view set, double value, std::string_view suffix = {}, std::string_view label = {},
              std::string_view label_value = {}) {
    if (!header_written_) {
      header_written_ = true;
      AppendFamilyHeader(out_, metric_->name, metric_->help, Name(metric_->type));
    }
    out_.append(metric_->name).append(suffix).append(set);
    if (!label.empty()) {
      out_ += set.empty() ? '{' : ',';
      AppendLabel(out_, label, label_value);
      out_ += '}';
    } else if (!set.empty()) {
      out_ += '}';
    }
    out_ += ' ';
    AppendNumber(out_, value);
    out_ += '\n';
    if (drain_ && out_.size() >= kPieceBytes) drain_(out_);
  }

  void Sample(std::string_view set, std::optional<double> value, std::string_view suffix = {}) {
    if (value) Sample(set, *value, suffix);
  }

  template <class Use>
  void ForEachRuntime(Use use) {
    for (std::size_t i = 0; i < sets_.size(); ++i) use(*fleet_.runtimes[i], sets_[i].runtime[0]);
  }
  template <class Use>
  void ForEachReading(Use use) {
    ForEachRuntime([&](const Runtime& runtime, std::string_view set) {
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
    ForEachReading([&](const Reading& reading, std::string_view) {
      if (const auto value = reading.snapshot.pool.*source.value) sum = sum.value_or(0) + *value;
    });
    if (sets_.size() > 1) Sample({}, sum);
  }
  void From(const OfRuntime& source) {
    ForEachRuntime([&](const Runtime& runtime, std::string_view set) { Sample(set, source.value(runtime)); });
  }
  void From(const OfReading& source) {
    ForEachReading([&](const Reading& reading, std::string_view set) { Sample(set, source.value(reading)); });
  }
  void From(const OfPool& source) {
    ForEachReading([&](const Reading& reading, std::string_view set) {
      Sample(set, reading.snapshot.pool.*source.value);
    });
  }
  void From(const OfApp& source) {
    ForEachApp([&](const App& app, std::string_view set, const Reading&) { Sample(set, source.value(app)); });
  }
  void From(const OfWorker& source) {
    ForEachWorker([&](const Worker& worker, std::string_view set) { Sample(set, worker.*source.value); });
  }
  void From(const SummaryOfApp&) {
    ForEachApp([&](const App& app, std::string_view set, const Reading&) {
      if (!app.request_seconds) return;
      Sample(set, *app.request_seconds, "_sum");
      Sample(set, app.requests, "_count");
    });
  }
  void From(const SummaryOfWorker&) {
    ForEachWorker([&](const Worker& worker, std::string_view set) {
      if (!worker.request_seconds || !worker.requests) return;
      Sample(set, *worker.request_seconds, "_sum");
      Sample(set, *worker.requests, "_count");
    });
  }
  void From(const OfExporter&) {}  // SelfMetrics writes those

  void From(const Special& family) {
    switch (family) {
      case Special::kPollOutcome:
        ForEachRuntime([&](const Runtime& runtime, std::string_view set) {
          for (std::size_t i = 0; runtime.tried && i < kOutcomeNames.size(); ++i) {
            Sample(set, i == Index(runtime.outcome) ? 1.0 : 0.0, {}, "outcome", kOutcomeNames[i]);
          }
        });
        break;
      case Special::kRuntimeInfo:
        ForEachRuntime([&](const Runtime& runtime, std::string_view set) {
          if (runtime.reading) RuntimeInfo(runtime, set);
        });
        break;
      case Special::kAppWorkers:
        ForEachApp([&](const App& app, std::string_view set, const Reading& reading) {
          AppWorkers(app, set, reading.snapshot.dialect);
        });
        break;
      case Special::kWorkerState:
        ForEachWorker([&](const Worker& worker, std::string_view set) {
          if (worker.state) Sample(set, 1.0, {}, "state", Name(*worker.state));
        });
        break;
    }
  }

  void RuntimeInfo(const Runtime& runtime, std::string_view set) {
    LabelSets labels;
    labels.Begin();
    if (!set.empty()) labels.Add("runtime", runtime.name);
    labels.Add("layout", Name(runtime.reading->layout));
    labels.Add("dialect", Name(runtime.reading->snapshot.dialect));
    if (!runtime.version.empty()) labels.Add("version", runtime.version);
    Sample(labels.text, 1.0);
  }

  // Zeros included for the states that the dialect knows, so that a state which no worker has reads as 0
  // rather than as missing; `unknown` only where there is one.
  void AppWorkers(const App& app, std::string_view set, Dialect dialect) {
    using enum WorkerState;
    constexpr std::array kDocumented = {kCreating, kReady, kActive, kIdle, kTerminated};
    constexpr std::array kReleased = {kActive, kIdle, kEphemeral, kOffline};
    for (std::size_t i = 0; i < app.workers.size(); ++i) {
      const auto state = static_cast<WorkerState>(i);
      const bool known = dialect == Dialect::kDocumented ? std::ranges::count(kDocumented, state) > 0
                                                         : std::ranges::count(kReleased, state) > 0;
      if (known || app.workers[i] > 0)
        Sample(set, static_cast<double>(app.workers[i]), {}, "state", Name(state));
    }
  }

  const Fleet& fleet_;
  std::string& out_;
  const Drain& drain_;
  std::vector<RuntimeSets> sets_;
  const Metric* metric_ = nullptr;  // being rendered
  bool header_written_ = false;
};

}  // namespace

void RenderFleet(const Fleet& fleet, std::string& out, const Drain& drain) {
  FleetRenderer renderer(fleet, out, drain);
  for (const Metric& metric : Catalogue()) renderer.Render(metric);
}

std::string RenderAlone(Runtime runtime) {
  runtime.name.clear();
  Fleet fleet;
  fleet.runtimes.push_back(std::make_shared<const Runtime>(std::move(runtime)));
  std::string text;
  RenderFleet(fleet, text, {});
  return text;
}

void AppendFamilyHeader(std::string& out, std::string_view name, std::string_view help,
                        std::string_view type) {
  out.append("# HELP ").append(name).append(" ");
  AppendEscaped(out, help, "\\\n");
  out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append("=\"");
  AppendEscaped(out, value, "\\\"\n");
  out += '"';
}

}  // namespace buntime
