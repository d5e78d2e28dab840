#include "support/recording.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <fstream>
#include <stdexcept>

#include "base/clock.h"
#include "decode/decoder.h"
#include "reconcile/counter_state.h"
#include "tests_dir.h"

namespace buntime {
namespace {

// `t` of an app's path is part of the app: "throws/throw" of "throws"; a version is not: "v@2.0.0" of "v".
std::string AppOf(const std::string& path) { return path.substr(0, path.find_first_of("/@", 1)); }

RecordedPoll ParseLine(const std::string& line) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseNumbersAsStringsFlag>(line.c_str());
  if (document.HasParseError()) throw std::runtime_error("a line of the recording is no JSON: " + line);
  RecordedPoll poll;
  poll.t = std::stod(document["t"].GetString());
  const auto begin = line.find("\"stats\":") + 8;
  poll.stats = line.substr(begin, line.find(",\"truth\":") - begin);
  const rapidjson::Value& truth = document["truth"];
  for (const auto& item : truth.GetObject()) {
    poll.sent[AppOf(item.name.GetString())] += std::stod(item.value["sent"].GetString());
  }
  return poll;
}

// Notices when a value falls.
class Watch {
 public:
  void See(const std::string& name, double value, bool& fell) {
    double& highest = highest_.try_emplace(name, value).first->second;
    fell = fell || value < highest;
    highest = value;
  }

 private:
  std::map<std::string, double> highest_;
};

}  // namespace

Recording LoadRecording(const std::string& name) {
  const std::string path = name.find('/') == std::string::npos
                               ? std::string(BUNTIME_TESTS_DIR) + "/fixtures/live/" + name + ".jsonl"
                               : name;
  std::ifstream file(path);
  Recording recording;
  for (std::string line; std::getline(file, line);) recording.push_back(ParseLine(line));
  if (recording.empty()) throw std::runtime_error("no recording at " + path);
  return recording;
}

Recording EveryNth(const Recording& recording, std::size_t step, std::size_t first) {
  Recording polls;
  for (std::size_t i = first; i < recording.size(); i += step) polls.push_back(recording[i]);
  if ((recording.size() - 1 - first) % step != 0) polls.push_back(recording.back());
  return polls;
}

Account Replay(const Recording& polls) {
  Account account;
  CounterState counters;
  Watch watch;
  std::map<std::string, AppAccount> at_first;
  for (std::size_t i = 0; i < polls.size(); ++i) {
    auto snapshot = DecodeStats(polls[i].stats);
    if (!snapshot) throw std::runtime_error(snapshot.error().message);
    const auto now = SteadyTime() + std::chrono::duration_cast<Duration>(
                                        std::chrono::duration<double>(polls[i].t - polls.front().t + 3600));
    counters.Enter(*snapshot, now);
    std::map<std::string, AppAccount> apps;
    for (const App& app : counters.Apps()) {
      AppAccount& sum = apps[app.name];
      sum.exported += app.requests;
      sum.estimated += app.estimated_requests.value_or(0);
      sum.discarded += app.discarded_workers.value_or(0);
      sum.errors += app.errors.value_or(0);
      sum.seconds += app.request_seconds.value_or(0);
    }
    const Pool& pool = snapshot->pool;
    for (const auto& [name, app] : apps) {
      watch.See(name + " requests", app.exported, account.fell);
      watch.See(name + " estimated", app.estimated, account.fell);
      watch.See(name + " discarded", app.discarded, account.fell);
      watch.See(name + " errors", app.errors, account.fell);
      watch.See(name + " seconds", app.seconds, account.fell);
    }
    watch.See("unserved", pool.unserved_requests.value_or(0), account.fell);
    watch.See("pool requests", pool.requests.value_or(0), account.fell);
    account.unserved = pool.unserved_requests.value_or(0);
    if (i == 0) {
      at_first = apps;
      account.pool_requests = -pool.requests.value_or(0);
    }
    if (i + 1 == polls.size()) account.pool_requests += pool.requests.value_or(0);
    account.apps = std::move(apps);
  }
  for (auto& [name, app] : account.apps) {
    app.exported -= at_first[name].exported;
    app.errors -= at_first[name].errors;
    app.seconds -= at_first[name].seconds;
  }
  for (const auto& [name, sent] : polls.back().sent) {
    const auto before = polls.front().sent.find(name);
    account.apps[name].sent = sent - (before == polls.front().sent.end() ? 0 : before->second);
  }
  return account;
}

}  // namespace buntime
