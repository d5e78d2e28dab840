#include "base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/descriptor.h"
#include "base/text.h"

namespace buntime {
namespace {

Error TooLong(std::size_t max_bytes) { return Error{"it is longer than " + FormatSize(max_bytes)}; }

Error LastError() { return Error{std::generic_category().message(errno)}; }

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return LastError();
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return LastError();
  if (S_ISDIR(status.st_mode)) return Error{"it is a directory"};
  if (!S_ISREG(status.st_mode)) return Error{"it is not a regular file"};
  if (status.st_size > 0 && static_cast<std::uint64_t>(status.st_size) > max_bytes) return TooLong(max_bytes);
  // Never grown: growing would leave copies of a secret behind in freed memory.
  std::string content(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return LastError();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes) return TooLong(max_bytes);
  content.resize(size);
  return content;
}

}  // namespace buntime
