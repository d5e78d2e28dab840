#include "app/spdlog_log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink-inl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>

#include "base/line_queue.h"
#include "base/mutex.h"
#include "base/text.h"

namespace buntime {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};
constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                spdlog::level::err};

// A value needs no quotes when nothing in it could be taken for the end of the value or of the line.
void AppendLogfmt(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
  });
  if (plain) {
    out += value;
  } else {
    AppendJsonString(out, value);
  }
}

const char* Pattern(LogFormat format) {
  return format == LogFormat::kJson ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "ts=%Y-%m-%dT%H:%M:%S.%eZ %v";
}

void AppendField(std::string& line, LogFormat format, std::string_view key, std::string_view value) {
  if (format == LogFormat::kJson) {
    if (!line.empty()) line += ',';
    AppendJsonString(line, key);
    line += ':';
    AppendJsonString(line, value);
  } else {
    if (!line.empty()) line += ' ';
    line.append(key).append("=");
    AppendLogfmt(line, value);
  }
}

std::string Payload(LogFormat format, LogLevel level, std::string_view message,
                    std::initializer_list<LogField> fields) {
  std::string line;
  AppendField(line, format, "level", kLevelNames[static_cast<std::size_t>(level)]);
  AppendField(line, format, "msg", message);
  for (const LogField& field : fields) {
    if (!field.value.empty()) AppendField(line, format, field.key, field.value);
  }
  return line;
}

LineQueue::DropNote DropNoteOf(LogFormat format) {
  return [format](std::uint64_t dropped) {
    const std::string payload =
        Payload(format, LogLevel::kWarn, "log lines were dropped: standard error was not read",
                {{"lines", std::to_string(dropped)}});
    spdlog::pattern_formatter formatter(Pattern(format), spdlog::pattern_time_type::utc);
    spdlog::memory_buf_t line;
    formatter.format(spdlog::details::log_msg({}, spdlog::level::warn, payload), line);
    return std::string(line.data(), line.size());
  };
}

class QueueSink final : public spdlog::sinks::base_sink<Mutex> {
 public:
  explicit QueueSink(LineQueue& queue) : queue_(queue) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    queue_.Push(std::string(line.data(), line.size()));
  }
  void flush_() override {}

  LineQueue& queue_;
};

class SpdlogLog final : public Log {
 public:
  SpdlogLog(LogLevel least, LogFormat format)
      : format_(format),
        queue_(STDERR_FILENO, DropNoteOf(format)),
        logger_("", std::make_shared<QueueSink>(queue_)) {
    logger_.set_level(kLevels[static_cast<std::size_t>(least)]);
    logger_.set_pattern(Pattern(format), spdlog::pattern_time_type::utc);
    logger_.set_error_handler(
        [this](const std::string&) { queue_.Drop(); });  // the default one writes to standard error and waits
  }

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    const auto severity = kLevels[static_cast<std::size_t>(level)];
    if (!logger_.should_log(severity)) return;
    try {
      logger_.log(severity, Payload(format_, level, message, fields));
    } catch (const std::bad_alloc&) {
      queue_.Drop();
    }
  }
  std::uint64_t dropped() const override { return queue_.dropped(); }

 private:
  const LogFormat format_;
  LineQueue queue_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> MakeSpdlogLog(LogLevel least, LogFormat format) {
  return std::make_unique<SpdlogLog>(least, format);
}

}  // namespace buntime
