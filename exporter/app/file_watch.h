// Notices that files were changed, in whatever way: rewritten, replaced, or reached by another symbolic link,
// as Kubernetes does it. Used by those who load configurations; not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_stamp.h"

namespace buntime {

class FileWatch {
 public:
  /// What stands in `files` now counts as loaded.
  explicit FileWatch(std::vector<std::string> files);

  /// To be called before files are read: what changes meanwhile is then seen at the next look.
  void Begin();
  /// From now on these are watched. Those that are new to the watch must not have been read yet.
  void Follow(std::vector<std::string> files);

  /// Whether a file is another one than when loading last began, and all have come to rest: one may be half
  /// written, and certificate and key are rarely replaced in the same instant. To be asked once or twice a
  /// second.
  bool Changed();

 private:
  using Stamps = std::map<std::string, std::optional<FileStamp>>;

  Stamps Look() const;

  std::vector<std::string> files_;
  Stamps loaded_;  // as they were when last loaded, in whatever state
  Stamps seen_;    // at the last look
};

}  // namespace buntime
