#include "app/spdlog_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

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

class SpdlogLog final : public Log {
 public:
  SpdlogLog(LogLevel least, LogFormat format)
      : format_(format), logger_("", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(kLevels[static_cast<std::size_t>(least)]);
    logger_.flush_on(spdlog::level::debug);
    logger_.set_pattern(
        format == LogFormat::kJson ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "ts=%Y-%m-%dT%H:%M:%S.%eZ %v",
        spdlog::pattern_time_type::utc);
  }

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    const auto index = static_cast<std::size_t>(level);
    if (!logger_.should_log(kLevels[index])) return;
    std::string line;
    Append(line, "level", kLevelNames[index]);
    Append(line, "msg", message);
    for (const LogField& field : fields) {
      if (!field.value.empty()) Append(line, field.key, field.value);
    }
    logger_.log(kLevels[index], line);
  }

 private:
  void Append(std::string& line, std::string_view key, std::string_view value) const {
    if (format_ == LogFormat::kJson) {
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

  const LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> MakeSpdlogLog(LogLevel least, LogFormat format) {
  return std::make_unique<SpdlogLog>(least, format);
}

}  // namespace buntime
