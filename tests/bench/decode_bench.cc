// What decoding costs beside the least that any use of RapidJSON costs: its default parse into a handler that
// does nothing. Arguments: dialect (0 documented, 1 released), workers.
#include <benchmark/benchmark.h>
#include <rapidjson/reader.h>

#include <string>
#include <utility>

#include "decode/decoder.h"
#include "support/stats_body.h"

namespace buntime {
namespace {

std::string Body(const benchmark::State& state) {
  const auto dialect = state.range(0) == 0 ? Dialect::kDocumented : Dialect::kReleased;
  return testing::MakeStatsBody(dialect, static_cast<std::size_t>(state.range(1)));
}

void CountBytes(benchmark::State& state, const std::string& body) {
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) *
                          static_cast<std::int64_t>(state.iterations()));
}

void NullHandler(benchmark::State& state) {
  const std::string body = Body(state);
  while (state.KeepRunning()) {
    rapidjson::StringStream stream(body.c_str());
    rapidjson::BaseReaderHandler<> handler;
    rapidjson::Reader reader;
    benchmark::DoNotOptimize(reader.Parse(stream, handler).IsError());
  }
  CountBytes(state, body);
}

void Decode(benchmark::State& state) {
  const std::string body = Body(state);
  while (state.KeepRunning()) {
    state.PauseTiming();
    std::string copy = body;  // fetch hands its buffer over; only the benchmark needs it again
    state.ResumeTiming();
    auto snapshot = DecodeStats(std::move(copy));
    benchmark::DoNotOptimize(snapshot.value().workers.data());
    state.PauseTiming();
    snapshot = PollError{};  // freed later, by whoever replaces the snapshot
    state.ResumeTiming();
  }
  CountBytes(state, body);
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"dialect", "workers"})->ArgsProduct({{0, 1}, {500, 10'000, 100'000}});
}

BENCHMARK(NullHandler)->Apply(Sizes)->Unit(benchmark::kMicrosecond);
BENCHMARK(Decode)->Apply(Sizes)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace buntime

BENCHMARK_MAIN();
