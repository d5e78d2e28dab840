// A log that keeps its lines: `warn runtime is down outcome=timeout …`.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"

namespace buntime {

class FakeLog final : public Log {
 public:
  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    static constexpr const char* kNames[] = {"debug ", "info ", "warn ", "error "};
    std::string line = kNames[static_cast<int>(level)];
    line += message;
    for (const LogField& field : fields) {
      if (!field.value.empty()) line.append(" ").append(field.key).append("=").append(field.value);
    }
    lines.push_back(std::move(line));
  }

  std::vector<std::string> lines;
};

}  // namespace buntime
