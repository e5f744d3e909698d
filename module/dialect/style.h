// Style: a format with the options that fix its bytes, as deliveries.format in the store spells it:
// "standard", "cosmic?version=3&props=slug,title". A delivery keeps the one it was made with, whatever a reload
// changes; options that a rule calls live are not spelled. Callers: dispatch, the door's tools. Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "dialect/format.h"

namespace trot {

struct Style {
    const Format* format = nullptr;
    FormatOptions options;
    std::string text;
    bool shared = true;  // Format::shares_bodies
};

// The style that a spelling names: the same one for the same text, for the process's life (there are as many as
// configuration and store ever spelled). nullptr when the format or an option is unknown or wrong.
const Style* find_style(std::string_view text);

std::string spell_style(const std::string& format, const FormatOptions& options);

// Those of `options` that the format calls live.
FormatOptions live_options(const Format& format, const FormatOptions& options);

// The values of an option; nullptr when it is not there.
const std::vector<std::string>* option_values(const FormatOptions& options, std::string_view name);
std::string_view option(const FormatOptions& options, std::string_view name, std::string_view otherwise);

}  // namespace trot
