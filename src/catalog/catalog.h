// The models that can be had: what each is for, its licence, size and sha256, and how packages carry it.
// The list is data (assets/catalog.json); `pull` fetches, resumes, verifies, converts.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace yanxing::catalog {

struct Part {
  std::string registry; // "pypi" or "npm"
  std::string package;
  std::string version;
  std::string member; // path inside the archive; may be a glob for `unpack`
  std::string sha256; // of the archive
};

struct Model {
  std::string name; // "qwen2.5-0.5b"
  std::string role; // decide, asr, vad, ocr, tts, pinyin …
  std::string licence;
  std::string summary;
  bool by_default = false; // pulled by ./run
  struct File {
    std::string name; // as it lies in models_folder()/<model name>/
    std::uint64_t bytes = 0;
    std::string sha256;
    std::vector<Part> parts; // concatenated in order
    std::string convert;     // "", "ct2-to-ggml"
  };
  std::vector<File> files;
};

Result<std::vector<Model>> load_catalog(const std::filesystem::path &catalog_json);
const Model *find_model(const std::vector<Model> &catalog, const std::string &name);

// Path of a model's file where it is installed; else an Error whose hint is "Run 'yanxing pull NAME'".
Result<std::filesystem::path> installed_file(const std::string &model, const std::string &file);
bool installed(const Model &model);

struct Progress {
  std::string what;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};
// Fetches what is missing. Interrupted downloads go on where they stopped; nothing half-made is ever left under
// the final name; too little disk is said before the first byte.
Status pull(const Model &model, const std::function<void(const Progress &)> &progress);

} // namespace yanxing::catalog
