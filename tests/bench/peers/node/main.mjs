// The same exporter as a Node programmer would write it with prom-client, to measure ours against.
// Usage: main.mjs STATS_URL PORT INTERVAL_MS
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { Counter, Gauge, Registry } from "prom-client";

const [url, port, interval] = process.argv.slice(2);
const registry = new Registry();
const labelNames = ["worker", "app", "version"];
const gauge = (name, labels) => new Gauge({ name, help: name, labelNames: labels, registers: [registry] });
const pool = new Map(
  ["size", "active", "idle", "creating", "total", "utilization"].map((key) => [key, gauge(`buntime_pool_${key}`, [])]),
);
const requests = new Counter({
  name: "buntime_worker_requests_total", help: "Requests of the worker.", labelNames, registers: [registry],
});
const uptime = gauge("buntime_worker_uptime_seconds", labelNames);
const rss = gauge("buntime_worker_memory_rss_bytes", labelNames);
const heap = gauge("buntime_worker_memory_heap_used_bytes", labelNames);
const state = gauge("buntime_worker_state", [...labelNames, "state"]);

let stats = { pool: {}, workers: [] };
async function poll() {
  try {
    stats = await (await fetch(url)).json();
  } catch (error) {
    console.error(error.message);
  }
  setTimeout(poll, Number(interval));
}
poll();

function update() {
  for (const [key, metric] of pool) if (stats.pool[key] !== undefined) metric.set(stats.pool[key]);
  for (const metric of [requests, uptime, rss, heap, state]) metric.reset();
  for (const worker of stats.workers) {
    const [app, version = ""] = worker.app.split("@");
    const labels = { worker: worker.id, app, version };
    requests.inc(labels, worker.requests);
    uptime.set(labels, worker.uptime);
    rss.set(labels, worker.memory.rss);
    heap.set(labels, worker.memory.heapUsed);
    state.set({ ...labels, state: worker.state }, 1);
  }
}

createServer(async (request, response) => {
  update();
  const text = await registry.metrics();
  const gzip = (request.headers["accept-encoding"] ?? "").includes("gzip");
  response.setHeader("Content-Type", registry.contentType);
  if (gzip) response.setHeader("Content-Encoding", "gzip");
  response.end(gzip ? gzipSync(text) : text);
}).listen(Number(port), "127.0.0.1");
