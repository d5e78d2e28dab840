// A client that sees the bytes and how the connection ended, and a simulation on a thread of its own, for
// tests.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "simulator/simulation.h"

namespace buntime::simulator {

enum class End { kClosed, kReset, kRefused, kWaiting, kEnough };

struct Answer {
  End end = End::kWaiting;
  std::string bytes;

  std::string Head() const { return bytes.substr(0, bytes.find("\r\n\r\n")); }
  std::string Body() const;
  /// Value of a header field, empty when absent.
  std::string Field(std::string_view name) const;
  /// 0 when there is no status line.
  int Status() const;
  /// The body is as long as its Content-Length says.
  bool Whole() const;
};

/// Sends a request and reads until the connection ends, the answer is whole, `enough` bytes came (0: no
/// limit), or nothing came for `patience`.
Answer Ask(const std::string& url, std::string_view method_and_path, std::string_view extra_headers = "",
           std::size_t enough = 0, std::chrono::milliseconds patience = std::chrono::milliseconds(250));

/// Time stands still unless a test steps it.
Options QuietOptions(std::string_view release = "0.2.26");

class RunningSimulation {
 public:
  explicit RunningSimulation(const Options& options = QuietOptions());
  ~RunningSimulation();

  const std::string& url(std::size_t runtime = 0) const { return urls_.at(runtime); }
  const std::string& control_url() const { return control_url_; }
  Answer Get(std::string_view path, std::string_view headers = "") const;
  /// Body of the answer; fails the test when it is not 200.
  std::string Post(std::string_view path_and_query) const;
  std::string Truth() const;

 private:
  SystemClock clock_;
  boost::asio::io_context io_;
  std::unique_ptr<Simulation> simulation_;
  std::vector<std::string> urls_;
  std::string control_url_;
  std::thread thread_;
};

}  // namespace buntime::simulator
