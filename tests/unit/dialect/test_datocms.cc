// Format datocms against the delivery that its documentation shows, its versions and options; Mustache by the examples
// of mustache(5) and of DatoCMS.

#include "dialect/mustache.h"
#include "dialect/url_template.h"
#include "forms.h"

using namespace forms;

namespace {

EventView maintenance() {
    EventView event;
    event.topic = "maintenance_mode.change";
    event.resource = "maintenance_mode";
    event.action = "change";
    event.resource_id = "maintenance_mode";
    event.at_ms = 1724676556789;
    event.payload = R"({"id":"maintenance_mode","type":"maintenance_mode","attributes":{"active":false}})";
    return event;
}

std::string rendered(const std::string& style, const EventView& event, unsigned attempt = 1, FormatOptions live = {}) {
    Recipient recipient;
    recipient.number = 28374;
    recipient.options = forms::style(style).options;
    recipient.options.insert(recipient.options.end(), live.begin(), live.end());
    auto made = format("datocms").renderer(recipient);
    assert_true(made.ok());
    DeliveryView delivery;
    delivery.number = 103216210;
    delivery.attempt = attempt;
    return made.value()->body(event, delivery);
}

void the_documented_delivery(void**) {
    const std::string want =
        R"({"webhook_call_id":"103216210","event_triggered_at":"2024-08-26T12:49:16Z","attempted_auto_retries_count":0,)"
        R"("webhook_id":"28374","site_id":"205","environment":"main","is_environment_primary":true,)"
        R"("entity_type":"maintenance_mode","event_type":"change","entity":{"id":"maintenance_mode",)"
        R"("type":"maintenance_mode","attributes":{"active":false}},"related_entities":[]})";
    expect(rendered("datocms?site_id=205", maintenance()), want);
    std::string third = want;
    third[third.find("count\":0") + 7] = '2';
    expect(rendered("datocms?site_id=205", maintenance(), 3), third);

    Recipient recipient;
    recipient.authorization = Secret("Basic Y2lhbzptaWFv");
    Fields headers;
    format("datocms").renderer(recipient).value()->headers({}, want, headers);
    expect(lines(headers),
           "Accept: */*\nUser-Agent: DatoCMS (datocms.com)\nAuthorization: Basic Y2lhbzptaWFv\n"
           "Content-Type: application/json\n");
}

void versions_and_the_state_before(void**) {
    EventView event = maintenance();
    event.resource = "item";
    event.action = "update";
    event.payload = R"({"id":"1"})";
    expect(rendered("datocms?version=1", event), R"({"entity_type":"item","event_type":"update","entity":{"id":"1"}})");
    expect(rendered("datocms?version=2&environment=foo-bar", event),
           R"({"environment":"foo-bar","entity_type":"item","event_type":"update","entity":{"id":"1"},)"
           R"("previous_entity":null,"related_entities":[]})");
    event.previous = R"({"id":"0"})";
    expect(rendered("datocms?version=2", event),
           R"({"environment":"main","entity_type":"item","event_type":"update","entity":{"id":"1"},)"
           R"("previous_entity":{"id":"0"},"related_entities":[]})");
    event.previous = {};
    event.resource = "invoice";
    event.action = "paid";
    event.payload = std::string_view("\xff", 1);
    event.payload_json = false;
    expect(rendered("datocms?version=1", event),
           R"({"entity_type":"invoice","event_type":"paid","entity":"/w==","data_base64":true})");
    assert_true(rendered("datocms?primary=false", event).find("\"is_environment_primary\":false") != std::string::npos);
    assert_int_equal(format("datocms").policy().schedule_ms.size(), 7);
    assert_int_equal(format("datocms").policy().schedule_ms.back(), 172800000);
}

// What the event took along counts before what the options say.
void environments_and_related_entities(void**) {
    EventView event = maintenance();
    event.context = R"({"environment":"sand\u0062ox","environment_primary":false})";
    const std::string third = rendered("datocms?environment=main", event);
    assert_true(third.find(R"("environment":"sand\u0062ox","is_environment_primary":false,)") != std::string::npos);
    assert_true(third.find(R"("related_entities":[]})") != std::string::npos);
    expect(rendered("datocms?version=1", event).substr(0, 15), R"({"entity_type":)");
    event.context = R"({"environment":7,"environment_primary":"no","item_type":"x","included":{}})";
    const std::string wrong = rendered("datocms?environment=foo&primary=false", event);
    assert_true(wrong.find(R"("environment":"foo","is_environment_primary":false,)") != std::string::npos);
    assert_true(wrong.find(R"("related_entities":[]})") != std::string::npos);

    const auto related = [&event](const char* context) {
        event.context = context;
        const std::string body = rendered("datocms", event);
        return body.substr(body.find("\"related_entities\":") + 19);
    };
    expect(related(R"({"item_type":{"type":"item_type","id":"9"}})"), R"([{"type":"item_type","id":"9"}]})");
    expect(related(R"({"included":[{"type":"user","id":"9"}],"item_type":{"type":"item_type","id":"9"}})"),
           R"([{"type":"user","id":"9"},{"type":"item_type","id":"9"}]})");
    expect(
        related(
            R"({"included":[ {"type":"item_type", "id":"9","attributes":{}} ],"item_type":{"type":"item_type","id":"9"}})"),
        R"([{"type":"item_type", "id":"9","attributes":{}}]})");
}

// The webhook's id is its API's.
void ids(void**) {
    Recipient recipient;
    recipient.number = 7;
    recipient.id = "312";
    const std::string body = format("datocms").renderer(recipient).value()->body(maintenance(), {});
    assert_true(body.find(R"("webhook_id":"312")") != std::string::npos);
}

std::string url_of(std::string_view url, const EventView& event, unsigned attempt = 1) {
    Recipient recipient;
    recipient.url = url;
    DeliveryView delivery;
    delivery.number = 5;
    delivery.attempt = attempt;
    const Result<std::string> made = format("datocms").renderer(recipient).value()->url(event, delivery);
    return made ? made.value() : "refused: " + made.fault().text;
}

void urls_with_tags(void**) {
    EventView event = maintenance();
    expect(url_of("https://a.example/x?y=z", event), "");
    expect(url_of("https://a.example/{{entity_type}}/{{entity.id}}?n={{attempted_auto_retries_count}}", event, 3),
           "https://a.example/maintenance_mode/maintenance_mode?n=2");
    event.payload = R"({"id":"a/b?c#d&e=\u00e9 %","up":"..","dot":".","here":true})";
    expect(url_of("https://a.example/{{entity.id}}", event), "https://a.example/a%2Fb%3Fc%23d%26e%3D%C3%A9%20%25");
    expect(url_of("https://a.example/{{{entity.id}}}", event), "https://a.example/a%2Fb%3Fc%23d%26e%3D%C3%A9%20%25");
    expect(url_of("https://a.example/?u={{entity.up}}{{entity.none}}", event), "https://a.example/?u=..");
    expect(url_of("https://a.example/{{#entity.here}}h{{/entity.here}}", event), "https://a.example/h");
    for (const char* url : {"https://a.example/{{entity.up}}/b", "https://a.example/{{entity.dot}}{{entity.dot}}",
                            "https://a.example/b/{{entity.dot}}?x"})
        assert_true(url_of(url, event).find("refused: ") == 0);
    const std::string large = R"({"id":")" + std::string(3000, 'x') + R"("})";
    event.payload = large;
    assert_true(url_of("https://a.example/{{entity.id}}", event).find("refused: ") == 0);
    for (const char* url : {"https://a.example/{{#a}}", "https://{{a}}/", "https://a.example/{{>a}}"})
        if (UrlTemplate::read(url).ok()) fail_msg("%s was taken", url);
    assert_non_null(format("datocms").policy().check_tags);
    assert_null(format("standard").policy().check_tags);
}

void a_custom_payload(void**) {
    // The example of the documentation, but for its stray bracket.
    const FormatOptions live = {
        {"custom_payload",
         {R"({ "message": "{{event_type}} event triggered on {{entity_type}}!", "entity_id": "{{#entity}}{{id}}{{/entity}}" })"}},
        {"content_type", {"text/x-thing"}}};
    expect(rendered("datocms", maintenance(), 1, live),
           R"({ "message": "change event triggered on maintenance_mode!", "entity_id": "maintenance_mode" })");
    Recipient recipient;
    recipient.options = live;
    Fields headers;
    format("datocms").renderer(recipient).value()->headers({}, "", headers);
    expect(header(headers, "Content-Type"), "text/x-thing");
    // Both are the newest ones: no delivery keeps them.
    expect(spell_style("datocms", live), "datocms");
    assert_int_equal(live_options(format("datocms"), live).size(), 2);
    assert_null(find_style("datocms?custom_payload=x"));
}

std::string mustache(std::string_view text, std::string_view json) {
    const Result<Mustache> read = Mustache::read(text);
    if (!read) fail_msg("%s", read.fault().text.c_str());
    return read.value().render(json);
}

void templates(void**) {
    const char* data =
        R"({"name":"<A & \"B\">","n":1.10,"yes":true,"no":false,"nil":null,"o":{"a":{"b":"deep"}},"list":[{"x":1},{"x":2}],)"
        R"("words":["a","b"],"none":[],"q":"it's"})";
    expect(mustache("{{name}} {{{name}}} {{& name }} {{q}}", data),
           "&lt;A &amp; &quot;B&quot;&gt; <A & \"B\"> <A & \"B\"> it&#39;s");
    expect(mustache("{{n}}|{{yes}}|{{no}}|{{nil}}|{{missing}}|{{{o}}}", data),
           R"(1.10|true|false|||{"a":{"b":"deep"}})");
    expect(mustache("{{o.a.b}}|{{o.x.b}}|{{#o}}{{a.b}}{{n}}{{/o}}", data), "deep||deep1.10");
    expect(mustache("{{#list}}{{x}}{{n}},{{/list}}{{#words}}{{.}}{{/words}}", data), "11.10,21.10,ab");
    expect(mustache("{{#yes}}y{{/yes}}{{#no}}n{{/no}}{{#none}}n{{/none}}{{#nil}}n{{/nil}}", data), "y");
    expect(mustache("{{^yes}}y{{/yes}}{{^no}}1{{/no}}{{^none}}2{{/none}}{{^missing}}3{{/missing}}", data), "123");
    expect(mustache("a{{! comment }}b", data), "ab");
    expect(mustache("<\n  {{#list}}\n- {{x}}\n  {{/list}}\n>\n{{! gone }}\nend", data), "<\n- 1\n- 2\n>\nend");
    expect(mustache("{{#yes}} x {{/yes}}\n", data), " x \n");
    expect(mustache("", data), "");
    expect(mustache("{{a}}", "not json"), "");
    for (const char* wrong : {"{{", "{{x", "{{{x}}", "{{}}", "{{#a}}", "{{/a}}", "{{#a}}{{/b}}",
                              "{{#a}}{{#b}}{{/a}}{{/b}}", "{{>p}}", "{{=<% %>=}}", "{{a b}}", "{{#}}{{/}}"})
        if (Mustache::read(wrong).ok()) fail_msg("%s was taken", wrong);
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "{{#yes}}";
    assert_false(Mustache::read(deep).ok());
}

// Data cannot make a template run for ever.
void templates_are_bounded(void**) {
    std::string list = "[";
    for (int i = 0; i < 999; ++i) list += "1,";
    list += "1]";
    const std::string out = mustache("{{#a}}{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}{{/a}}", "{\"a\":" + list + "}");
    assert_true(out.size() <= 100000);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_delivery),
        cmocka_unit_test(versions_and_the_state_before),
        cmocka_unit_test(a_custom_payload),
        cmocka_unit_test(templates),
        cmocka_unit_test(templates_are_bounded),
        cmocka_unit_test(environments_and_related_entities),
        cmocka_unit_test(ids),
        cmocka_unit_test(urls_with_tags),
    };
    return cmocka_run_group_tests_name("datocms", tests, nullptr, nullptr);
}
