// The same exporter as a Go programmer would write it with client_golang, to measure ours against.
// Usage: peer STATS_URL LISTEN_ADDRESS INTERVAL
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type answer struct {
	Pool    map[string]float64 `json:"pool"`
	Workers []struct {
		ID       string  `json:"id"`
		App      string  `json:"app"`
		State    string  `json:"state"`
		Requests float64 `json:"requests"`
		Uptime   float64 `json:"uptime"`
		Memory   struct {
			RSS      float64 `json:"rss"`
			HeapUsed float64 `json:"heapUsed"`
		} `json:"memory"`
	} `json:"workers"`
}

var (
	latest atomic.Value // *answer
	labels = []string{"worker", "app", "version"}

	requests = prometheus.NewDesc("buntime_worker_requests_total", "Requests of the worker.", labels, nil)
	uptime   = prometheus.NewDesc("buntime_worker_uptime_seconds", "Age of the worker.", labels, nil)
	rss      = prometheus.NewDesc("buntime_worker_memory_rss_bytes", "Resident memory.", labels, nil)
	heap     = prometheus.NewDesc("buntime_worker_memory_heap_used_bytes", "Heap used.", labels, nil)
	state    = prometheus.NewDesc("buntime_worker_state", "State of the worker.", append(labels, "state"), nil)
)

type collector struct{}

func (collector) Describe(descs chan<- *prometheus.Desc) { descs <- requests }

func (collector) Collect(metrics chan<- prometheus.Metric) {
	current, ok := latest.Load().(*answer)
	if !ok {
		return
	}
	for name, value := range current.Pool {
		desc := prometheus.NewDesc("buntime_pool_"+name, "Pool "+name+".", nil, nil)
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	for _, w := range current.Workers {
		app, version, _ := strings.Cut(w.App, "@")
		gauge := func(desc *prometheus.Desc, value float64) {
			metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, w.ID, app, version)
		}
		metrics <- prometheus.MustNewConstMetric(requests, prometheus.CounterValue, w.Requests, w.ID, app, version)
		gauge(uptime, w.Uptime)
		gauge(rss, w.Memory.RSS)
		gauge(heap, w.Memory.HeapUsed)
		metrics <- prometheus.MustNewConstMetric(state, prometheus.GaugeValue, 1, w.ID, app, version, w.State)
	}
}

func poll(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	next := new(answer)
	if err := json.NewDecoder(response.Body).Decode(next); err != nil {
		return err
	}
	latest.Store(next)
	return nil
}

func main() {
	interval, err := time.ParseDuration(os.Args[3])
	if err != nil {
		panic(err)
	}
	go func() {
		for ; ; time.Sleep(interval) {
			if err := poll(os.Args[1]); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{})
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	panic(http.ListenAndServe(os.Args[2], nil))
}
