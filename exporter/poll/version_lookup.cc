#include "poll/version_lookup.h"

#include <utility>

#include "decode/decoder.h"

namespace buntime {

VersionLookup::VersionLookup(const Target& target, Fetcher& fetcher, std::function<void(std::string)> done)
    : target_(target), fetcher_(fetcher), done_(std::move(done)) {
  TryNext();
}

VersionLookup::~VersionLookup() {
  if (transfer_) fetcher_.Cancel(*transfer_);
}

void VersionLookup::TryNext() {
  Request request;
  request.url = target_.url.origin + target_.url.path + std::string(kPaths[next_++]);
  request.tls = target_.tls;  // no credential: health is open to everyone
  request.timeout = target_.timeout;
  request.max_body = 64 * 1024;
  request.allowed = target_.allowed;
  transfer_ = fetcher_.Start(request, [this](ExchangeResult result) {
    transfer_.reset();
    if (result && result->status == 200) {
      if (auto version = DecodeVersion(std::move(result->body))) {
        done_(std::move(*version));
        return;
      }
    }
    if (next_ < kPaths.size()) TryNext();
  });
}

}  // namespace buntime
