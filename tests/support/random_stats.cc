#include "support/random_stats.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <random>
#include <string_view>

namespace buntime::testing {
namespace {

// Written out once more on purpose: the decoder's own table must not vouch for itself.
template <class Owner>
struct NumberField {
  const char* name;
  std::optional<double> Owner::*member;
  double divisor;
};
using PoolField = NumberField<Pool>;
using WorkerField = NumberField<Worker>;

const std::vector<PoolField> kDocumentedPool = {
    {"size", &Pool::size, 1},         {"active", &Pool::active, 1}, {"idle", &Pool::idle, 1},
    {"creating", &Pool::creating, 1}, {"total", &Pool::total, 1},   {"utilization", &Pool::utilization, 1},
};
const std::vector<PoolField> kReleasedPool = {
    {"activeWorkers", &Pool::total, 1},
    {"avgResponseTimeMs", &Pool::acquire_mean_seconds, 1000},
    {"ephemeralConcurrency", &Pool::ephemeral_concurrency, 1},
    {"ephemeralQueueDepth", &Pool::ephemeral_queue_depth, 1},
    {"ephemeralQueueLimit", &Pool::ephemeral_queue_limit, 1},
    {"evictions", &Pool::evictions, 1},
    {"hits", &Pool::hits, 1},
    {"memoryUsageMB", &Pool::heap_used_bytes, 1.0 / 1048576},
    {"misses", &Pool::misses, 1},
    {"totalRequests", &Pool::requests, 1},
    {"totalWorkersFailed", &Pool::workers_failed, 1},
    {"totalWorkersCreated", &Pool::workers_created, 1},
    {"totalWorkersRetired", &Pool::workers_retired, 1},
    {"uptimeMs", &Pool::uptime_seconds, 1000},
};
const std::vector<WorkerField> kDocumentedWorker = {{"requests", &Worker::requests, 1},
                                                    {"uptime", &Worker::uptime_seconds, 1}};
const std::vector<WorkerField> kReleasedWorker = {{"ageMs", &Worker::uptime_seconds, 1000},
                                                  {"errorCount", &Worker::errors, 1},
                                                  {"idleMs", &Worker::idle_seconds, 1000},
                                                  {"requestCount", &Worker::requests, 1},
                                                  {"totalResponseTimeMs", &Worker::request_seconds, 1000}};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  RandomStats Make() {
    released_ = Chance(2);
    as_object_ = Chance(2);
    stats_.dialect = released_ ? Dialect::kReleased : Dialect::kDocumented;
    std::vector<std::string> members = {Member("pool", PoolObject())};
    if (!Chance(8)) members.push_back(Member("workers", Workers()));
    if (Chance(3)) members.push_back(Member("extra", Junk()));
    stats_.body = Space() + Object(std::move(members)) + Space();
    return std::move(stats_);
  }

 private:
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }
  bool Chance(std::uint64_t one_in) { return Below(one_in) == 0; }
  void Count(Anomaly anomaly) { ++stats_.anomalies[Index(anomaly)]; }

  std::string Space() {
    static constexpr std::array<const char*, 6> kSpaces = {"",  "",     "",
                                                           " ", "\n\t", "\r\n                    "};
    return kSpaces[Below(kSpaces.size())];
  }
  std::string Quoted(std::string_view text) { return '"' + std::string(text) + '"'; }
  std::string Member(std::string_view name, const std::string& value) {
    return Space() + Quoted(name) + Space() + ':' + Space() + value + Space();
  }
  static std::string Join(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
    return text;
  }
  std::string Object(std::vector<std::string> members) {
    std::shuffle(members.begin(), members.end(), random_);
    return '{' + Join(members) + '}';
  }
  std::string Junk() {
    static constexpr std::array<const char*, 8> kJunk = {"{}",
                                                         "[]",
                                                         R"({"pool":{"size":1},"workers":[{"id":"x"}]})",
                                                         "[[[1,2],{\"a\":null}],\"s\"]",
                                                         "false",
                                                         "-5",
                                                         R"("\"\\\u00e9")",
                                                         "null"};
    return kJunk[Below(kJunk.size())];
  }

  // A value of one of a runtime's kinds, and the text that reads back as it.
  std::string Number(double& value) {
    switch (Below(4)) {
      case 0:
        value = static_cast<double>(Below(100));
        break;
      case 1:
        value = static_cast<double>(Below(1ULL << 52));
        break;
      case 2:
        value = static_cast<double>(Below(100'000'000)) / 100.0;
        break;
      default:
        value = std::uniform_real_distribution<double>(0, 1e12)(random_);
        break;
    }
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
  }

  // A member that is a number as a rule, and now and then something else.
  std::string NumberMember(const char* name, std::optional<double>& target, double divisor) {
    if (Chance(20)) {
      static constexpr std::array<const char*, 5> kWrong = {"\"12\"", "true", "{\"size\":3}", "[1]", "\"\""};
      Count(Anomaly::kWrongType);
      return Member(name, kWrong[Below(kWrong.size())]);
    }
    if (Chance(20)) return Member(name, "null");
    double value = 0;
    const std::string text = Number(value);
    if (value > 0 && Chance(20)) {
      Count(Anomaly::kNegative);
      return Member(name, '-' + text);
    }
    target = divisor == 1000 ? std::round(value * 100) / 1e5 : value / divisor;
    return Member(name, text);
  }

  std::string PoolObject() {
    std::vector<std::string> members;
    const auto& fields = released_ ? kReleasedPool : kDocumentedPool;
    const std::size_t always = Below(fields.size());  // one known field at least
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i == always || !Chance(4)) {
        members.push_back(NumberMember(fields[i].name, stats_.pool.*fields[i].member, fields[i].divisor));
      }
    }
    if (released_ && Chance(2)) members.push_back(Member("hitRate", "48.39"));
    if (Chance(3)) members.push_back(Member("futureField", Junk()));
    return Object(std::move(members));
  }

  std::string Workers() {
    std::vector<std::string> entries;
    const std::uint64_t count = Chance(4) ? Below(400) : Below(12);
    for (std::uint64_t i = 0; i < count; ++i) entries.push_back(Entry());
    return (as_object_ ? '{' : '[') + Join(entries) + (as_object_ ? '}' : ']');
  }

  std::string Entry() {
    NamedWorker worker;
    worker.app = (Chance(3) ? "@team/" : "") + std::string("app-") + std::to_string(Below(5)) +
                 (Chance(9) ? "-é" : "");
    if (!Chance(5)) worker.version = "1." + std::to_string(Below(4)) + ".0";
    const std::string app = worker.app + (worker.version.empty() ? "" : '@' + worker.version);
    const bool app_from_id = Chance(2);
    worker.id = app_from_id ? app : "worker-" + std::to_string(Below(1000));

    if (Chance(25)) {  // not a worker at all
      Count(Anomaly::kWrongType);
      static constexpr std::array<const char*, 4> kNone = {"null", "7", "\"w\"", "[{\"id\":\"w\"}]"};
      const std::string none = kNone[Below(kNone.size())];
      return as_object_ ? Member(worker.id, none) : Space() + none + Space();
    }
    std::vector<std::string> members = WorkerMembers(worker.values);
    const bool unnamed = !as_object_ && Chance(25);
    if (!as_object_ && !unnamed) members.push_back(Member("id", Quoted(worker.id)));
    if (!app_from_id) members.push_back(Member("app", Quoted(app)));
    const std::string object = Object(std::move(members));
    const bool known = std::any_of(stats_.workers.begin(), stats_.workers.end(),
                                   [&](const NamedWorker& other) { return other.id == worker.id; });
    std::string entry = as_object_ ? Member(worker.id, object) : Space() + object + Space();
    if (unnamed) {
      Count(Anomaly::kUnnamedWorker);
    } else if (known) {
      Count(Anomaly::kDuplicateWorker);
    } else {
      stats_.workers.push_back(std::move(worker));
    }
    return entry;
  }

  std::vector<std::string> WorkerMembers(Worker& worker) {
    std::vector<std::string> members;
    for (const WorkerField& field : released_ ? kReleasedWorker : kDocumentedWorker) {
      if (!Chance(5)) members.push_back(NumberMember(field.name, worker.*field.member, field.divisor));
    }
    if (!Chance(6)) {
      const std::size_t state = Below(kWorkerStateNames.size());
      worker.state = static_cast<WorkerState>(state);
      if (worker.state == WorkerState::kUnknown) Count(Anomaly::kUnknownState);
      members.push_back(Member(released_ ? "status" : "state", Quoted(kWorkerStateNames[state])));
    }
    if (!released_ && !Chance(4)) {
      members.push_back(Member("memory", Object({NumberMember("rss", worker.rss_bytes, 1),
                                                 NumberMember("heapUsed", worker.heap_used_bytes, 1)})));
    }
    if (Chance(6)) members.push_back(Member("futureField", Junk()));
    return members;
  }

  std::mt19937_64 random_;
  bool released_ = false;
  bool as_object_ = false;
  RandomStats stats_;
};

}  // namespace

RandomStats MakeRandomStats(std::uint64_t seed) { return Generator(seed).Make(); }

}  // namespace buntime::testing
