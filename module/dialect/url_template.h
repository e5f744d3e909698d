// UrlTemplate: a URL with Mustache tags in path and query, filled in for one delivery. What a tag becomes is
// percent-encoded, also of {{{x}}}: it is one segment or one value, whatever a client wrote into the payload, and never
// a segment "..". Callers: datocms, manage (checks). Threads: pure; immutable.
#pragma once

#include <string>
#include <string_view>

#include "dialect/mustache.h"

namespace trot {

class UrlTemplate {
  public:
    // Fault{Code::refused, "…why"}: the tags are wrong, or stand where they may not. Says nothing else of the URL: that
    // is url/tags.h.
    static Result<UrlTemplate> read(std::string_view url);

    // json: one JSON object. Fault{Code::refused}: it has become too long, or leads to another path.
    Result<std::string> render(std::string_view json) const;

  private:
    std::string origin_;  // scheme, host and port
    Mustache rest_;
};

}  // namespace trot
