// Fleets for tests of rendering.
#pragma once

#include <memory>
#include <string>

#include "model/fleet.h"
#include "support/snapshots.h"

namespace buntime {

/// Two runtimes, one a dialect, that together have a value for every field there is.
inline Fleet FullFleet() {
  Fleet fleet;
  fleet.revision = 1;
  for (const Dialect dialect : {Dialect::kDocumented, Dialect::kReleased}) {
    auto reading = std::make_shared<Reading>();
    reading->layout = dialect == Dialect::kReleased ? Layout::kAdmin : Layout::kDocumented;
    Snapshot& snapshot = reading->snapshot;
    snapshot.dialect = dialect;
    Pool& pool = snapshot.pool;
    double value = 1;
    for (auto field : {&Pool::size,
                       &Pool::active,
                       &Pool::idle,
                       &Pool::creating,
                       &Pool::total,
                       &Pool::utilization,
                       &Pool::uptime_seconds,
                       &Pool::heap_used_bytes,
                       &Pool::acquire_mean_seconds,
                       &Pool::requests,
                       &Pool::hits,
                       &Pool::misses,
                       &Pool::evictions,
                       &Pool::workers_created,
                       &Pool::workers_failed,
                       &Pool::workers_retired,
                       &Pool::unserved_requests,
                       &Pool::ephemeral_concurrency,
                       &Pool::ephemeral_queue_depth,
                       &Pool::ephemeral_queue_limit}) {
      pool.*field = value++;
    }
    Worker& worker = AddWorker(snapshot, "shop@1.2.0", "shop", "1.2.0");
    worker.state = WorkerState::kActive;
    for (auto field : {&Worker::requests, &Worker::errors, &Worker::request_seconds, &Worker::uptime_seconds,
                       &Worker::idle_seconds, &Worker::rss_bytes, &Worker::heap_used_bytes}) {
      worker.*field = value++;
    }
    reading->shown = {0};
    reading->peaks = {1, 0.5, 7};
    App app;
    app.name = "shop";
    app.version = "1.2.0";
    app.workers[Index(WorkerState::kActive)] = 1;
    app.requests = 3;
    app.estimated_requests = 2;
    app.discarded_workers = 1;
    app.errors = 1;
    app.request_seconds = 0.25;
    app.heap_used_bytes = 1000;
    reading->apps = {app};

    auto runtime = std::make_shared<Runtime>();
    runtime->name = dialect == Dialect::kReleased ? "green" : "blue";
    runtime->url = "http://" + runtime->name + ":8000/metrics";
    runtime->tried = runtime->up = true;
    runtime->poll_seconds = 0.01;
    runtime->last_success_unix_seconds = 1.7e9;
    runtime->version = "0.5.4";
    runtime->reading = std::move(reading);
    fleet.runtimes.push_back(std::move(runtime));
  }
  return fleet;
}

/// One unnamed runtime of the documented dialect with that many workers in fifty apps.
inline Fleet LargeFleet(std::size_t workers) {
  auto reading = std::make_shared<Reading>();
  for (std::size_t i = 0; i < workers; ++i) {
    Worker& worker = AddWorker(reading->snapshot, "worker-" + std::to_string(100000 + i),
                               "my-app-" + std::to_string(i % 50), "1.2.3");
    const auto number = static_cast<double>(i);
    worker.state = static_cast<WorkerState>(1 + i % 3);
    worker.requests = number * 37;
    worker.uptime_seconds = number + 0.5;
    worker.rss_bytes = 52428800 + number * 4096;
    worker.heap_used_bytes = 31457280 + number * 1024;
    reading->shown.push_back(static_cast<std::uint32_t>(i));
  }
  auto runtime = std::make_shared<Runtime>();
  runtime->tried = runtime->up = true;
  runtime->reading = std::move(reading);
  Fleet fleet;
  fleet.revision = 1;
  fleet.runtimes.push_back(std::move(runtime));
  return fleet;
}

}  // namespace buntime
