// Facts: what an exchange says, asked by Source. Bodies are decoded and read only when the first question about them
// comes. An answer in an envelope (RoutingContext) is seen from the inside. Callers: condition, payload, evaluate.
// Threads: one; values borrow from the exchange and from the Facts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/exchange.h"
#include "capture/memory.h"
#include "codec/form.h"
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
    FormFields fields;       // of a form
    std::string form_json;   // the same as JSON, when that was asked for
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

// What an envelope holds; what it does not hold is the outer answer's.
struct Inside {
    bool broken = false;  // there is one, but it does not say its status
    int status = 0;       // 0: none inside
    std::optional<Fields> headers;
    std::optional<Body> body;
    std::string pointer;  // of the inner body in the outer one
};

// Of a URL: the last segment of its path, decoded.
std::string last_segment(std::string_view location);

struct Readers {  // one set a thread: they keep their buffers
    JsonReader request, response, item, request_item, query, previous;
};

class Facts {
  public:
    Facts(const Exchange& exchange, Readers& readers, Memory& memory)
        : exchange_(exchange), readers_(readers), memory_(memory) {}
    Facts(const Facts&) = delete;
    Facts& operator=(const Facts&) = delete;

    const Exchange& exchange() const { return exchange_; }
    const Body& request();
    const Body& response();
    int status();  // 0: it cannot be told
    // The reader that holds exactly this body; nullptr: none does, as with what is in an envelope.
    JsonReader* reader_of(const Body& body);

    // The file whose hooks ask from now on.
    void enter(const RoutingContext& context);
    // An answer's value, whatever envelope it is in.
    Value find_outside(std::string_view pointer);

    // Template parameters of the hook that asks now.
    void set_params(const Fields* params) { params_ = params; }
    // The elements that `item:` and `request-item:` speak of from now on; an empty text is none.
    // of_query: the element is one of the query's.
    void set_item(std::string_view item, std::string_view request_item, bool of_query = false);

    // The snapshot that `previous:` speaks of from now on, by its wording; null: none.
    void set_previous(const Wording* known_as);
    // Its whole state, as JSON; nullptr: unknown.
    const std::string* previous();
    // Why the memory could not be read, when it could not.
    const std::optional<Fault>& fault() const { return fault_; }
    void failed(Fault fault) { fault_ = std::move(fault); }

    Value find(const Source& source);
    // The first alternative that is there and not null; what cannot be read ends the search, because it might be it.
    // which: the one that counted.
    Value find(const Sources& sources, const Source** which = nullptr);
    // The array at a place of the answer, the request or the query; nullopt when there is none. A parameter of the
    // query is one by its commas. Holds until the next one is asked for.
    std::optional<std::vector<std::string_view>> array(const Source& source);

  private:
    const Body& outer();
    Body& read_request();
    Value find_there(const Source& source);  // without its link:
    Value in_response(const std::string& pointer);
    Value in_request(std::string_view pointer);
    Value in_query(const std::string& key);
    Value in_previous(std::string_view pointer);
    std::vector<std::string_view> listed(std::string_view text);
    Value in_item(JsonReader& reader, std::string_view& text, bool& loaded, std::string_view pointer);

    const Exchange& exchange_;
    Readers& readers_;
    Memory& memory_;
    std::optional<Body> request_, response_;
    const RoutingContext* context_ = nullptr;
    std::optional<Inside> inside_;
    std::optional<Fields> query_;
    std::string query_json_;  // the same read as a form, when that was asked for
    std::vector<std::string> listed_;
    const Fields* params_ = nullptr;
    std::string_view item_, request_item_;
    bool item_loaded_ = false, request_item_loaded_ = false, item_of_query_ = false;
    const Wording* previous_name_ = nullptr;
    std::optional<std::string> previous_;
    bool previous_asked_ = false;
    std::optional<Fault> fault_;
};

}  // namespace trot
