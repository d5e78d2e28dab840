#include "fetch/secret_file.h"

#include <algorithm>
#include <utility>

#include "base/read_file.h"
#include "base/wipe.h"
#include "fetch/fetcher.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxSecretBytes = std::size_t{64} << 10;

Error BadFile(const std::string& path, std::string_view why) {
  return Error{"the secret file " + path + ' ' + std::string(why)};
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; }

}  // namespace

Result<std::string> ReadSecretFile(const std::string& path) {
  auto content = ReadFile(path, kMaxSecretBytes);
  if (!content) return Error{"cannot read the secret file " + path + ": " + content.error().message};
  std::string& text = *content;
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  const std::string_view secret = std::string_view(text).substr(0, last + 1);  // npos + 1 is 0
  if (secret.empty()) return BadFile(path, "is empty: write the secret into it");
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
  const std::optional<FileStamp> stamp = StampOf(path);
  if (!entry.looked || stamp != entry.stamp) {
    entry.looked = true;
    entry.stamp = stamp;
    Reread(path, entry);
  }
  if (!entry.secret) return Error{entry.error};
  return std::string_view(*entry.secret);
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
