// The user's settings: config.toml in config_folder(), every key optional. `for_each_setting` visits the
// fields once; defaults, parsing, unknown-key errors and `doctor`'s print-out all come from that visit.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace yanxing {

struct Settings {
  std::string language = "auto"; // auto, zh, en: what is spoken
  int threads = 0;               // per engine; 0 = physical cores, at most 4
  int endpoint_ms = 500;         // silence that ends an utterance
  std::string asr = "whisper-base";
  std::string light = "qwen2.5-0.5b";
  std::string large = "qwen2.5-1.5b";
  bool use_large = true; // ask the large tier where the light one is unsure
  std::string voice_zh = "zf_xiaoxiao";
  std::string voice_en = "af_heart";
  std::string smtp_url; // smtp://host:port or smtps://host:port; empty = local maildir outbox
  std::string smtp_user;
  std::string smtp_password_file; // file with mode 0600
  std::string smtp_from = "me@localhost";
  std::string mqtt_url = "mqtt://127.0.0.1:1883";
  bool remember = false; // keep turns in turns.db, for 'yanxing corrections' and 'yanxing learn'

  template <class Visitor> void for_each_setting(Visitor &&visit) {
    visit("language", language);
    visit("threads", threads);
    visit("endpoint_ms", endpoint_ms);
    visit("asr", asr);
    visit("light", light);
    visit("large", large);
    visit("use_large", use_large);
    visit("voice_zh", voice_zh);
    visit("voice_en", voice_en);
    visit("smtp_url", smtp_url);
    visit("smtp_user", smtp_user);
    visit("smtp_password_file", smtp_password_file);
    visit("smtp_from", smtp_from);
    visit("mqtt_url", mqtt_url);
    visit("remember", remember);
  }
};

// Defaults where the file is absent; an unknown key or a wrong type is an error that names the line.
Result<Settings> load_settings(const std::filesystem::path &file);

// Threads for one engine: `wanted`, or where that is 0 the cores of this machine, at most 4.
int engine_threads(int wanted);

} // namespace yanxing
