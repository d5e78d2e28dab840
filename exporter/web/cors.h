// CORS (fetch.spec.whatwg.org): which pages of other origins may read what a route answers. Used by Router.
// Threading: the I/O thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "web/http.h"

namespace buntime {

class AnswerSink;

/// A browser asks, without credentials, whether it may send the request that its page wants.
bool IsPreflight(const HttpRequest& request);

/// `allowed` are origins, or "*". A refusal says where they are configured.
HttpResponse AnswerPreflight(const HttpRequest& request, const std::vector<std::string>& allowed);

/// Passes everything on to `sink`, answers with the headers that let the request's origin read them.
std::shared_ptr<AnswerSink> WithCors(const HttpRequest& request, const std::vector<std::string>& allowed,
                                     std::shared_ptr<AnswerSink> sink);

}  // namespace buntime
