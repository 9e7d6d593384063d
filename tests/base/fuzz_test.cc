// JSON and settings that somebody else wrote.
#include "base/config.h"
#include "base/shapes.h"

#include "support/fuzz.h"

#include <algorithm>

namespace yanxing {
namespace {

template <class Read> void survives_json(const std::string &whole, const Read &read) {
  fuzz::survives(whole, fuzz::Form::kText, [&](const std::string &text) {
    const auto json = parse_json(text, "given");
    if (fuzz::told(json)) {
      read(*json);
    }
  });
}

constexpr const char *kScreen = R"({"size":[800,600],"app":"calc","title":"预算","elements":[
  {"id":"current_table","kind":"table","name":"预算表","box":[1,2,300,40],"states":["focused","selected"],"rows":4,"columns":3},
  {"id":"button_1","kind":"button","name":"保存","text":"保存 \u00e9","box":[1.5,2e2,-3,4],"parent":"current_table"}]})";

TEST(DamagedJson, Document) {
  survives_json(
      R"([{"a":[1,-2.5e3,true,false,null,"\u4f60\ud83d\ude00\n"],"b":{"c":{"d":[[[]]]}}},18446744073709551615])",
      [](const Json &json) {
        const auto again = parse_json(dump(json), "again");
        EXPECT_TRUE(again.ok()) << "what was read can be written";
      });
}

TEST(DamagedJson, Screen) {
  survives_json(kScreen, [](const Json &json) {
    const auto screen = screen_from_json(json, "screen");
    if (!fuzz::told(screen)) {
      return;
    }
    constexpr int kMost = 1000000;
    for (const auto &element : screen->elements) {
      EXPECT_EQ(screen->find(element.id), &element) << "ids are there and differ";
      for (const int pixel : {element.box.x, element.box.y, element.box.width, element.box.height}) {
        EXPECT_LE(std::abs(pixel), kMost);
      }
    }
    EXPECT_TRUE(screen_from_json(to_json(*screen), "again").ok());
  });
}

TEST(DamagedJson, Contacts) {
  survives_json(
      R"([{"name":"李建国","email":"li@example.com","phone":"138","aliases":["李经理","建国"]},{"name":"Anna"}])",
      [](const Json &json) {
        const auto contacts = contacts_from_json(json, "contacts");
        if (fuzz::told(contacts)) {
          for (const auto &contact : *contacts) {
            EXPECT_FALSE(contact.name.empty());
          }
        }
      });
}

TEST(DamagedJson, Actions) {
  survives_json(
      R"({"actions":[{"action":"share","target":"current_table","to":["a",{"b":1}]},{"action":"none","reply":"no"},
          {"action":"x","arguments":{"action":"walk"}},{"actions":[{"action":"y"}]}]})",
      [](const Json &json) {
        const auto actions = actions_from_json(json, "actions");
        if (fuzz::told(actions)) {
          for (const auto &action : *actions) {
            EXPECT_FALSE(action.name.empty());
            EXPECT_FALSE(dump(to_json(action)).empty());
          }
        }
      });
}

TEST(DamagedSettings, AreReadOrRefused) {
  const fuzz::Scratch scratch;
  const std::string whole = "language = \"zh\" # spoken\nthreads = 3\nuse_large = false\nendpoint_ms = 5_00\n"
                            "smtp_url = 'smtp://host:25'\nvoice_en = \"\"\"af\\u00e9\"\"\"\n";
  fuzz::survives(whole, fuzz::Form::kText,
                 [&](const std::string &text) { fuzz::told(load_settings(scratch.write("config.toml", text))); });
}

} // namespace
} // namespace yanxing
