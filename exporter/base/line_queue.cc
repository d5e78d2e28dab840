#include "base/line_queue.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <deque>
#include <new>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace buntime {
namespace {

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What a queued line costs beside its text.
constexpr std::size_t kLineOverhead = 64;

}  // namespace

struct LineQueue::State {
  State(int its_fd, DropNote its_note) : fd(its_fd), note(std::move(its_note)) {}

  // The one thread's work until `closed`, or for good where the descriptor blocks.
  void Run() {
    while (const auto line = Next()) {
      const bool written = WriteAll(fd, *line);
      const MutexLock lock(mutex);
      bytes -= line->size() + kLineOverhead;
      if (!written) CountDropped();
      if (!lines.empty()) continue;
      if (!written || unreported == 0 || !AddNote()) idle.NotifyAll();
    }
  }

  void Close() {
    const SteadyTime deadline = SystemClock().Now() + std::chrono::milliseconds(kDrainMilliseconds);
    const MutexLock lock(mutex);
    idle.WaitUntil(mutex, {}, deadline, [&]() REQUIRES(mutex) { return bytes == 0; });
    closed = true;
    changed.NotifyAll();
  }

  std::optional<std::string> Next() {
    const MutexLock lock(mutex);
    while (lines.empty()) {
      if (closed) return std::nullopt;
      changed.Wait(mutex);
    }
    std::string line = std::move(lines.front());
    lines.pop_front();
    return line;
  }

  void Add(std::string line) REQUIRES(mutex) {
    const std::size_t size = line.size() + kLineOverhead;
    lines.push_back(std::move(line));
    bytes += size;
  }
  // False: for want of memory; the next line that is written brings it up again.
  bool AddNote() REQUIRES(mutex) {
    try {
      Add(note(unreported));
      unreported = 0;
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  void CountDropped() REQUIRES(mutex) {
    ++dropped;
    ++unreported;
  }

  const int fd;
  const DropNote note;
  Mutex mutex;
  CondVar changed, idle;
  std::deque<std::string> lines GUARDED_BY(mutex);
  std::size_t bytes GUARDED_BY(mutex) = 0;  // of the lines, and of the one that is being written
  std::uint64_t dropped GUARDED_BY(mutex) = 0;
  std::uint64_t unreported GUARDED_BY(mutex) = 0;
  bool closed GUARDED_BY(mutex) = false;
};

LineQueue::LineQueue(int fd, DropNote note) : state_(std::make_shared<State>(fd, std::move(note))) {
  // Detached, because a write that blocks for ever cannot be ended, only left.
  std::thread([state = state_] { state->Run(); }).detach();
}

LineQueue::~LineQueue() { state_->Close(); }

void LineQueue::Push(std::string line) {
  const MutexLock lock(state_->mutex);
  if (state_->bytes + line.size() > kMaxBytes) return state_->CountDropped();
  try {
    state_->Add(std::move(line));
  } catch (const std::bad_alloc&) {
    return state_->CountDropped();
  }
  state_->changed.NotifyOne();
}

void LineQueue::Drop() {
  const MutexLock lock(state_->mutex);
  state_->CountDropped();
}

std::uint64_t LineQueue::dropped() const {
  const MutexLock lock(state_->mutex);
  return state_->dropped;
}

}  // namespace buntime
