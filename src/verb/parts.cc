#include "verb/parts.h"

#include "action/overlay.h"
#include "action/policy.h"
#include "base/log.h"
#include "base/paths.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <unistd.h>

namespace yanxing::verb {

void add_json_option(CLI::App &app, bool &json) { app.add_flag("--json", json, "results as JSON lines on stdout"); }

void add_deciding_options(CLI::App &app, DecidingOptions &options) {
  app.add_option("--screen", options.screen, "what is looked at: live, a picture (png, jpeg) or a screen JSON");
  app.add_option("--actions", options.actions, "folder or file of actions (default: those that come with yanxing)");
  app.add_option("--contacts", options.contacts, "vCard file (default: contacts.vcf in the configuration folder)");
  app.add_option("--lang", options.language, "auto, zh or en")->capture_default_str();
  app.add_option("--model", options.model, "light tier: a name from 'yanxing models', or a .gguf file");
  app.add_option("--large", options.large, "large tier: a name, a .gguf file, or none");
  app.add_option("--adapter", options.adapter,
                 "LoRA adapter (GGUF) for the light tier, or none; empty: the one that comes with yanxing");
  app.add_option("--threads", options.threads, "threads of each engine (default: the cores, at most 4)");
  add_json_option(app, options.json);
}

Result<Settings> settings() { return load_settings(config_folder() / "config.toml"); }

Result<std::unique_ptr<assistant::Mind>> open_mind(const DecidingOptions &options, const Settings &settings,
                                                   bool one_registry) {
  assistant::MindSettings mind;
  mind.one_registry = one_registry;
  mind.light = options.model.empty() ? settings.light : options.model;
  mind.large = options.large.empty()     ? (settings.use_large ? settings.large : "")
               : options.large == "none" ? ""
                                         : options.large;
  mind.large_is_named = !options.large.empty() || settings.large != Settings().large;
  mind.adapter = options.adapter;
  mind.threads = engine_threads(options.threads > 0 ? options.threads : settings.threads);
  return assistant::Mind::open(mind);
}

Result<std::unique_ptr<speech::Recognizer>> open_recognizer(const Settings &settings, int threads) {
  const auto model = model_file(settings.asr, "ggml-model.bin");
  if (!model) {
    return model.error();
  }
  const auto vad = model_file("silero-vad", "silero_vad.onnx");
  if (!vad) {
    return vad.error();
  }
  return speech::make_whisper_recognizer(*model, *vad, engine_threads(threads > 0 ? threads : settings.threads));
}

Result<std::unique_ptr<text::Repairer>> open_repairer() {
  const auto table = model_file("pinyin", "pinyin_dict.json");
  if (!table) {
    return table.error();
  }
  auto pinyin = text::Pinyin::open(table->parent_path());
  if (!pinyin) {
    return pinyin.error();
  }
  return std::make_unique<text::Repairer>(*pinyin);
}

Result<std::unique_ptr<speech::Synthesizer>> open_synthesizer(const Settings &settings, const std::string &voice,
                                                              int threads) {
  const auto model = model_file("kokoro", "model.onnx");
  if (!model) {
    return model.error();
  }
  const auto pinyin = model_file("pinyin", "pinyin_dict.json");
  if (!pinyin) {
    return pinyin.error();
  }
  speech::KokoroFiles files;
  const auto folder = model->parent_path();
  files.model = *model;
  files.voices = folder / "voices";
  files.vocabulary = folder / "vocab.json";
  files.english = folder / "us_gold.json";
  files.pinyin = pinyin->parent_path();
  files.kept = cache_folder() / "speech";
  files.voice_zh = voice.starts_with("z") ? voice : settings.voice_zh;
  files.voice_en = !voice.empty() && !voice.starts_with("z") ? voice : settings.voice_en;
  files.threads = engine_threads(threads > 0 ? threads : settings.threads);
  return speech::make_kokoro_synthesizer(files);
}

std::unique_ptr<screen::TextReader> open_text_reader(int threads) {
  const auto folder = models_folder() / "pp-ocr-v6"; // loaded, and missed, only when a picture must be read
  return screen::make_text_reader({folder / "det.onnx", folder / "rec.onnx", engine_threads(threads)});
}

Result<action::Registry> open_registry(const std::string &path) {
  if (!path.empty()) {
    return action::Registry::load(path);
  }
  auto bundled = action::Registry::load(share_folder() / "actions");
  const auto folder = config_folder() / "actions"; // the user's own, which the page of `yanxing serve` edits
  std::error_code code;
  if (!bundled || !std::filesystem::is_directory(folder, code) || std::filesystem::is_empty(folder, code)) {
    return bundled;
  }
  const auto own = action::Registry::load(folder);
  return own ? action::overlaid(*bundled, *own) : own;
}

Result<std::vector<Contact>> open_contacts(const std::string &path) {
  if (!path.empty()) {
    return action::read_contacts(path);
  }
  const auto own = config_folder() / "contacts.vcf";
  std::error_code code;
  return std::filesystem::exists(own, code) ? action::read_contacts(own)
                                            : Result<std::vector<Contact>>(std::vector<Contact>{});
}

Result<std::optional<Language>> parse_language(const std::string &text) {
  if (text == "zh") {
    return std::optional(Language::kChinese);
  }
  if (text == "en") {
    return std::optional(Language::kEnglish);
  }
  if (text == "auto" || text.empty()) {
    return std::optional<Language>();
  }
  return Error{"there is no language \"" + text + "\"", "Use auto, zh or en"};
}

Desktop open_desktop() {
  Desktop desktop;
  const auto take = [](auto result, auto &slot) {
    if (result) {
      slot = std::move(*result);
    } else {
      log_debug(result.error().message());
    }
  };
  take(os::open_display(screen::read_picture), desktop.display);
  take(os::open_input(), desktop.input);
  take(os::open_accessibility(), desktop.accessibility);
  return desktop;
}

Result<screen::Sight> look(const std::string &what, Desktop &desktop, screen::TextReader &reader) {
  if (what.empty()) {
    return screen::Sight{};
  }
  if (what == "live") {
    if (!desktop.display) {
      return Error{"there is no display to look at",
                   "Start yanxing inside a desktop session, or give a picture with --screen F.png"};
    }
    return screen::look_at_desktop(*desktop.display, desktop.accessibility.get(), &reader);
  }
  if (what.ends_with(".json")) {
    const auto json = read_json_file(what);
    if (!json) {
      return json.error();
    }
    auto seen = screen_from_json(*json, what);
    if (!seen) {
      return seen.error();
    }
    screen::Sight sight;
    sight.screen = std::move(*seen);
    return sight;
  }
  auto picture = screen::read_picture(what);
  if (!picture) {
    return picture.error();
  }
  return screen::look_at_picture(std::move(*picture), reader);
}

assistant::Confirmer terminal_confirmer() {
  if (isatty(STDIN_FILENO) == 0) {
    return nullptr;
  }
  return [](const std::string &question) -> std::optional<bool> {
    std::cerr << question << " [y/n] " << std::flush;
    std::string answer;
    return std::getline(std::cin, answer) ? action::heard_yes(answer) : std::nullopt;
  };
}

void print_json(const Json &json) { std::cout << dump(json) << "\n" << std::flush; }

} // namespace yanxing::verb
