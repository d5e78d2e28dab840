// Usage: accuracy [--from-middle] [RECORDING…]
// Replays recordings of live runtimes, polled every 1, 2, 5 and 10 seconds, and prints for each app what the
// client sent and what the exporter counts: in all, how much of that is an estimate, and the error. Without
// files: all of tests/fixtures/live. With --from-middle the poller joins after a third of the recording.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "support/recording.h"
#include "tests_dir.h"

namespace buntime {
namespace {

constexpr std::array<std::size_t, 4> kIntervals = {1, 2, 5, 10};

void Print(const std::string& path, bool from_middle) {
  const Recording recording = LoadRecording(path);
  const std::string name = std::filesystem::path(path).stem().string();
  std::vector<Account> accounts;
  for (const std::size_t interval : kIntervals) {
    accounts.push_back(Replay(EveryNth(recording, interval, from_middle ? recording.size() / 3 : 0)));
  }
  for (const auto& [app, first] : accounts[0].apps) {
    if (first.sent == 0) continue;
    std::printf("| %s | %s | %.0f |", name.c_str(), app.c_str(), first.sent);
    for (const Account& account : accounts) {
      const AppAccount& counts = account.apps.at(app);
      std::printf(" %.0f, %.0f, %.1f %% |", counts.exported, counts.estimated, 100 * counts.Error() + 0.0);
    }
    std::puts("");
  }
  std::printf("| %s | unserved | |", name.c_str());
  for (const Account& account : accounts) std::printf(" %.0f |", account.unserved);
  std::puts("");
}

}  // namespace
}  // namespace buntime

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  const bool from_middle = std::erase(paths, "--from-middle") > 0;
  if (paths.empty()) {
    for (const auto& file :
         std::filesystem::directory_iterator(std::string(BUNTIME_TESTS_DIR) + "/fixtures/live")) {
      if (file.path().extension() == ".jsonl") paths.push_back(file.path().string());
    }
    std::ranges::sort(paths);
  }
  std::puts("| recording | app | sent | every 1 s: counted, of it estimated, error | 2 s | 5 s | 10 s |");
  std::puts("|---|---|---|---|---|---|---|");
  for (const std::string& path : paths) buntime::Print(path, from_middle);
}
