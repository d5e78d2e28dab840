#include "fetch/connection_caches.h"

#include <functional>

namespace buntime {

CURLSH* ConnectionCaches::For(const std::string& authority) {
  const SteadyTime now = SystemClock().Now();
  CloseUnused(now);
  Cache& cache = caches_[std::hash<std::string>()(authority) % caches_.size()];
  cache.used = now;
  if (!cache.share) {
    cache.share.reset(curl_share_init());
    if (cache.share &&
        curl_share_setopt(cache.share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) != CURLSHE_OK)
      cache.share.reset();
  }
  return cache.share.get();
}

void ConnectionCaches::CloseUnused(SteadyTime now) {
  if (now - looked_ < std::chrono::seconds(1)) return;
  looked_ = now;
  for (Cache& cache : caches_) {
    if (!cache.share || now - cache.used < lifetime_) continue;
    // Refused while a transfer that takes this long uses it.
    if (curl_share_cleanup(cache.share.get()) == CURLSHE_OK) static_cast<void>(cache.share.release());
  }
}

}  // namespace buntime
