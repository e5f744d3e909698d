// Form fields of a request body: application/x-www-form-urlencoded and multipart/form-data (RFC 7578). Files give their
// field with the file name as value and their type; contents of files are not kept. Callers: capture. Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace trot {

struct FormField : Field {
    bool file = false;
    std::string type;  // of a file, as the client says; may be empty
};
using FormFields = std::vector<FormField>;

// At most max_fields fields; a body that is no form, or a broken one, gives those that were read until then.
FormFields parse_form(std::string_view content_type, std::string_view body, size_t max_fields = 1000);

}  // namespace trot
