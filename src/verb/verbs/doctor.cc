#include "base/paths.h"
#include "os/audio_device.h"
#include "os/process.h"
#include "screen/look.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <thread>

namespace yanxing::verb {
namespace {

struct Finding {
  std::string what;
  bool works = false;
  std::string detail;
};

template <class T> Finding found(std::string what, const Result<T> &result, std::string good) {
  return {std::move(what), result.ok(), result ? std::move(good) : result.error().message()};
}

std::vector<Finding> examine() {
  std::vector<Finding> findings;
  const auto configured = settings();
  const auto config_file = (config_folder() / "config.toml").string();
  std::error_code code;
  findings.push_back(found(
      "settings", configured,
      std::filesystem::exists(config_file, code) ? config_file : "defaults (" + config_file + " does not exist)"));
  const auto used = configured ? *configured : Settings{};
  findings.push_back(found("microphone", os::open_microphone(), "there is one"));
  findings.push_back(found("loudspeaker", os::open_speaker(), "there is one"));
  findings.push_back(found("display", os::open_display(screen::read_picture), "can be captured"));
  findings.push_back(found("pointer and keys", os::open_input(), "can be moved and typed"));
  findings.push_back(found("accessibility", os::open_accessibility(), "AT-SPI answers"));
  const std::vector<std::pair<std::string, std::string>> models{
      {used.asr, "ggml-model.bin"},  {"silero-vad", "silero_vad.onnx"}, {used.light, "model.gguf"},
      {used.large, "model.gguf"},    {"pp-ocr-v6", "rec.onnx"},         {"kokoro", "model.onnx"},
      {"pinyin", "pinyin_dict.json"}};
  for (const auto &[model, file] : models) {
    const auto path = model_file(model, file);
    findings.push_back(found("model " + model, path, path ? path->string() : ""));
  }
  findings.push_back(found("actions", open_registry(""), (share_folder() / "actions").string()));
  const auto contacts = open_contacts("");
  findings.push_back(found("contacts", contacts, std::to_string(contacts ? contacts->size() : 0) + " people"));
  findings.push_back({"mail", !used.smtp_url.empty(),
                      used.smtp_url.empty() ? "no smtp_url is set: mail goes to " + (state_folder() / "outbox").string()
                                            : used.smtp_url});
  const bool nvidia = !os::find_program("nvidia-smi").empty();
  findings.push_back(
      {"GPU", nvidia,
       nvidia ? "nvidia-smi is here; this build uses the CPU"
              : "none seen; the CPU is used (" + std::to_string(std::thread::hardware_concurrency()) + " cores)"});
  return findings;
}

Status doctor(bool json) {
  for (const auto &finding : examine()) {
    if (json) {
      print_json({{"what", finding.what}, {"works", finding.works}, {"detail", finding.detail}});
    } else {
      std::cout << (finding.works ? "  ok   " : "  --   ") << finding.what << ": " << finding.detail << "\n";
    }
  }
  return {};
}

} // namespace

Verb make_doctor_verb() {
  return {"doctor", "what works on this machine: microphone, speaker, display, accessibility, models, mail, GPU",
          "  yanxing doctor\n  yanxing doctor --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto json = std::make_shared<bool>(false);
            add_json_option(app, *json);
            return [json] { return doctor(*json); };
          },
          ""};
}

} // namespace yanxing::verb
