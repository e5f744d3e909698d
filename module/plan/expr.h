// The small languages inside a hook: sources ("response:/id") and their alternatives, conditions, status ranges, topics
// and what is computed in them. Callers: table readers; capture spells sources. Threads: pure functions; mistakes go to
// the report of the load.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"
#include "plan/section.h"

namespace trot {

// The fault says what is wrong and what would be right.
Result<Source> parse_source(std::string_view text);
Result<Sources> parse_sources(std::string_view text);  // "response:/a | request:/a | =text"
std::string spell_source(const Source& source);
std::string spell_sources(const Sources& sources);

// Text with {sources} in it. Texts that stand for a value must be parts of a topic.
Result<Wording> parse_wording(std::string_view text);

// One line of `when`; a table may hold several tests, each is a condition.
void read_conditions(const RawMember& line, Report& report, std::vector<Condition>& out);

// "2xx", "201", 201, "200-204" or a list of them.
void read_status(const RawValue& value, Report& report, std::vector<StatusRange>& out);

bool part_is_right(std::string_view part);        // letters, digits, '_', '-'; at most 64 of them
bool topic_is_right(std::string_view topic);      // letters, digits, '_', '-', parts separated by '.'
bool pattern_is_right(std::string_view pattern);  // a topic, a topic and ".*", or "*"

}  // namespace trot
