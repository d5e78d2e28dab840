#include "app/file_watch.h"

#include <utility>

namespace buntime {

FileWatch::FileWatch(std::vector<std::string> files) : files_(std::move(files)) { Begin(); }

FileWatch::Stamps FileWatch::Look() const {
  Stamps stamps;
  for (const std::string& file : files_) stamps[file] = StampOf(file);
  return stamps;
}

void FileWatch::Begin() {
  loaded_ = Look();
  seen_ = loaded_;
}

void FileWatch::Follow(std::vector<std::string> files) {
  files_ = std::move(files);
  Stamps stamps = Look();
  for (auto& [file, stamp] : stamps) {
    if (const auto known = loaded_.find(file); known != loaded_.end()) stamp = known->second;
  }
  loaded_ = std::move(stamps);
  seen_ = loaded_;
}

bool FileWatch::Changed() {
  Stamps now = Look();
  const bool at_rest = now == seen_;
  seen_ = std::move(now);
  return at_rest && seen_ != loaded_;
}

}  // namespace buntime
