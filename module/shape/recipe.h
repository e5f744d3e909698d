// Recipe: a spec that can be carried out, step by step: does the program want the event; leave out, hide, hash; what
// the program makes of the rest; or a link, or a claim, instead of it. Whoever carries it out asks jq in between. A
// step that fails fails closed: the event does not go out as it is. Callers: dispatch, manage (claims). Threads: an
// instance belongs to one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shape/fields.h"
#include "shape/spec.h"
#include "store/values.h"

namespace trot {

class Recipe {
  public:
    // keys: those that the subscription has now; one of them must be the spec's.
    static Result<std::unique_ptr<Recipe>> make(std::string_view spec, const std::vector<Secret>& keys);

    const std::string& filter() const { return spec_.filter; }  // "": wants every event
    // "": it makes nothing of it. A claim's payload is made when it is fetched.
    const std::string& transform() const { return spec_.rules.transform; }
    bool claims() const { return spec_.rules.payload == ShapeRules::Payload::claim; }
    bool thin() const { return spec_.rules.payload == ShapeRules::Payload::thin; }
    const ShapeSpec& spec() const { return spec_; }

    // What jq gets of an event: {"event":{…},"payload":…}. A payload that is no JSON is null there.
    static std::string question(const Event& event);
    Result<Event> hide(const Event& event);               // drop, mask, hash; in `previous` as well
    static Event with(Event event, std::string payload);  // …, which is JSON
    Event link(const Event& event) const;
    // claim: the URL (claim.h).
    static Event claim(const Event& event, const std::string& url);

  private:
    Recipe(ShapeSpec spec, std::string_view key);

    ShapeSpec spec_;
    FieldRules fields_;
};

}  // namespace trot
