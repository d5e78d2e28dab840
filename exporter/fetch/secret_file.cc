#include "fetch/secret_file.h"

#include <fcntl.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "fetch/fetcher.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxSecretBytes = std::size_t{64} << 10;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Error SystemError(const std::string& path) {
  return Error{"cannot read the secret file " + path + ": " + std::generic_category().message(errno)};
}

Error BadFile(const std::string& path, std::string_view why) {
  return Error{"the secret file " + path + ' ' + std::string(why)};
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; }

// All of the file, at most one byte more than a secret may have.
Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string content(kMaxSecretBytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = read(fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

}  // namespace

void Wipe(std::string& text) {
  // All of the buffer: a longer text may have stood there before.
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

Result<std::string> ReadSecretFile(const std::string& path) {
  // Not blocking, or a named pipe without a writer would stop every poll.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return SystemError(path);
  if (!S_ISREG(status.st_mode)) return BadFile(path, "is not a regular file");
  auto content = ReadAll(file.get(), path);
  if (!content) return content;
  std::string& text = *content;
  if (text.size() > kMaxSecretBytes) {
    Wipe(text);
    return BadFile(path, "holds more than 64KiB");
  }
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  const std::string_view secret = std::string_view(text).substr(0, last + 1);  // npos + 1 is 0
  if (secret.empty()) return BadFile(path, "is empty");
  if (std::any_of(secret.begin(), secret.end(), IsControl)) {
    Wipe(text);
    return BadFile(path,
                   "holds control characters or more than one line; it has to hold nothing but the secret");
  }
  std::string exact(secret);
  Wipe(text);
  return exact;
}

SecretFiles::~SecretFiles() {
  for (auto& [path, entry] : entries_) {
    if (entry.secret) Wipe(*entry.secret);
  }
}

Result<std::string_view> SecretFiles::Get(const std::string& path) {
  Entry& entry = entries_[path];
  const std::optional<Stamp> stamp = Look(path);
  if (!entry.looked || stamp != entry.stamp) {
    entry.looked = true;
    entry.stamp = stamp;
    Reread(path, entry);
  }
  if (!entry.secret) return Error{entry.error};
  return std::string_view(*entry.secret);
}

std::optional<SecretFiles::Stamp> SecretFiles::Look(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return Stamp{nanoseconds(status.st_mtim), nanoseconds(status.st_ctim), status.st_size, status.st_ino,
               status.st_dev};
}

void SecretFiles::Reread(const std::string& path, Entry& entry) {
  auto secret = ReadSecretFile(path);
  const bool was_bad = !entry.error.empty();
  if (!secret) {
    // Without a last good secret every exchange fails and says why itself.
    if (!was_bad && entry.secret) {
      log_.Warn("a secret file went bad; the last good secret stays in use",
                {{"file", path}, {"error", secret.error().message}});
    }
    entry.error = secret.error().message;
    return;
  }
  if (entry.secret) Wipe(*entry.secret);
  entry.secret = *std::move(secret);
  entry.error.clear();
  if (was_bad) log_.Info("a secret file is good again", {{"file", path}});
}

}  // namespace buntime
