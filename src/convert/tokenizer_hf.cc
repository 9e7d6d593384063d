// Reading and writing the Hugging Face side.
#include "convert/pre_tokenizer.h"
#include "convert/tokenizer.h"

#include "base/files.h"
#include "base/json.h"

#include <algorithm>
#include <array>
#include <optional>

namespace yanxing::convert {
namespace fs = std::filesystem;
namespace {

constexpr std::array<const char *, 4> kSpecials = {"bos", "eos", "unk", "pad"};

// A JSON file that may be absent.
Json read_or_empty(const fs::path &file) {
  std::error_code code;
  if (!fs::exists(file, code)) {
    return Json::object();
  }
  auto json = read_json_file(file);
  return json && json->is_object() ? *json : Json::object();
}

// As llama.cpp's converter: some models mark what controls them as ordinary added text.
bool looks_special(const std::string &token) {
  return token == "<pad>" || token == "<mask>" || (token.starts_with("<|") && token.ends_with("|>")) ||
         (token.starts_with("<｜") && token.ends_with("｜>"));
}

// tokenizer.json with its vocabulary apart: Json looks up each key it adds among all before it, which takes minutes for
// a hundred thousand tokens.
struct TokenizerFile {
  Json rest;
  nlohmann::json vocabulary; // token → id
};
Result<TokenizerFile> read_tokenizer_file(const fs::path &file) {
  constexpr std::uintmax_t kMaxBytes = 256ULL << 20U;
  constexpr int kMostLevels = 100;
  const auto text = read_file(file, kMaxBytes);
  if (!text) {
    return text.error();
  }
  bool deep = false;
  auto whole = nlohmann::json::parse(
      *text,
      [&deep](int depth, nlohmann::json::parse_event_t, nlohmann::json &) {
        deep = deep || depth > kMostLevels;
        return !deep;
      },
      false);
  if (deep || !whole.is_object()) {
    return Error{file.string() + " is no JSON object", "Copy it from the original model again"};
  }
  TokenizerFile result;
  if (whole.contains("model") && whole["model"].is_object() && whole["model"].contains("vocab")) {
    result.vocabulary = std::move(whole["model"]["vocab"]);
    whole["model"]["vocab"] = nullptr;
  }
  auto rest = parse_json(whole.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), file.string());
  if (!rest) {
    return rest.error();
  }
  result.rest = std::move(*rest);
  return result;
}

// "bos_token": its text, or an object with it.
std::string content_of(const Json &config, const std::string &name) {
  const auto found = config.find(name);
  if (found == config.end()) {
    return "";
  }
  return found->is_string() ? found->get<std::string>() : found->is_object() ? string_or_empty(*found, "content") : "";
}

class Reader {
public:
  Reader(const fs::path &folder, const TokenizerFile &file, std::int64_t vocabulary)
      : file_(folder / "tokenizer.json"), json_(file.rest), vocabulary_(file.vocabulary),
        config_(read_or_empty(folder / "tokenizer_config.json")), model_config_(read_or_empty(folder / "config.json")),
        folder_(folder) {
    result_.tokens.resize(static_cast<std::size_t>(vocabulary));
    result_.kinds.resize(static_cast<std::size_t>(vocabulary), TokenKind::kUnused);
  }

  Result<Tokenizer> read() {
    const auto model = json_.find("model");
    if (model == json_.end() || !model->is_object() || string_or_empty(*model, "type") != "BPE" ||
        !vocabulary_.is_object() || (*model).value("byte_fallback", Json()) == true) {
      return bad("it is no byte-level BPE");
    }
    auto rule = pre_tokenizer_of(json_);
    if (!rule) {
      return Error{file_.string() + ": " + rule.error().what, rule.error().hint};
    }
    result_.rule = rule->name;
    for (const auto &[token, id] : vocabulary_.items()) {
      if (!id.is_number_unsigned() || !put(id.get<std::uint64_t>(), token, TokenKind::kNormal)) {
        return bad("token '" + token + "' has no id within the model's vocabulary");
      }
    }
    if (auto added = read_added(); !added) {
      return added.error();
    }
    if (auto merged = read_merges((*model).value("merges", Json())); !merged) {
      return merged.error();
    }
    for (std::size_t i = 0; i < result_.tokens.size(); ++i) {
      if (result_.kinds[i] == TokenKind::kUnused) {
        result_.tokens[i] = "[PAD" + std::to_string(i) + "]";
      }
    }
    read_what_is_put_around();
    read_ids();
    read_template();
    return std::move(result_);
  }

private:
  [[nodiscard]] Error bad(const std::string &why) const {
    return {file_.string() + " cannot be converted: " + why, "Copy it from the original model again"};
  }

  bool put(std::uint64_t id, const std::string &token, TokenKind kind) {
    if (id >= result_.tokens.size()) {
      return false;
    }
    result_.tokens[id] = token;
    result_.kinds[id] = kind;
    return true;
  }

  Status read_added() {
    const auto list = json_.find("added_tokens");
    if (list == json_.end() || !list->is_array()) {
      return {};
    }
    for (const auto &added : *list) {
      const auto token = added.is_object() ? string_or_empty(added, "content") : "";
      if (token.empty()) {
        return bad("an added token has no text");
      }
      const bool control = added.value("special", Json()) == true || looks_special(token);
      const auto id = added.value("id", Json());
      if (!id.is_number_unsigned() ||
          !put(id.get<std::uint64_t>(), token, control ? TokenKind::kControl : TokenKind::kUserDefined)) {
        return bad("the added token '" + token + "' has no id within the model's vocabulary");
      }
    }
    return {};
  }

  // Older files: "left right"; newer ones: ["left", "right"], whose spaces take the byte alphabet's letter.
  Status read_merges(const Json &merges) {
    if (!merges.is_array()) {
      return bad("it has no merges");
    }
    for (const auto &merge : merges) {
      if (merge.is_string()) {
        result_.merges.push_back(merge.get<std::string>());
        continue;
      }
      if (!merge.is_array() || merge.size() != 2 || !merge[0].is_string() || !merge[1].is_string()) {
        return bad("a merge is no pair of texts");
      }
      std::string line;
      for (const auto &part : merge) {
        line += line.empty() ? "" : " ";
        for (const char letter : part.get<std::string>()) {
          line += letter == ' ' ? "Ġ" : std::string(1, letter);
        }
      }
      result_.merges.push_back(line);
    }
    return {};
  }

  // A post-processor that is a template beginning with the special token puts it before every text.
  void read_what_is_put_around() {
    const auto found = json_.find("post_processor");
    if (found == json_.end() || !found->is_object()) {
      return;
    }
    const auto parts = found->contains("processors") && (*found)["processors"].is_array() ? (*found)["processors"]
                                                                                          : Json::array({*found});
    for (const auto &part : parts) {
      const auto type = part.is_object() ? string_or_empty(part, "type") : "";
      if (type == "ByteLevel") {
        result_.adds.emplace("bos", false);
        result_.adds.emplace("eos", false);
      }
      const auto single = type == "TemplateProcessing" ? part.value("single", Json()) : Json();
      if (!single.is_array() || single.size() < 2) {
        continue;
      }
      const auto special = [](const Json &piece) {
        return piece.is_object() && piece.contains("SpecialToken") && piece["SpecialToken"].is_object()
                   ? string_or_empty(piece["SpecialToken"], "id")
                   : "";
      };
      if (const auto first = special(single.front()); !first.empty()) {
        result_.adds["bos"] = first == content_of(config_, "bos_token");
      }
      if (const auto last = special(single.back()); !last.empty()) {
        result_.adds["eos"] = last == content_of(config_, "eos_token");
      }
    }
  }

  void read_ids() {
    const auto text_config = model_config_.value("text_config", Json::object());
    for (const std::string name : kSpecials) {
      const auto flag = config_.find("add_" + name + "_token");
      if (flag != config_.end() && flag->is_boolean() && (name == "bos" || name == "eos")) {
        result_.adds.emplace(name, flag->get<bool>());
      }
      const auto content = content_of(config_, name + "_token");
      const auto token =
          content.empty() ? result_.tokens.end() : std::find(result_.tokens.begin(), result_.tokens.end(), content);
      Json id = nullptr;
      if (token != result_.tokens.end()) {
        id = static_cast<std::uint64_t>(token - result_.tokens.begin());
      } else if (const auto stated = model_config_.value(name + "_token_id", Json()); stated.is_number_unsigned()) {
        id = stated;
      } else if (text_config.is_object()) {
        id = text_config.value(name + "_token_id", Json());
      }
      if (id.is_number_unsigned() && id.get<std::uint64_t>() < result_.tokens.size()) {
        result_.ids[name] = id.get<std::uint32_t>();
      }
    }
  }

  void read_template() {
    auto stated = config_.value("chat_template", Json());
    if (stated.is_array()) { // several by name
      for (const auto &one : stated) {
        if (one.is_object() && string_or_empty(one, "name") == "default") {
          result_.chat_template = string_or_empty(one, "template");
        }
      }
    } else if (stated.is_string()) {
      result_.chat_template = stated.get<std::string>();
    } else if (const auto text = read_file(folder_ / "chat_template.jinja"); text) {
      result_.chat_template = *text;
    } else {
      result_.chat_template = string_or_empty(read_or_empty(folder_ / "chat_template.json"), "chat_template");
    }
  }

  fs::path file_;
  const Json &json_;
  const nlohmann::json &vocabulary_;
  Json config_;
  Json model_config_;
  fs::path folder_;
  Tokenizer result_;
};

} // namespace

Result<Tokenizer> read_hf_tokenizer(const fs::path &folder, std::int64_t vocabulary) {
  const auto file = folder / "tokenizer.json";
  std::error_code code;
  if (!fs::exists(file, code) && fs::exists(folder / kVocabularyFile, code)) {
    return read_gguf_tokenizer(folder / kVocabularyFile);
  }
  if (!fs::exists(file, code)) {
    return Error{folder.string() + " has no tokenizer.json, so the model cannot be used without its tokenizer",
                 "Copy tokenizer.json and tokenizer_config.json from the original model into the folder"};
  }
  const auto opened = read_tokenizer_file(file);
  return opened ? Reader(folder, *opened, vocabulary).read() : Result<Tokenizer>(opened.error());
}

Status write_hf_tokenizer(const fs::path &folder, const Tokenizer &tokenizer) {
  const auto rule = pre_tokenizer_named(tokenizer.rule);
  if (!rule) {
    return rule.error();
  }
  Json added = Json::array();
  Json vocabulary = Json::object();
  auto &entries = static_cast<Json::object_t::Container &>(vocabulary.get_ref<Json::object_t &>());
  for (std::size_t id = 0; id < tokenizer.tokens.size(); ++id) {
    const auto kind = tokenizer.kinds[id];
    if (kind == TokenKind::kControl || kind == TokenKind::kUserDefined) {
      added.push_back({{"id", id},
                       {"content", tokenizer.tokens[id]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", kind == TokenKind::kControl}});
    } else if (kind != TokenKind::kUnused) {
      entries.emplace_back(tokenizer.tokens[id], id); // Json's own way searches all the keys before it
    }
  }
  const Json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  const auto text_of = [&](const char *name) {
    const auto found = tokenizer.ids.find(name);
    return found == tokenizer.ids.end() ? Json(nullptr) : Json(tokenizer.tokens[found->second]);
  };
  const auto adds = tokenizer.adds.find("bos");
  const bool adds_bos = adds != tokenizer.adds.end() && adds->second && tokenizer.ids.contains("bos");
  Json after = bytes;
  if (adds_bos) {
    const Json special = {{"SpecialToken", {{"id", text_of("bos")}, {"type_id", 0}}}};
    const auto sequence = [](const char *id, int type) { return Json{{"Sequence", {{"id", id}, {"type_id", type}}}}; };
    const Json around = {
        {"type", "TemplateProcessing"},
        {"single", {special, sequence("A", 0)}},
        {"pair", {special, sequence("A", 0), special, sequence("B", 1)}},
        {"special_tokens",
         {{text_of("bos").get<std::string>(),
           {{"id", text_of("bos")}, {"ids", {tokenizer.ids.at("bos")}}, {"tokens", {text_of("bos")}}}}}}};
    after = {{"type", "Sequence"}, {"processors", {bytes, around}}};
  }
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", added},
                     {"normalizer", rule->composes ? Json{{"type", "NFC"}} : Json(nullptr)},
                     {"pre_tokenizer", rule->pre_tokenizer},
                     {"post_processor", after},
                     {"decoder", bytes},
                     {"model",
                      {{"type", "BPE"},
                       {"dropout", nullptr},
                       {"unk_token", nullptr},
                       {"continuing_subword_prefix", ""},
                       {"end_of_word_suffix", ""},
                       {"fuse_unk", false},
                       {"byte_fallback", false},
                       {"ignore_merges", rule->ignore_merges},
                       {"vocab", vocabulary},
                       {"merges", tokenizer.merges}}}};
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"clean_up_tokenization_spaces", false},
                 {"add_bos_token", adds_bos},
                 {"model_max_length", 1000000}};
  for (const std::string name : kSpecials) {
    config[name + "_token"] = text_of(name.c_str());
  }
  if (!tokenizer.chat_template.empty()) {
    config["chat_template"] = tokenizer.chat_template;
  }
  if (auto written = write_file(folder / "tokenizer.json", dump(json) + "\n"); !written) {
    return written;
  }
  return write_file(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

} // namespace yanxing::convert
