// TermReader: does an event fit a term of a subscription's selector? A document is read only when a term asks about it,
// once for all that ask. Callers: topics. Threads: its owner's.
#pragma once

#include <string_view>

#include "json/pointer.h"
#include "plan/plan.h"
#include "store/values.h"

namespace trot {

class TermReader {
  public:
    void begin() { payload_.loaded = previous_.loaded = context_.loaded = false; }  // another event comes
    bool fits(const FilterTerm& term, const Event& event);

  private:
    struct Document {
        JsonReader reader;
        bool loaded = false;
        JsonValue find(const std::shared_ptr<const std::string>& text, std::string_view pointer);
    };
    JsonValue value(std::string_view what, const Event& event);
    bool changed(std::string_view pointer, const Event& event);

    Document payload_, previous_, context_;
};

}  // namespace trot
