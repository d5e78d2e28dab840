// What every room may say to the operator. The sink (spdlog, logfmt or JSON) is chosen by app; rooms know
// only this interface. Implementations are thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace buntime {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// One key=value pair of a line. Values are raw: the sink quotes and escapes them.
struct LogField {
  std::string_view key;
  std::string value;
};

class Log {
 public:
  virtual ~Log() = default;
  virtual void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) = 0;
  /// Lines that could not be written so far.
  virtual std::uint64_t dropped() const { return 0; }

  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarn, message, fields);
  }
  // Not "Error": that name is the type in result.h.
  void Fail(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, message, fields);
  }
};

}  // namespace buntime
