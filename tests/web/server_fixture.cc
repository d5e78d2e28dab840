#include "web/server_fixture.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace buntime::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

HttpResponse Text(std::string text) {
  HttpResponse response;
  response.tail = std::move(text);
  return response;
}

HttpResponse Echo(const HttpRequest& request) {
  std::string text;
  for (const std::string_view part : {request.method, std::string_view(request.path), request.query,
                                      request.accept, request.accept_encoding, request.if_none_match}) {
    text.append(part).append("|");
  }
  return Text(text);
}

}  // namespace

void LogLines::Write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line(message);
  for (const LogField& field : fields) line.append(" ").append(field.key).append("=").append(field.value);
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
  changed_.notify_all();
}

bool LogLines::Await(std::string_view text, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return CountLocked(text) >= count; });
}

std::size_t LogLines::Count(std::string_view text) {
  const std::lock_guard lock(mutex_);
  return CountLocked(text);
}

std::size_t LogLines::CountLocked(std::string_view text) const {
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(),
                    [text](const std::string& line) { return line.find(text) != line.npos; }));
}

AccessObserver Observations::Observer() {
  return [this](std::string_view path, int status, double seconds) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::string(path) + " " + std::to_string(status) +
                    (seconds < 0 ? " in negative time" : ""));
    changed_.notify_all();
  };
}

std::vector<std::string> Observations::Await(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return seen_.size() >= count; });
  return seen_;
}

ServerTest::ServerTest() {
  static const std::string large(kLargeBytes, 'x');
  large_ = {&large, [](const std::string*) {}};
  options_.listen = {"127.0.0.1:0"};
}

void ServerTest::Start() {
  using Where = Route::Where;
  std::vector<Route> routes;
  routes.push_back({"/", Where::kInline, [](const HttpRequest&) { return Text("hello\n"); }});
  routes.push_back({"/metrics", Where::kInline, [](const HttpRequest&) { return Text("m 1\n"); }});
  routes.push_back({.path = "/shared",
                    .handle =
                        [](const HttpRequest&) {
                          HttpResponse response = Text("shared\n");
                          response.headers.emplace_back("Vary", "Accept-Encoding");
                          return response;
                        },
                    .cors = true});
  routes.push_back({"/-/healthy", Where::kInline, [](const HttpRequest&) { return Text("ok\n"); }, true});
  routes.push_back({"/echo", Where::kInline, Echo});
  routes.push_back({"/throw", Where::kInline, [](const HttpRequest&) -> HttpResponse {
                      throw std::runtime_error("a secret of the inside");
                    }});
  routes.push_back({"/pool", Where::kPool, [this](const HttpRequest&) { return WaitInPool(); }});
  routes.push_back({"/pool-echo", Where::kPool, Echo});
  routes.push_back({.path = "/later", .handle_later = [this](const HttpRequest& request, Reply reply) {
                      const std::lock_guard lock(mutex_);
                      later_.emplace_back(std::move(reply), request.scrape_timeout);
                      changed_.notify_all();
                    }});
  routes.push_back({.path = "/throw-later", .handle_later = [](const HttpRequest&, const Reply&) {
                      throw std::runtime_error("a secret of the inside");
                    }});
  routes.push_back({"/large", Where::kInline, [this](const HttpRequest&) {
                      HttpResponse response = Text("tail\n");
                      response.shared = large_;
                      return response;
                    }});
  routes.push_back(
      {"/own-large", Where::kInline, [](const HttpRequest&) { return Text(std::string(kLargeBytes, 'y')); }});
  routes.push_back({"/unchanged", Where::kInline, [](const HttpRequest&) {
                      HttpResponse response = Text("not to be sent");
                      response.status = 304;
                      response.headers = {{"ETag", "\"1\"\r\nInjected: yes"}};
                      return response;
                    }});
  Result<std::unique_ptr<Server>> server =
      StartServer(options_, std::move(routes), observations_.Observer(), log_);
  ASSERT_TRUE(server.ok()) << server.error().message;
  server_ = std::move(*server);
}

HttpResponse ServerTest::WaitInPool() {
  std::unique_lock lock(mutex_);
  ++in_pool_;
  changed_.notify_all();
  changed_.wait_for(lock, kPatience, [this] { return released_; });
  return Text(released_ ? "from the pool\n" : "never released\n");
}

std::pair<Reply, std::string> ServerTest::TakeReply() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return !later_.empty(); })) return {};
  auto first = std::move(later_.front());
  later_.pop_front();
  return first;
}

bool ServerTest::AwaitPool(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return in_pool_ >= count; });
}

void ServerTest::Release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

}  // namespace buntime::testing
