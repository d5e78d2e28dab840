// Owns a file descriptor.
#pragma once

#include <unistd.h>

namespace buntime {

class Descriptor {
 public:
  /// `fd` is what a call has just returned; negative: it has failed, and there is nothing to close.
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace buntime
