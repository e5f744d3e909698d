// URLs with Mustache tags in path and query ("https://a.example/{{entity.id}}?type={{entity_type}}"): formats that know
// them fill them in for each delivery (dialect/url_template.h). Scheme, host and port are fixed, so that what the guard
// said of the URL holds for all that it becomes. Callers: plan, dialect, manage. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "url/check.h"

namespace trot {

inline bool has_tags(std::string_view url) { return url.find("{{") != std::string_view::npos; }

// Where path and query begin: behind the authority, at most the URL's length.
size_t begin_of_path(std::string_view url);

// The URL with "x" in the place of each tag. Fault{Code::refused}: a tag stands in front of the path, or has no end.
Result<std::string> without_tags(std::string_view url);

// check_url() of what stands there without the tags; `text` and `path` of the answer have them again.
Result<CheckedUrl> check_tagged_url(std::string_view url, const UrlRules& rules);

// Has the path a segment "." or ".."? Whoever fills in a tag must not choose another path of the host.
bool has_dot_segment(std::string_view path);

}  // namespace trot
