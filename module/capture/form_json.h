// A form as the JSON that PHP and most frameworks make of it: "data[title]" is a member of an object, "tags[]" the next
// element of an array. Files are {"name","type"}. Callers: Facts. Threads: pure.
#pragma once

#include <string>

#include "codec/form.h"

namespace trot {

// Always an object. Values are strings; a name given twice has its last value.
std::string form_json(const FormFields& fields);

}  // namespace trot
