#include "metrics/text_format.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <vector>

#include "base/text.h"

namespace buntime {
namespace {

using prometheus::ClientMetric;
using LabelList = std::vector<ClientMetric::Label>;

// The format escapes backslash and line feed, and in label values the quote.
void AppendEscaped(std::string& out, std::string_view text, std::string_view special) {
  for (auto at = text.find_first_of(special); at != std::string_view::npos;
       at = text.find_first_of(special)) {
    out.append(text.substr(0, at)).append(1, '\\').append(1, text[at] == '\n' ? 'n' : text[at]);
    text.remove_prefix(at + 1);
  }
  out.append(text);
}

std::string_view NameOf(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    case prometheus::MetricType::Summary:
      return "summary";
    case prometheus::MetricType::Untyped:
      break;
  }
  return "untyped";
}

class FamilyWriter {
 public:
  FamilyWriter(std::string& out, const prometheus::MetricFamily& family) : out_(out), family_(family) {}

  void Write() {
    AppendFamilyHeader(out_, family_.name, family_.help, NameOf(family_.type));
    for (const ClientMetric& metric : family_.metric) Write(metric);
  }

 private:
  void Write(const ClientMetric& metric) {
    switch (family_.type) {
      case prometheus::MetricType::Counter:
        return Sample("", metric.label, metric.counter.value);
      case prometheus::MetricType::Gauge:
        return Sample("", metric.label, metric.gauge.value);
      case prometheus::MetricType::Untyped:
        return Sample("", metric.label, metric.untyped.value);
      case prometheus::MetricType::Histogram:
        for (const auto& bucket : metric.histogram.bucket) {
          Sample("_bucket", metric.label, bucket.cumulative_count, "le", bucket.upper_bound);
        }
        return SumAndCount(metric.label, metric.histogram.sample_sum, metric.histogram.sample_count);
      case prometheus::MetricType::Summary:
        for (const auto& quantile : metric.summary.quantile) {
          Sample("", metric.label, quantile.value, "quantile", quantile.quantile);
        }
        return SumAndCount(metric.label, metric.summary.sample_sum, metric.summary.sample_count);
    }
  }

  void SumAndCount(const LabelList& labels, double sum, std::uint64_t count) {
    Sample("_sum", labels, sum);
    Sample("_count", labels, count);
  }

  template <class Value>
  void Sample(std::string_view suffix, const LabelList& labels, Value value,
              std::string_view bound_label = {}, double bound = 0) {
    out_.append(family_.name).append(suffix);
    char open = '{';
    const auto add = [&](std::string_view name, std::string_view text) {
      out_ += open;
      open = ',';
      AppendLabel(out_, name, text);
    };
    for (const auto& label : labels) add(label.name, label.value);
    if (!bound_label.empty()) {
      std::string text;
      AppendNumber(text, bound);
      add(bound_label, text);
    }
    if (open == ',') out_ += '}';
    out_ += ' ';
    AppendNumber(out_, static_cast<double>(value));
    out_ += '\n';
  }

  std::string& out_;
  const prometheus::MetricFamily& family_;
};

}  // namespace

void AppendFamilyHeader(std::string& out, std::string_view name, std::string_view help,
                        std::string_view type) {
  out.append("# HELP ").append(name).append(" ");
  AppendEscaped(out, help, "\\\n");
  out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append("=\"");
  AppendEscaped(out, value, "\\\"\n");
  out += '"';
}

void AppendCollected(std::string& out, const prometheus::Collectable& collectable) {
  for (const auto& family : collectable.Collect()) {
    if (!family.metric.empty()) FamilyWriter(out, family).Write();
  }
}

}  // namespace buntime
