// Reads what the documents say, for tests: by RapidJSON, which shares no code with the writer.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <string>

namespace buntime::testing {

inline rapidjson::Document Parse(const std::string& text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag>(text.c_str(),
                                                                                             text.size());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

/// What stands at a JSON pointer, such as "/pool/size".
inline const rapidjson::Value& At(const rapidjson::Document& document, const char* pointer) {
  const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(document);
  if (value != nullptr) return *value;
  ADD_FAILURE() << "nothing at " << pointer;
  return document;
}

}  // namespace buntime::testing
