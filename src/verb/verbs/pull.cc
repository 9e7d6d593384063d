#include "base/log.h"
#include "base/paths.h"
#include "catalog/catalog.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <unistd.h>

namespace yanxing::verb {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> names;
  std::string from;
  bool all = false;
  bool json = false;
};

// Progress on stderr: on a terminal one line that is drawn over itself, else a line every 10 % (at most one a second).
class Bar {
public:
  explicit Bar(bool shown) : shown_(shown), terminal_(::isatty(STDERR_FILENO) == 1) {}

  void show(const catalog::Progress &progress) {
    if (!shown_ || progress.total_bytes == 0) {
      return;
    }
    if (started_bytes_ < 0) { // what an earlier run fetched does not count for the speed
      started_bytes_ = static_cast<double>(progress.done_bytes);
      started_ = Clock::now();
    }
    const double done = static_cast<double>(progress.done_bytes);
    const double total = static_cast<double>(progress.total_bytes);
    if (terminal_) {
      draw(progress.what, done, total);
    } else if (const int tenth = static_cast<int>(10 * done / total);
               tenth > tenth_ && (tenth == 10 || Clock::now() - drawn_at_ > std::chrono::seconds(1))) {
      tenth_ = tenth;
      drawn_at_ = Clock::now();
      std::fprintf(stderr, "%s: %d %% of %.0f MB%s\n", progress.what.c_str(), 10 * tenth, total / kMega,
                   speed(done, total).c_str());
    }
  }

  ~Bar() {
    if (drawn_) {
      std::fputc('\n', stderr);
    }
  }
  Bar(const Bar &) = delete;
  Bar &operator=(const Bar &) = delete;

private:
  static constexpr double kMega = 1e6;

  // ", 24.1 MB/s, 32 s left" once there is something to tell.
  [[nodiscard]] std::string speed(double done, double total) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    const double fetched = done - started_bytes_;
    if (seconds < 1 || fetched <= 0) {
      return "";
    }
    std::array<char, 64> text{};
    const double rate = fetched / seconds;
    std::snprintf(text.data(), text.size(), ", %.1f MB/s, %.0f s left", rate / kMega, (total - done) / rate);
    return text.data();
  }

  void draw(const std::string &what, double done, double total) {
    constexpr auto kPause = std::chrono::milliseconds(100);
    if (drawn_ && Clock::now() - drawn_at_ < kPause && done < total) {
      return;
    }
    drawn_ = true;
    drawn_at_ = Clock::now();
    constexpr int kWidth = 30;
    const int full = static_cast<int>(kWidth * done / total);
    std::fprintf(stderr, "\r%-16s [%s%s] %3.0f %% of %.0f MB%s\033[K", what.c_str(),
                 std::string(static_cast<std::size_t>(full), '#').c_str(),
                 std::string(static_cast<std::size_t>(kWidth - full), '.').c_str(), 100 * done / total, total / kMega,
                 speed(done, total).c_str());
    std::fflush(stderr);
  }

  bool shown_;
  bool terminal_;
  bool drawn_ = false;
  int tenth_ = 0;
  double started_bytes_ = -1;
  Clock::time_point started_;
  Clock::time_point drawn_at_;
};

Result<std::vector<catalog::Model>> chosen(const Options &options, const std::vector<catalog::Model> &known) {
  std::vector<catalog::Model> models;
  for (const auto &name : options.names) {
    const auto *model = catalog::find_model(known, name);
    if (model == nullptr) {
      return Error{"there is no model \"" + name + "\"", "'yanxing models' lists those there are"};
    }
    models.push_back(*model);
  }
  if (options.names.empty()) {
    for (const auto &model : known) {
      if (options.all || model.by_default) {
        models.push_back(model);
      }
    }
  }
  return models;
}

Status pull_models(const Options &options, bool quiet) {
  const auto known = catalog::load_catalog(share_folder() / "assets" / "catalog.json");
  if (!known) {
    return known.error();
  }
  const auto models = chosen(options, *known);
  if (!models) {
    return models.error();
  }
  for (const auto &model : *models) {
    const bool was_there = catalog::installed(model);
    if (!was_there) {
      Bar bar(!quiet);
      auto pulled =
          catalog::pull(model, [&](const catalog::Progress &progress) { bar.show(progress); }, {options.from});
      if (!pulled) {
        return pulled;
      }
      log_info("pulled " + model.name + " (licence: " + model.licence + ")");
    }
    if (options.json) {
      print_json({{"name", model.name},
                  {"status", was_there ? "present" : "pulled"},
                  {"path", (models_folder() / model.name).string()}});
    }
  }
  return {};
}

} // namespace

Verb make_pull_verb() {
  return {"pull", "fetch models: resumes, verifies sha256, converts",
          "  yanxing pull\n  yanxing pull qwen2.5-0.5b whisper-base\n  yanxing pull --from /media/usb",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_option("names", options->names, "models of 'yanxing models' (default: those a first run needs)");
            app.add_flag("--all", options->all, "every model of the catalog");
            app.add_option("--from", options->from, "folder with package archives that are used instead of fetching")
                ->check(CLI::ExistingDirectory);
            add_json_option(app, options->json);
            const auto *quiet = app.get_parent()->get_option("--quiet");
            return [options, quiet] { return pull_models(*options, quiet->count() > 0); };
          },
          ""};
}

} // namespace yanxing::verb
