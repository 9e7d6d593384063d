// Drawing a desktop: applications from screens.json, people from words.json, a home that has every device of home.json.
#include "sim/desktop.h"
#include "sim/world.h"

#include <algorithm>
#include <array>

namespace yanxing::sim {
namespace {

struct Draw {
  const Knowledge &knowledge;
  Language language;
  Random &random;

  [[nodiscard]] std::string pick_text(const std::string &pair) const {
    const auto bar = pair.find('|');
    return bar == std::string::npos         ? pair
           : language == Language::kChinese ? pair.substr(bar + 1)
                                            : pair.substr(0, bar);
  }
  const std::string &word(std::string_view key) { return random.pick(knowledge.words_of(key)); }
  std::string entry(const char *list) {
    const auto &all = *knowledge.lists.at(list);
    for (int tries = 0; tries < 16; ++tries) {
      const auto &names = random.pick(all).in(language);
      if (!names.empty()) {
        return names.front();
      }
    }
    return {};
  }
  std::string label(const std::string &kind) {
    const auto &labels = knowledge.screens["labels"];
    const auto &list = labels.contains(kind) ? labels[kind] : labels["button"];
    return pick_text(list[random.below(list.size())].get_ref<const std::string &>());
  }
};

Cells draw_cells(Draw &draw) {
  static const std::array<std::array<const char *, 2>, 6> kHeads{{{"Department", "部门"},
                                                                  {"January", "一月"},
                                                                  {"February", "二月"},
                                                                  {"March", "三月"},
                                                                  {"Budget", "预算"},
                                                                  {"Total", "合计"}}};
  static const std::array<std::array<const char *, 2>, 6> kRows{{{"Research", "研发部"},
                                                                 {"Sales", "销售部"},
                                                                 {"Marketing", "市场部"},
                                                                 {"Finance", "财务部"},
                                                                 {"Support", "客服部"},
                                                                 {"Production", "生产部"}}};
  const std::size_t language = draw.language == Language::kChinese ? 1 : 0;
  const auto columns = static_cast<std::size_t>(draw.random.between(2, 4));
  const auto rows = static_cast<std::size_t>(draw.random.between(2, 4));
  const auto first = draw.random.below(kRows.size());
  Cells cells(rows + 1, std::vector<std::string>(columns));
  for (std::size_t row = 0; row <= rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      cells[row][column] = row == 0      ? kHeads[column == 0 ? 0 : 1 + (column + first) % 5][language]
                           : column == 0 ? kRows[(first + row) % kRows.size()][language]
                                         : std::to_string(draw.random.between(10, 990));
    }
  }
  return cells;
}

Item draw_main(Draw &draw, const std::string &kind, const std::string &document) {
  Item item;
  item.kind = kind;
  item.name = document;
  if (kind == "table") {
    item.cells = draw_cells(draw);
  } else if (kind == "document") {
    static const std::array<std::array<const char *, 2>, 5> kTexts{
        {{"The figures of the third quarter are above plan.", "第三季度的数字高于计划。"},
         {"The meeting is moved to Thursday.", "会议改到星期四。"},
         {"Please send your comments by Friday.", "请在星期五之前提交意见。"},
         {"The contract begins on the first of March.", "合同从三月一日起生效。"},
         {"We thank all who took part.", "感谢所有参加的人。"}}};
    const std::size_t language = draw.language == Language::kChinese ? 1 : 0;
    const auto at = draw.random.below(kTexts.size());
    item.text = std::string(kTexts[at][language]) + (language == 1 ? "" : " ") + kTexts[(at + 2) % 5][language];
    if (draw.random.chance(0.25)) {
      item.selection = kTexts[at][language];
    }
  }
  return item;
}

void place(Window &window, Random &random) {
  int column = 0;
  int line = 0;
  for (auto &item : window.items) {
    const bool main = item.kind == "table" || item.kind == "document" || item.kind == "image" || item.kind == "list";
    if (main && item.box.width == 0) {
      continue;
    }
    item.box = {window.box.x + 12 + column * 130, window.box.y + 40 + line * 34,
                static_cast<int>(random.between(60, 118)), 26};
    if (++column * 130 + 130 > window.box.width) {
      column = 0;
      ++line;
    }
  }
  const int top = window.box.y + 40 + (line + 1) * 34;
  std::vector<Item *> mains;
  for (auto &item : window.items) {
    if (item.box.width == 0) {
      mains.push_back(&item);
    }
  }
  int y = top; // the first is the largest: "this table" without a focus
  const int height = window.box.y + window.box.height - top - 10;
  for (std::size_t i = 0; i < mains.size(); ++i) {
    const int part = mains.size() == 1 ? height
                     : i == 0          ? height * 6 / 10
                                       : height * 4 / 10 / static_cast<int>(mains.size() - 1);
    mains[i]->box = {window.box.x + 12, y, window.box.width - 24, std::max(part - 8, 20)};
    y += part;
  }
}

Window draw_window(Draw &draw, const Json &app) {
  Window window;
  window.app = draw.pick_text(string_or_empty(app, "app"));
  const auto &titles = app["titles"];
  const auto document = draw.pick_text(titles[draw.random.below(titles.size())].get_ref<const std::string &>());
  window.title = document + " - " + window.app;
  std::vector<std::string> names;
  const auto add = [&](Item item) {
    if (std::find(names.begin(), names.end(), item.name) == names.end()) {
      names.push_back(item.name);
      window.items.push_back(std::move(item));
    }
  };
  const auto main = string_or_empty(app, "main");
  if (main == "table" || main == "document" || main == "image") {
    add(draw_main(draw, main, document));
    const auto more = draw.random.chance(0.35) ? draw.random.between(1, 2) : 0; // "the second picture"
    for (long i = 0; i < more; ++i) {
      add(draw_main(draw, main,
                    draw.pick_text(titles[draw.random.below(titles.size())].get_ref<const std::string &>())));
    }
  }
  const auto widgets = draw.random.between(5, 11);
  const auto &with = app["with"];
  for (long i = 0; i < widgets; ++i) {
    Item item;
    item.kind = draw.random.chance(0.7) ? with[draw.random.below(with.size())].get<std::string>() : "button";
    if (item.kind == "table" || item.kind == "document" || item.kind == "image" || item.kind == "list") {
      item.kind = "button";
    }
    item.name = draw.label(item.kind);
    item.box.width = 1; // placed below
    item.checked = item.kind == "checkbox" && draw.random.chance(0.5);
    item.disabled = item.kind == "button" && draw.random.chance(0.06);
    add(std::move(item));
  }
  window.box = {0, 0, 1920, 1080};
  return window;
}

// Devices of home.json: id, kind and room in the two languages.
std::vector<Device> draw_home(Draw &draw) {
  std::vector<Device> home;
  const bool zh = draw.language == Language::kChinese;
  for (const auto &json : draw.knowledge.home["devices"]) {
    Device device;
    device.id = json["id"][zh ? "zh" : "en"].get_ref<const std::string &>();
    device.kind = json["kind"].get_ref<const std::string &>();
    device.room = json["room"].get_ref<const std::string &>();
    auto &random = draw.random;
    if (device.kind == "light") {
      device.on = random.chance(0.5) ? 1 : 0;
      device.brightness = static_cast<int>(random.between(1, 10)) * 10;
    } else if (device.kind == "climate") {
      device.on = random.chance(0.5) ? 1 : 0;
      device.temperature = static_cast<int>(random.between(16, 30));
    } else if (device.kind == "cover") {
      device.position = static_cast<int>(random.between(0, 10)) * 10;
    } else if (device.kind == "media") {
      device.on = random.chance(0.5) ? 1 : 0;
      device.playing = device.on == 1 && random.chance(0.5) ? 1 : 0;
    } else if (device.kind == "lock") {
      device.locked = random.chance(0.7) ? 1 : 0;
    }
    home.push_back(std::move(device));
  }
  return home;
}

// People of families, so that some look or sound alike (alike_people of home.json: "李建国 李敏 黎敏").
std::vector<Contact> draw_known(Draw &draw) {
  auto people =
      draw_contacts(draw.knowledge, draw.language, static_cast<std::size_t>(draw.random.between(3, 6)), draw.random);
  const auto &families = draw.knowledge.home["alike"][draw.language == Language::kChinese ? "zh" : "en"];
  for (const auto &name : families[draw.random.below(families.size())]) {
    const auto &text = name.get_ref<const std::string &>();
    if (std::none_of(people.begin(), people.end(), [&](const Contact &c) { return c.name == text; })) {
      people.push_back({text, "", "", {}});
    }
  }
  std::size_t number = 0;
  for (auto &person : people) {
    person.email = "user" + std::to_string(++number) + "@example.com"; // one address a person
  }
  draw.random.shuffle(people);
  return people;
}

// A Wednesday at 10:00 of some week that has no change of the clocks.
std::time_t draw_now(Random &random) {
  std::tm local{};
  local.tm_year = 2027 - 1900;
  local.tm_mon = 0;
  local.tm_mday = static_cast<int>(random.between(4, 28));
  local.tm_hour = static_cast<int>(random.between(8, 20));
  local.tm_min = static_cast<int>(random.between(0, 59));
  local.tm_isdst = -1;
  return std::mktime(&local);
}

} // namespace

Desktop draw_desktop(const Knowledge &knowledge, Language language, Random &random) {
  Draw draw{knowledge, language, random};
  Desktop desktop;
  desktop.now = draw_now(random);
  const auto &apps = knowledge.screens["apps"];
  std::vector<std::size_t> order(apps.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  random.shuffle(order);
  const auto windows = static_cast<std::size_t>(random.between(2, 3));
  for (std::size_t i = 0; i < windows && i < order.size(); ++i) {
    auto window = draw_window(draw, apps[order[i]]);
    const bool last = i + 1 == windows;
    const int inset = static_cast<int>(windows - 1 - i) * 24;
    window.box = last ? Box{0, 0, desktop.width, desktop.height}
                      : Box{inset, inset, desktop.width - 2 * inset, desktop.height - 2 * inset};
    place(window, random);
    if (!window.items.empty() && random.chance(0.6)) {
      window.focus = 0;
    }
    desktop.windows.push_back(std::move(window));
  }
  for (int i = 0; i < 6; ++i) {
    auto app = draw.entry("apps");
    if (std::find(desktop.apps.begin(), desktop.apps.end(), app) == desktop.apps.end()) {
      desktop.apps.push_back(std::move(app));
    }
  }
  desktop.contacts = draw_known(draw);
  for (auto mails = random.between(0, 2); mails > 0; --mails) {
    desktop.inbox.push_back({"me@example.com", draw.label("item"), draw.label("text"), {}, "", false});
  }
  if (random.chance(0.3)) {
    desktop.drafts.push_back(
        {random.pick(desktop.contacts).email, draw.label("item"), draw.label("text"), {}, "", false});
  }
  if (random.chance(0.4)) {
    desktop.calendar.push_back({draw.label("item"), desktop.now + random.between(1, 48) * 3600});
  }
  if (random.chance(0.4)) {
    desktop.alarms.push_back({"alarm", "", desktop.now + random.between(2, 20) * 1800});
  }
  desktop.volume = static_cast<int>(random.between(0, 20)) * 5;
  desktop.brightness = static_cast<int>(random.between(1, 20)) * 5;
  desktop.home = draw_home(draw);
  return desktop;
}

} // namespace yanxing::sim
