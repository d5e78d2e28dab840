// /probe: takes questions from the server, has the prober answer them, and writes the pages.
//
// Thread-safe. The prober and its thread begin with the first configuration that has modules.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/probe_page.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "config/config.h"
#include "fetch/fetcher.h"
#include "metrics/gzip.h"
#include "poll/prober.h"
#include "web/http.h"

namespace buntime {

class ProbeService {
 public:
  /// References outlive the desk.
  ProbeService(const Clock& clock, Log& log, Prober::Observer observer);

  /// Takes over the modules of a configuration. What is known of the targets of unchanged ones stays.
  void Apply(const Config& config);
  /// Answers every open question and all later ones with 503. Before the server stops.
  void Stop();

  void Handle(const HttpRequest& request, Reply reply);
  std::vector<RecentProbe> Recent() const;

 private:
  struct Engine {
    Engine(const Clock& clock, Log& log, Prober::Observer observer);
    const std::unique_ptr<Fetcher> fetcher;
    Prober prober;
    Deflater deflater{Deflater::Size::kLarge};  // of the prober's thread
    std::jthread thread;
  };

  HttpResponse Page(const ProbeQuestion& question, const ProbeAnswer& answer, bool gzip,
                    Deflater& deflater) const;

  const Clock& clock_;
  Log& log_;
  const Prober::Observer observer_;

  mutable Mutex mutex_;
  Modules modules_ GUARDED_BY(mutex_);
  Duration offset_ GUARDED_BY(mutex_){};
  std::shared_ptr<Engine> engine_ GUARDED_BY(mutex_);  // null until there are modules
};

}  // namespace buntime
