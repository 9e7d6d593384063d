// Opening an application, a file or a web page. Applications are found by the names that their .desktop files carry.
#include "action/executor.h"
#include "os/process.h"
#include "base/files.h"
#include "text/evidence.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

struct Application {
  std::string file; // .desktop
  double score = 0;
};

double name_score(const std::string &wanted, const std::string &file) {
  const auto text = read_file(file, 1 << 20);
  if (!text || text->find("NoDisplay=true") != std::string::npos) {
    return 0;
  }
  double best = 0;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const bool main_section_ends = line.starts_with("[") && line != "[Desktop Entry]";
    if (main_section_ends) {
      break;
    }
    const auto equals = line.find('=');
    const bool names = line.starts_with("Name") || line.starts_with("GenericName") || line.starts_with("Keywords");
    if (!names || equals == std::string::npos) {
      continue;
    }
    const auto value = text::fold(line.substr(equals + 1));
    const double weight = line.starts_with("Name") ? 1.0 : 0.8;
    if (value == wanted) {
      best = std::max(best, weight);
    } else if (const auto mention = text::find_mention(value, wanted); mention && mention->score >= 1) {
      best = std::max(best, 0.7 * weight);
    }
  }
  return best;
}

Application find_application(const std::string &wanted) {
  Application best;
  const char *home = std::getenv("HOME"); // NOLINT(concurrency-mt-unsafe)
  for (const auto &folder : {std::string(home == nullptr ? "" : home) + "/.local/share/applications", std::string("/usr/share/applications"), std::string("/usr/local/share/applications")}) {
    std::error_code code;
    for (const auto &entry : fs::directory_iterator(folder, code)) {
      if (entry.path().extension() == ".desktop") {
        if (const double score = name_score(text::fold(wanted), entry.path().string()); score > best.score) {
          best = {entry.path().string(), score};
        }
      }
    }
  }
  return best;
}

bool is_web_page(const std::string &what) {
  const bool scheme = what.starts_with("http://") || what.starts_with("https://");
  const bool domain = what.find(' ') == std::string::npos && what.find('.') != std::string::npos && what.find('/') != 0;
  return scheme || (domain && what.find("://") == std::string::npos && !fs::exists(what));
}

class Open final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:open"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    auto what = string_or_empty(action.arguments, "what");
    if (what.empty() || what.starts_with("-")) {
      return failed(hands, "there is nothing to open", "要打开什么？", "What should I open?");
    }
    if (what.find("://") != std::string::npos && !is_web_page(what)) {
      return failed(hands, "only http and https pages are opened, not " + what, "这种地址不能打开。", "I don't open that kind of address.");
    }
    std::vector<std::string> argv;
    std::error_code code;
    if (const auto application = find_application(what); application.score > 0) {
      argv = {"gio", "launch", application.file};
    } else if (fs::exists(what, code) || is_web_page(what)) {
      if (is_web_page(what) && what.find("://") == std::string::npos) {
        what = "https://" + what;
      }
      argv = {os::find_program("xdg-open").empty() ? "gio" : "xdg-open"};
      if (argv[0] == "gio") {
        argv.emplace_back("open");
      }
      argv.push_back(what);
    } else {
      return failed(hands, "there is no application, file or page called \"" + what + "\"", "没有找到" + what + "。", "I can't find " + what + ".");
    }
    if (auto started = os::start_process(argv); !started) {
      return failed(hands, started.error().message(), "没有打开。", "It did not open.");
    }
    return {OutcomeStatus::kDone, "opened " + what, "", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_open_executor() { return std::make_unique<Open>(); }

} // namespace yanxing::action
