// Facts: what an exchange says, asked by Source. Bodies are decoded and read only when the first question about them
// comes. Callers: condition, payload, evaluate. Threads: one; values borrow from the exchange and from the Facts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/exchange.h"
#include "json/pointer.h"
#include "plan/plan.h"

namespace trot {

// A body as a hook can use it.
struct Body {
    enum class State {
        empty,
        json,        // the JSON reader holds it
        form,        // fields; request bodies only
        opaque,      // bytes of something else
        cut,         // JSON or unknown, but its end is missing (cap, broken answer)
        undecodable  // its Content-Encoding is unknown or does not fit the bytes
    };
    State state = State::empty;
    std::string_view bytes;  // decoded, without a byte order mark
    std::string decoded;     // holds them when the exchange does not
    Fields fields;           // of a form
    std::string why;         // of `cut` and `undecodable`, for people
    bool readable() const { return state != State::cut && state != State::undecodable; }
};

struct Value {
    enum class State { missing, there, unreadable };
    State state = State::missing;
    std::optional<JsonValue> json;  // out of a body; else `text` is the value
    std::string text;

    bool there() const { return state == State::there; }
    std::string as_text() const { return json ? json_text(*json) : text; }
};

struct Readers {  // one set a thread: they keep their buffers
    JsonReader request, response, item, request_item;
};

class Facts {
  public:
    Facts(const Exchange& exchange, Readers& readers) : exchange_(exchange), readers_(readers) {}
    Facts(const Facts&) = delete;
    Facts& operator=(const Facts&) = delete;

    const Exchange& exchange() const { return exchange_; }
    const Body& request();
    const Body& response();

    // Template parameters of the hook that asks now.
    void set_params(const Fields* params) { params_ = params; }
    // The elements that `item:` and `request-item:` speak of from now on; an empty text is none.
    void set_item(std::string_view item, std::string_view request_item);

    Value find(const Source& source);
    // The array that a hook's `items` names, in the answer or the request; nullopt when there is none.
    std::optional<std::vector<std::string_view>> array(const Source& source);

  private:
    Value in_body(const Body& body, JsonReader& reader, std::string_view pointer);
    Value in_item(JsonReader& reader, std::string_view& text, bool& loaded, std::string_view pointer);

    const Exchange& exchange_;
    Readers& readers_;
    std::optional<Body> request_, response_;
    std::optional<Fields> query_;
    const Fields* params_ = nullptr;
    std::string_view item_, request_item_;
    bool item_loaded_ = false, request_item_loaded_ = false;
};

// "response:/id", as in the file.
std::string spell(const Source& source);

}  // namespace trot
