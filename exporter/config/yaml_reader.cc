#include "config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>

#include <array>
#include <exception>
#include <filesystem>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "base/read_file.h"
#include "base/text.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kShown = 80;
constexpr std::size_t kLongestReason = 400;

// yaml-cpp's words, and what to do about it.
struct Cure {
  std::string_view words;
  std::string_view text;
};
constexpr auto kCures = std::to_array<Cure>({
    {"illegal map value",
     "there is a second colon in this line, or the line before is no key: quote the value"},
    {"illegal block entry",
     "a list entry (- …) cannot stand here: put it into a line of its own below its key"},
    {"illegal tab when looking for indentation", "indent with spaces, not tabs"},
    {"end of map not found", "this line is indented less or more than the keys before it: align them"},
    {"end of sequence not found", "this line is indented less or more than the list before it: align them"},
    {"end of map flow not found", "a { above is not closed: add the }"},
    {"end of sequence flow not found", "a [ above is not closed: add the ]"},
    {"illegal flow end", "this ] or } closes nothing: remove it"},
    {"illegal EOF in scalar", "a quote above is not closed: add it"},
    {"illegal document indicator in scalar", "a quote above is not closed: add it"},
    {"unknown token", "a value cannot begin with this character: quote the value"},
    {"unknown escape character",
     "inside double quotes \\ begins an escape: write \\\\, or use single quotes"},
    {"alias not found after *", "* begins a YAML alias: quote the value"},
    {"anchor not found after &", "& begins a YAML anchor: quote the value"},
    {"the referenced anchor is not defined", "* begins a YAML alias: quote the value"},
    {"illegal character found while scanning", "this begins a YAML alias, anchor or tag: quote the value"},
});

std::string Explain(const std::string& words) {
  for (const Cure& cure : kCures) {
    if (words.starts_with(cure.words)) return std::string(cure.text) + " (" + Printable(words) + ")";
  }
  return "this is not YAML (" + Printable(words) + "): check quotes, brackets and indentation";
}

// Hears where documents begin.
class DocumentStarts final : public YAML::EventHandler {
 public:
  int line() const { return line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { line_ = mark.line + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  int line_ = 0;
};

std::optional<int> LineOfSecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return std::nullopt;
  return starts.line();
}

}  // namespace

Result<std::string> ReadYamlFile(const std::string& path, std::string_view what) {
  auto text = ReadFile(path, kMaxBytes);
  if (!text) return Error{"cannot read " + std::string(what) + " " + path + ": " + text.error().message};
  return text;
}

Result<YAML::Node> YamlReader::Parse(const std::string& text) {
  try {
    const YAML::Node root = YAML::Load(text);
    // Silently dropping what follows would make settings vanish. Not LoadAll: on some nonsense it finds
    // documents without end.
    if (const auto line = LineOfSecondDocument(text)) {
      return Error{path_ + ":" + std::to_string(*line) +
                   ": a second YAML document begins here, and only one is read: remove this line"};
    }
    return root;
  } catch (const YAML::Exception& error) {
    return Error{path_ + ":" + std::to_string(error.mark.line + 1) + ": " + Explain(error.msg)};
  } catch (const std::exception& error) {
    return Error{path_ + ": this is not YAML: " + Printable(error.what())};
  }
}

void YamlReader::Fail(const YAML::Node& at, const std::string& why) {
  if (!error_) error_ = Error{Where(at, Printable(why, kLongestReason))};
}

std::string YamlReader::Where(const YAML::Node& at, std::string_view name) const {
  return path_ + ":" + std::to_string(at.Mark().line + 1) + ": " + std::string(name);
}

std::string YamlReader::Resolve(const std::string& file) const {
  return (std::filesystem::path(path_).parent_path() / file).lexically_normal().string();
}

std::string YamlReader::Text(const YAML::Node& key, const YAML::Node& value, const std::string& name) {
  if (value.IsNull()) return {};
  if (value.IsScalar()) return value.Scalar();
  Fail(key, name + " has to be a single value, not a list or a mapping");
  return {};
}

std::optional<bool> YamlReader::Bool(const YAML::Node& key, const YAML::Node& value,
                                     const std::string& name) {
  if (value.IsNull()) return std::nullopt;
  bool truth = false;
  if (value.IsScalar() && YAML::convert<bool>::decode(value, truth)) return truth;
  Fail(key, name + " has to be a truth value: write true or false");
  return std::nullopt;
}

std::vector<std::string> YamlReader::List(const YAML::Node& key, const YAML::Node& value,
                                          const std::string& name) {
  if (value.IsNull()) return {};
  std::vector<std::string> texts;
  if (value.IsSequence()) {
    for (const auto& item : value) {
      texts.push_back(Text(key, item, "each entry of " + name));
      if (texts.back().empty()) Fail(key, name + " has an empty entry: remove it");
    }
    if (texts.empty()) Fail(key, name + " is an empty list: leave the key out instead");
  } else {
    Fail(key, name + " has to be a list: write [ENTRY, ENTRY]");
  }
  return texts;
}

void YamlReader::ForEachEntry(const YAML::Node& map, const std::string& name, const Use& use) {
  if (!map.IsMap()) {
    return Fail(map,
                (name.empty() ? "the file" : name) + " has to be a mapping of keys to values, key: value");
  }
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) {
      Fail(entry.first, "a key has to be a plain word: write key: value");
    } else if (!seen.insert(entry.first.Scalar()).second) {
      Fail(entry.first,
           "the key '" + Printable(entry.first.Scalar(), kShown) + "' stands twice: drop one of them");
    } else {
      use(entry.first.Scalar(), entry.first, entry.second);
    }
  }
}

}  // namespace buntime
