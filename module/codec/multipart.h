// multipart/form-data (RFC 7578). Used by form.cc only. Threads: pure.
#pragma once

#include <string_view>

#include "codec/form.h"

namespace trot {

// A parameter of a header value (`form-data; name="a"`), unquoted; found=false when it is not there. Names without
// case.
std::string header_parameter(std::string_view value, std::string_view name, bool& found);

FormFields parse_multipart(std::string_view content_type, std::string_view body, size_t max_fields);

}  // namespace trot
