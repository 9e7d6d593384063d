// Opening an application, a file or a web page. Applications are found by the names that their .desktop files carry.
#include "action/executor.h"
#include "action/template.h"
#include "base/files.h"
#include "os/process.h"
#include "text/evidence.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unistd.h>

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
  for (const auto &folder : {std::string(home == nullptr ? "" : home) + "/.local/share/applications",
                             std::string("/usr/share/applications"), std::string("/usr/local/share/applications")}) {
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

bool ends_like_a_file(std::string_view name) {
  static constexpr std::array<std::string_view, 24> kEndings{
      ".xlsx", ".xls", ".ods",  ".csv", ".docx", ".doc", ".odt", ".pdf", ".txt", ".md",  ".pptx", ".odp",
      ".png",  ".jpg", ".jpeg", ".gif", ".svg",  ".mp3", ".wav", ".mp4", ".mkv", ".zip", ".json", ".html"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

// "https://…", or a plain domain: "example.com", "docs.example.com/page".
bool is_web_page(const std::string &what) {
  if (what.starts_with("http://") || what.starts_with("https://")) {
    return what.find_first_of(" \"<>\\^`{|}") == std::string::npos;
  }
  const auto host = what.substr(0, what.find_first_of("/:?#"));
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
  });
  const auto dot = host.rfind('.');
  return plain && dot != std::string::npos && dot > 0 && dot + 2 < host.size() && !ends_like_a_file(what) &&
         std::isalpha(static_cast<unsigned char>(host.back())) != 0;
}

// A file named by its path, or by its name in the user's usual folders.
std::string find_document(const std::string &what) {
  std::error_code code;
  const char *home = std::getenv("HOME"); // NOLINT(concurrency-mt-unsafe)
  if (what.starts_with("/")) {
    return fs::exists(what, code) ? what : "";
  }
  if (home == nullptr || what.find('/') != std::string::npos) {
    return "";
  }
  for (const auto *folder : {"Desktop", "桌面", "Documents", "文档", "Downloads", "下载", ""}) {
    for (const auto &entry : fs::directory_iterator(fs::path(home) / folder, code)) {
      const auto name = entry.path().filename().string();
      const bool named =
          text::fold(name) == text::fold(what) || text::fold(entry.path().stem().string()) == text::fold(what);
      if (named && !name.starts_with(".")) {
        return entry.path().string();
      }
    }
  }
  return "";
}

// Opening such a file would run it.
bool is_program(const fs::path &file) {
  return file.extension() == ".desktop" || (!fs::is_directory(file) && ::access(file.c_str(), X_OK) == 0);
}

class Open final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:open"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    auto what = argument_text(action.arguments.value("what", Json("")));
    if (what.empty() || what.starts_with("-")) {
      return failed(hands, "there is nothing to open", "要打开什么？", "What should I open?");
    }
    if (what.find("://") != std::string::npos && !is_web_page(what)) {
      return failed(hands, "only http and https pages are opened, not " + what, "这种地址不能打开。",
                    "I don't open that kind of address.");
    }
    std::vector<std::string> argv;
    const auto application = find_application(what);
    const auto document = find_document(what);
    if (application.score > 0 && (document.empty() || application.score >= 1)) {
      argv = {"gio", "launch", application.file};
    } else if (!document.empty() || is_web_page(what)) {
      if (!document.empty() && is_program(document)) {
        return failed(hands, document + " is a program", "这是一个程序，我不会这样打开。",
                      "That is a program; I don't start it this way.");
      }
      argv = os::find_program("xdg-open").empty() ? std::vector<std::string>{"gio", "open"}
                                                  : std::vector<std::string>{"xdg-open"};
      argv.push_back(!document.empty() ? document : what.find("://") == std::string::npos ? "https://" + what : what);
    } else {
      return failed(hands, "there is no application, file or page called \"" + what + "\"", "没有找到" + what + "。",
                    "I can't find " + what + ".");
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
