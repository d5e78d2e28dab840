#include "metrics/fleet_text.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "metrics/fleet_walk.h"
#include "metrics/text_format.h"

namespace buntime {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

class TextSink {
 public:
  // Open: `{runtime="blue",app="shop"`, or empty where there is no label.
  using Set = std::string_view;

  // Written once and then copied into the lines of every family.
  class Labels {
   public:
    void Reserve(std::size_t sets) { starts_.reserve(sets); }
    void Begin() { starts_.push_back(text_.size()); }
    void Add(std::string_view name, std::string_view value) {
      text_ += text_.size() == starts_.back() ? '{' : ',';
      AppendLabel(text_, name, value);
    }
    Set operator[](std::size_t i) const {
      const std::size_t end = i + 1 < starts_.size() ? starts_[i + 1] : text_.size();
      return Set(text_).substr(starts_[i], end - starts_[i]);
    }

   private:
    std::string text_;
    std::vector<std::size_t> starts_;
  };

  TextSink(std::string& out, const Drain& drain) : out_(out), drain_(drain) {}

  void Family(const Metric& metric) {
    metric_ = &metric;
    header_written_ = false;
  }

  void Sample(Set set, double value, std::string_view label = {}, std::string_view label_value = {}) {
    Line({}, set, value, label, label_value);
  }
  void Summary(Set set, double sum, std::uint64_t count) {
    Line("_sum", set, sum);
    Line("_count", set, static_cast<double>(count));
  }

 private:
  void Line(std::string_view suffix, Set set, double value, std::string_view label = {},
            std::string_view label_value = {}) {
    if (!header_written_) {
      header_written_ = true;
      AppendFamilyHeader(out_, metric_->name, metric_->help, Name(metric_->type));
    }
    out_.append(metric_->name).append(suffix).append(set);
    if (!label.empty()) {
      out_ += set.empty() ? '{' : ',';
      AppendLabel(out_, label, label_value);
      out_ += '}';
    } else if (!set.empty()) {
      out_ += '}';
    }
    out_ += ' ';
    AppendNumber(out_, value);
    out_ += '\n';
    if (drain_ && out_.size() >= kPieceBytes) drain_(out_);
  }

  std::string& out_;
  const Drain& drain_;
  const Metric* metric_ = nullptr;
  bool header_written_ = false;
};

}  // namespace

void RenderFleet(const Fleet& fleet, std::string& out, const Drain& drain) {
  TextSink sink(out, drain);
  WalkFleet(fleet, sink);
}

std::string RenderAlone(Runtime runtime) {
  runtime.name.clear();
  Fleet fleet;
  fleet.runtimes.push_back(std::make_shared<const Runtime>(std::move(runtime)));
  std::string text;
  RenderFleet(fleet, text, {});
  return text;
}

}  // namespace buntime
