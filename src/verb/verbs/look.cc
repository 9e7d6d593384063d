#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace yanxing::verb {
namespace {

struct Options {
  std::string source = "live";
  std::string picture;
  int threads = 0;
  bool json = false;
};

void print_table(const Screen &screen) {
  std::cout << screen.app << (screen.title.empty() ? "" : " · " + screen.title) << "  " << screen.width << "×"
            << screen.height << "\n";
  for (const auto &element : screen.elements) {
    std::cout << "  " << element.id << "  [" << element.box.x << "," << element.box.y << " " << element.box.width << "×"
              << element.box.height << "]";
    if (element.rows > 0) {
      std::cout << "  " << element.rows << " rows × " << element.columns << " columns";
    }
    std::cout << "  " << (element.name.empty() ? element.text : element.name) << "\n";
  }
}

Status look_verb(const Options &options) {
  auto desktop = options.source == "live" ? open_desktop() : Desktop{};
  auto reader = open_text_reader(options.threads);
  const auto started = std::chrono::steady_clock::now();
  const auto sight = look(options.source, desktop, *reader);
  if (!sight) {
    return sight.error();
  }
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  if (!options.picture.empty()) {
    if (sight->picture.empty()) {
      return Error{"a screen JSON has no picture to draw on", "Give a picture or 'live'"};
    }
    if (auto written = screen::write_png(options.picture, screen::annotate(sight->picture, sight->screen)); !written) {
      return written;
    }
  }
  if (options.json) {
    print_json({{"screen", to_json(sight->screen)}, {"annotated", options.picture}, {"timings_ms", {{"see", ms}}}});
  } else {
    print_table(sight->screen);
  }
  return {};
}

} // namespace

Verb make_look_verb() {
  return {
      "look", "what is on the screen: elements, tables, their boxes",
      "  yanxing look -o seen.png\n  yanxing look --screen shot.png --json",
      [](CLI::App &app) -> std::function<Status()> {
        auto options = std::make_shared<Options>();
        app.add_option("source,--screen", options->source, "live, a picture or a screen JSON")->capture_default_str();
        app.add_option("-o,--output", options->picture, "write the picture with every element's box and id (PNG)");
        app.add_option("--threads", options->threads, "threads (default: the cores, at most 4)");
        add_json_option(app, options->json);
        return [options] { return look_verb(*options); };
      },
      ""};
}

} // namespace yanxing::verb
