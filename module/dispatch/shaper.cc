#include "dispatch/shaper.h"

#include "crypto/ids.h"
#include "shape/claim.h"

namespace trot {
namespace {

constexpr size_t most_parked = 1024;
constexpr size_t most_each = 64;  // of an endpoint: its backlog must not be the others' wait
constexpr int64_t postpone_ms = 5000;
constexpr std::string_view unwanted = "filtered";

// A delivery that was never sent takes the shape that its subscription has now, before it goes anywhere.
struct Adoption {
    int64_t delivery = 0;
    int64_t shape = 0;

    Result<void> write(Tx& tx, bool) const { return tx.set_shape(delivery, shape); }
    static constexpr bool patient = false;
    static constexpr bool overtakes = false;
    static constexpr size_t bytes() { return 64; }
};

bool transforms(const Recipe& recipe) { return !recipe.transform().empty() && !recipe.thin() && !recipe.claims(); }

bool asks_jq(const Recipe& recipe) { return !recipe.filter().empty() || transforms(recipe); }

}  // namespace

Shaper::Shaper(Context& context, EventCache& cache, Seams seams)
    : context_(context),
      cache_(cache),
      seams_(std::move(seams)),
      line_(context),
      self_(std::make_shared<Shaper*>(this)) {}

Shaper::~Shaper() { *self_ = nullptr; }

void Shaper::stop() {
    line_.stop();
    std::map<Ticket, Parked> left;
    left.swap(parked_);
    refused_.clear();
    for (auto& [ticket, parked] : left) {
        --parked.endpoint->shaping;
        seams_.released(parked.endpoint->number, std::move(parked.item));
    }
}

Result<std::shared_ptr<Recipe>> Shaper::recipe_of(const Endpoint& endpoint, int64_t shape) {
    std::shared_ptr<Recipe>& known = recipes_[shape];
    if (known) return known;
    Reader* reader = context_.read();
    const Result<std::string> spec =
        reader != nullptr ? reader->shape(shape) : Fault{Code::store, "the store cannot be read"};
    if (!spec) {
        if (reader != nullptr && spec.fault().code != Code::not_found) context_.read_failed(spec.fault());
        return spec.fault();
    }
    Result<std::unique_ptr<Recipe>> made = Recipe::make(spec.value(), endpoint.settings->shape.hash_keys);
    if (!made) return made.fault();
    return known = std::move(made).value();
}

bool Shaper::ready_made(Item& item) {
    if (item.data->shape() == item.shape) return true;
    if (item.first_event != 0) return false;  // its `previous` is no other's
    const auto found = made_.find({item.event, item.shape});
    if (found == made_.end()) return false;
    EventRef shaped = found->second.lock();
    if (!shaped) return false;
    item.data = std::move(shaped);
    return true;
}

Shaper::Shaping Shaper::shape(const EndpointRef& endpoint, Item& item) {
    if (item.shape < 0) return adopt(endpoint, item);
    if (item.shape == 0 || ready_made(item)) return Shaping::ready;
    const Result<std::shared_ptr<Recipe>> recipe = recipe_of(*endpoint, item.shape);
    if (!recipe) {
        recipes_.erase(item.shape);
        if (recipe.fault().code == Code::store) return Shaping::full;
        fail(endpoint, item, recipe.fault().text, recipe.fault().text);
        return Shaping::taken;
    }
    return make(endpoint, item, recipe.value());
}

Shaper::Shaping Shaper::make(const EndpointRef& endpoint, Item& item, const std::shared_ptr<Recipe>& recipe) {
    if (!asks_jq(*recipe)) {
        Result<Event> shaped = plain(item, *recipe);
        if (!shaped && shaped.fault().code == Code::store) {
            postpone(endpoint, item, shaped.fault().text);
            return Shaping::taken;
        }
        if (!shaped) {
            fail(endpoint, item, shaped.fault().text, shaped.fault().text);
            return Shaping::taken;
        }
        take(item, std::move(shaped).value(), !recipe->claims());
        return Shaping::ready;
    }
    if (endpoint->shaping >= most_each) return Shaping::full;  // asks again when one of its own comes back
    if (parked_.size() >= most_parked) {
        refused_.push_back(endpoint);
        return Shaping::full;
    }
    const Ticket ticket = ++last_;
    parked_[ticket] = {endpoint, std::move(item), recipe};
    ++endpoint->shaping;
    if (recipe->filter().empty())
        go_on(ticket);
    else
        ask_filter(ticket);
    return Shaping::taken;
}

Shaper::Shaping Shaper::shape(const EndpointRef& endpoint, const Item& batch, Members& members) {
    for (Member& member : members.list) {
        Item item = item_of(member.delivery, batch.style);
        item.data = member.data;
        const Result<void> made = make_member(*endpoint, item);
        if (!made && made.fault().code == Code::store) return Shaping::full;
        if (!made) {
            const std::string why = spell_id(delivery_prefix, item.number) + ": " + made.fault().text;
            fail(endpoint, batch, why, why, members.list.size());
            return Shaping::taken;
        }
        member.data = std::move(item.data);
    }
    return Shaping::ready;
}

Result<void> Shaper::make_member(const Endpoint& endpoint, Item& item) {
    if (item.shape == 0 || ready_made(item)) return {};
    const Result<std::shared_ptr<Recipe>> recipe = recipe_of(endpoint, item.shape);
    if (!recipe) {
        recipes_.erase(item.shape);
        return recipe.fault();
    }
    if (asks_jq(*recipe.value())) return Fault{Code::config, "a jq program is to make it, which goes in no batch"};
    Result<Event> shaped = plain(item, *recipe.value());
    if (!shaped) return shaped.fault();
    take(item, std::move(shaped).value(), !recipe.value()->claims());
    return {};
}

void Shaper::ask_filter(Ticket ticket) {
    const Parked& parked = parked_[ticket];
    line_.ask(JqAsk::filter, parked.recipe->filter(), Recipe::question(parked.item.data->event()),
              [this, ticket](const Result<JqAnswer>& answer) { filtered(ticket, answer); });
}

void Shaper::filtered(Ticket ticket, const Result<JqAnswer>& answer) {
    if (answer && answer.value().verdict == JqVerdict::value && answer.value().bytes == "true") return go_on(ticket);
    const Parked parked = remove(ticket);
    if (!answer) return postpone(parked.endpoint, parked.item, answer.fault().text);
    const JqAnswer& said = answer.value();
    const bool no = said.verdict == JqVerdict::none ||
                    (said.verdict == JqVerdict::value && (said.bytes == "false" || said.bytes == "null"));
    if (!no)
        return fail(parked.endpoint, parked.item, explain(said, JqAsk::filter), explain(said, JqAsk::filter, false));
    context_.counters.filtered.fetch_add(1, std::memory_order_relaxed);
    end(parked.endpoint, parked.item, DeliveryState::cancelled, std::string(unwanted));
}

// What is made without jq, or what jq is to make it of.
Result<Event> Shaper::plain(const Item& item, Recipe& recipe) {
    const Event& event = item.data->event();
    if (recipe.thin()) return recipe.link(event);
    if (!recipe.claims()) return recipe.hide(event);
    if (claim_key_.empty()) {
        Result<Secret> key = claim_key(context_.store.path());
        if (!key) return key.fault();
        claim_key_ = std::move(key).value();
    }
    return Recipe::claim(event, claim_url(recipe.spec().rules.public_url, item.number, claim_key_));
}

void Shaper::go_on(Ticket ticket) {
    Parked& parked = parked_[ticket];
    Result<Event> shaped = plain(parked.item, *parked.recipe);
    if (!shaped) {
        const Parked gone = remove(ticket);
        if (shaped.fault().code == Code::store) return postpone(gone.endpoint, gone.item, shaped.fault().text);
        return fail(gone.endpoint, gone.item, shaped.fault().text, shaped.fault().text);
    }
    if (!transforms(*parked.recipe)) {
        take(parked.item, std::move(shaped).value(), !parked.recipe->claims());
        return release(ticket);
    }
    std::string question = Recipe::question(shaped.value());
    line_.ask(JqAsk::transform, parked.recipe->transform(), std::move(question),
              [this, ticket, hidden = std::move(shaped).value()](const Result<JqAnswer>& answer) {
                  transformed(ticket, hidden, answer);
              });
}

void Shaper::transformed(Ticket ticket, const Event& hidden, const Result<JqAnswer>& answer) {
    if (answer && answer.value().verdict == JqVerdict::value) {
        Parked& parked = parked_[ticket];
        take(parked.item, Recipe::with(hidden, answer.value().bytes), true);
        return release(ticket);
    }
    const Parked parked = remove(ticket);
    if (!answer) return postpone(parked.endpoint, parked.item, answer.fault().text);
    const JqAnswer& said = answer.value();
    if (said.verdict == JqVerdict::none) {  // "empty": it does not want the event
        context_.counters.filtered.fetch_add(1, std::memory_order_relaxed);
        return end(parked.endpoint, parked.item, DeliveryState::cancelled, std::string(unwanted));
    }
    fail(parked.endpoint, parked.item, explain(said, JqAsk::transform), explain(said, JqAsk::transform, false));
}

void Shaper::take(Item& item, Event shaped, bool shared) {
    item.data = cache_.shaped(std::move(shaped), item.shape);
    if (!shared || item.first_event != 0) return;
    if (made_.size() >= sweep_at_) {
        std::erase_if(made_, [](const auto& entry) { return entry.second.expired(); });
        sweep_at_ = std::max<size_t>(1024, made_.size() * 2);
    }
    made_[{item.event, item.shape}] = item.data;
}

Shaper::Parked Shaper::remove(Ticket ticket) {
    const auto found = parked_.find(ticket);
    Parked out = std::move(found->second);
    parked_.erase(found);
    --out.endpoint->shaping;
    for (int woken = 0; woken < 2 && !refused_.empty(); ++woken) {
        const EndpointRef waits = refused_.front().lock();
        refused_.pop_front();
        if (waits) seams_.room(waits);
    }
    return out;
}

void Shaper::release(Ticket ticket) {
    Parked parked = remove(ticket);
    seams_.released(parked.endpoint->number, std::move(parked.item));
}

Shaper::Shaping Shaper::adopt(const EndpointRef& endpoint, Item& item) {
    auto adoption = std::make_shared<Adoption>();
    adoption->delivery = item.number;
    adoption->shape = endpoint->shape;
    const Ticket ticket = ++last_;
    parked_[ticket] = {endpoint, std::move(item), nullptr};
    ++endpoint->shaping;
    LoopJob<Adoption>::submit(context_, std::move(adoption),
                              [self = self_, ticket](Adoption& done, const Result<void>& result) {
                                  if (*self == nullptr || !(*self)->parked_.contains(ticket)) return;
                                  Shaper& shaper = **self;
                                  if (result) {
                                      shaper.parked_[ticket].item.shape = done.shape;
                                      return shaper.release(ticket);
                                  }
                                  const Parked parked = shaper.remove(ticket);
                                  shaper.postpone(parked.endpoint, parked.item, result.fault().text);
                              });
    return Shaping::taken;
}

void Shaper::end(const EndpointRef& endpoint, const Item& item, DeliveryState state, const std::string& why) {
    Outcome outcome;
    outcome.attempt.delivery = item.number;
    outcome.batch = item.batch != 0;
    outcome.attempt.at_ms = context_.clock.wall_ms();
    outcome.attempt.error = why;
    outcome.state = state;
    outcome.unsent = true;
    outcome.reshape = state == DeliveryState::dead;
    if (state == DeliveryState::pending) outcome.due_ms = context_.run.now_ms() + postpone_ms;
    seams_.ended(endpoint, std::move(outcome));
}

void Shaper::fail(const EndpointRef& endpoint, const Item& item, const std::string& why, const std::string& for_log,
                  size_t deliveries) {
    context_.counters.dead.fetch_add(deliveries, std::memory_order_relaxed);
    context_.counters.unshaped.fetch_add(deliveries, std::memory_order_relaxed);
    uint64_t more = 0;
    if (quiet_.pass(context_.clock.steady_us(), more)) {
        std::string line = "dispatch: delivery " +
                           spell_id(item.batch != 0 ? batch_prefix : delivery_prefix, item.number) + " for \"" +
                           endpoint->name + "\" is not sent, its payload cannot be made: " + for_log;
        if (more > 0) line += " (and " + std::to_string(more) + " others before it)";
        context_.log.write(Level::error, line + "; once that is mended, redeliver it");
    }
    end(endpoint, item, DeliveryState::dead, why);
}

void Shaper::postpone(const EndpointRef& endpoint, const Item& item, const std::string& why) {
    end(endpoint, item, DeliveryState::pending, why);
}

}  // namespace trot
