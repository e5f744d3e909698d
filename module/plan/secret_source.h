// Secrets of a configuration: a literal (warned about), { env = "NAME" } or { file = "path" }; a list of them during a
// rotation, newest first. Callers: the table readers. Threads: one load, one thread; reads files and the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.h"
#include "plan/raw.h"
#include "plan/report.h"

namespace trot {

// Each secret that could be read; what could not is a mistake at its place.
std::vector<Secret> read_secrets(const RawValue& value, Report& report);

// One secret of a key that takes no list; empty after a mistake, and for "", which says that there is none.
Secret read_one_secret(const RawValue& value, std::string_view key, Report& report);

// Does a header of that name carry a credential? A literal value of one is warned about: it belongs into the
// environment or a file of its own.
bool names_a_credential(std::string_view header);

// The content of a file without its last line end; empty after a mistake. A file that others can read is warned about.
Secret read_secret_file(const std::string& path, const Mark& at, Report& report);

}  // namespace trot
