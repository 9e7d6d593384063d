// A simulated screen: one application in front, its document or table, and the widgets around it, with the ids that the
// product gives (kind_1, kind_2, … in reading order; current_<kind> for what one calls "this").
#include "sim/world.h"

#include <algorithm>
#include <map>
#include <set>

namespace yanxing::sim {
namespace {

std::string in_language(const std::string &pair, Language language) {
  const auto bar = pair.find('|');
  return bar == std::string::npos ? pair : language == Language::kChinese ? pair.substr(bar + 1) : pair.substr(0, bar);
}

std::size_t draw_count(Random &random) {
  const double size = random.unit();
  return size < 0.04   ? 0
         : size < 0.20 ? static_cast<std::size_t>(random.between(1, 6))
         : size < 0.68 ? static_cast<std::size_t>(random.between(7, 20))
         : size < 0.94 ? static_cast<std::size_t>(random.between(21, 60))
                       : static_cast<std::size_t>(random.between(61, 200));
}

class ScreenWriter {
public:
  ScreenWriter(const Json &data, Language language, Random &random)
      : data_(data), language_(language), random_(random) {}

  Screen draw() {
    const auto &apps = data_["apps"];
    const auto &app = apps[random_.below(apps.size())];
    screen_.width = random_.chance(0.6) ? 1920 : 1366;
    screen_.height = screen_.width == 1920 ? 1080 : 768;
    screen_.app = in_language(string_or_empty(app, "app"), language_);
    const auto &titles = app["titles"];
    const auto document = in_language(titles[random_.below(titles.size())].get<std::string>(), language_);
    screen_.title = random_.chance(0.6) ? document + " - " + screen_.app : document;
    const auto count = draw_count(random_);
    const auto main = string_or_empty(app, "main");
    if (count > 0 && !main.empty()) {
      add_main(main, document);
    }
    if (count > 2 && random_.chance(0.25)) {
      add(random_.chance(0.5) ? "window" : "field", "", true);
    }
    while (screen_.elements.size() < count && tries_++ < 4 * count + 8) {
      add(draw_kind(app), "", false);
    }
    return std::move(screen_);
  }

private:
  void add_main(const std::string &kind, const std::string &document) {
    auto name = document;
    if (kind == "image" || (kind == "table" && random_.chance(0.3))) {
      name = draw_label(kind);
    }
    add(kind, name, true);
    auto &element = screen_.elements.back();
    element.box = {60, 140, screen_.width - 120, screen_.height - 220};
    if (kind == "table") {
      element.rows = static_cast<int>(random_.between(3, 80));
      element.columns = static_cast<int>(random_.between(2, 12));
    }
    if (random_.chance(0.5)) {
      element.states = {"focused"};
    }
  }

  std::string draw_kind(const Json &app) {
    static const std::vector<std::string> kUsual{"button", "button", "button", "button", "menu",  "menu",     "tab",
                                                 "link",   "field",  "item",   "text",   "icon",  "checkbox", "cell",
                                                 "image",  "radio",  "list",   "slider", "table", "document"};
    if (app.contains("with") && random_.chance(0.6)) {
      return app["with"][random_.below(app["with"].size())].get<std::string>();
    }
    return random_.pick(kUsual);
  }

  std::string draw_label(const std::string &kind) {
    const auto &labels = data_["labels"];
    const auto key = labels.contains(kind) ? kind : std::string("button");
    return in_language(labels[key][random_.below(labels[key].size())].get<std::string>(), language_);
  }

  void add(const std::string &kind, std::string name, bool current) {
    if (name.empty()) {
      name = draw_label(kind);
    }
    if (!names_.insert(name).second) {
      return;
    }
    Element element;
    element.kind = kind;
    element.name = std::move(name);
    const bool first_current = current && currents_.insert(kind).second;
    element.id = first_current ? "current_" + kind : kind + "_" + std::to_string(++counts_[kind]);
    const int column = static_cast<int>(screen_.elements.size() % 12);
    const int line = static_cast<int>(screen_.elements.size() / 12);
    element.box = {20 + column * (screen_.width / 13), 30 + (line * 34) % (screen_.height - 60),
                   static_cast<int>(random_.between(40, 100)), static_cast<int>(random_.between(18, 30))};
    if (kind == "field" && random_.chance(0.3)) {
      element.text = draw_label("text");
    }
    screen_.elements.push_back(std::move(element));
  }

  const Json &data_;
  Language language_;
  Random &random_;
  Screen screen_;
  std::size_t tries_ = 0;
  std::set<std::string> names_;
  std::set<std::string> currents_;
  std::map<std::string, int> counts_;
};

} // namespace

Screen draw_screen(const Knowledge &knowledge, Language language, Random &random) {
  return ScreenWriter(knowledge.screens, language, random).draw();
}

} // namespace yanxing::sim
