// Usage: accuracy [RECORDING…]
// Prints, for each recording of a live runtime and each time between polls, what the client sent, what the
// exporter counts, and how much of that is an estimate. Without arguments: all of tests/fixtures/live. A
// poller that starts with the recording, and one that joins in the middle.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "support/recording.h"

namespace buntime {
namespace {

void Print(const std::string& path) {
  const Recording recording = LoadRecording(path);
  const std::string name = std::filesystem::path(path).stem().string();
  for (const std::size_t first : {std::size_t{0}, recording.size() / 3}) {
    for (const std::size_t step : {1U, 2U, 5U, 10U}) {
      const Account account = Replay(EveryNth(recording, step, first));
      for (const auto& [app, a] : account.apps) {
        if (a.sent == 0) continue;
        std::printf("| %s | %zu s | %s | %s | %.0f | %.0f | %.0f | %.1f %% | %.0f |\n", name.c_str(), step,
                    first == 0 ? "start" : "middle", app.c_str(), a.sent, a.exported, a.estimated,
                    100 * a.Error(), a.discarded);
      }
      std::printf("| %s | %zu s | %s | *unserved* | | %.0f | | | |\n", name.c_str(), step,
                  first == 0 ? "start" : "middle", account.unserved);
    }
  }
}

}  // namespace
}  // namespace buntime

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.empty()) {
    for (const auto& file :
         std::filesystem::directory_iterator(std::string(BUNTIME_TESTS_DIR) + "/fixtures/live")) {
      if (file.path().extension() == ".jsonl") paths.push_back(file.path().string());
    }
    std::ranges::sort(paths);
  }
  std::puts(
      "| recording | interval | joined at | app | sent | exported | of it estimated | error | workers "
      "discarded |\n"
      "|---|---|---|---|---|---|---|---|---|");
  for (const std::string& path : paths) buntime::Print(path);
}
