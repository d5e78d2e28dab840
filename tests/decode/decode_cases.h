// What the decoder's tests share: bodies that have to decode, and anomalies in words.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "decode/decoder.h"

namespace buntime::testing {

/// Decodes a body that is good. A failure is reported where it is called from.
inline Snapshot Decoded(std::string body) {
  auto result = DecodeStats(std::move(body));
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  return *std::move(result);
}

/// The anomalies of a snapshot: "wrong_type=2 negative=1"; "" when there are none.
inline std::string Anomalies(const Snapshot& snapshot) {
  std::string text;
  for (std::size_t i = 0; i < snapshot.anomalies.size(); ++i) {
    if (snapshot.anomalies[i] == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::string(kAnomalyNames[i]) + '=' + std::to_string(snapshot.anomalies[i]);
  }
  return text;
}

/// A body with one worker, `{…}`, in an array.
inline std::string OneWorker(const std::string& worker) {
  return R"({"pool":{"size":1},"workers":[)" + worker + "]}";
}

/// "app|version|id" of every worker, separated by spaces.
inline std::string Names(const Snapshot& snapshot) {
  std::string text;
  for (const Worker& worker : snapshot.workers) {
    if (!text.empty()) text += ' ';
    text += std::string(snapshot.Text(worker.app)) + '|' + std::string(snapshot.Text(worker.version)) + '|' +
            std::string(snapshot.Text(worker.id));
  }
  return text;
}

}  // namespace buntime::testing
