#include "llm/tokenizer_json.h"

#include "base/json.h"

#include <gguf.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::llm {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostTokens = 1U << 22U;

struct GgufDeleter {
  void operator()(gguf_context *context) const { gguf_free(context); }
};

struct Words {
  std::vector<std::string> tokens; // by id
  std::vector<std::int32_t> types; // llama_token_type
  std::vector<std::string> merges; // "a b"
  std::string pre;                 // llama.cpp's name of the way to part words
};

struct Malformed {
  std::string what;
};

void put(Words &words, const Json &id, const std::string &token, llama_token_type type) {
  if (!id.is_number_unsigned() || id.get<std::size_t>() >= kMostTokens) {
    throw Malformed{"the token \"" + token + "\" has no number, or one that is too large"};
  }
  const auto index = id.get<std::size_t>();
  if (index >= words.tokens.size()) {
    const auto known = words.tokens.size();
    words.tokens.resize(index + 1);
    words.types.resize(index + 1, LLAMA_TOKEN_TYPE_UNUSED);
    for (auto i = known; i < index; ++i) {
      words.tokens[i] = "[unused " + std::to_string(i) + "]";
    }
  }
  words.tokens[index] = token;
  words.types[index] = type;
}

void collect_patterns(const Json &part, std::vector<std::string> &patterns, bool &byte_level_parts) {
  const auto type = string_or_empty(part, "type");
  if (type == "Sequence" && part.contains("pretokenizers") && part.at("pretokenizers").is_array()) {
    for (const auto &inner : part.at("pretokenizers")) {
      collect_patterns(inner, patterns, byte_level_parts);
    }
  } else if (type == "Split" && part.contains("pattern")) {
    patterns.push_back(string_or_empty(part.at("pattern"), "Regex"));
  } else if (type == "ByteLevel") {
    const auto use = part.find("use_regex");
    byte_level_parts = byte_level_parts || use == part.end() || *use != false;
  }
}

std::string pre_of(const Json &json) {
  static const std::string kLetters =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)"; // how Qwen and Llama 3 begin
  static const std::string kRest = R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  std::vector<std::string> patterns;
  bool byte_level_parts = false;
  if (json.contains("pre_tokenizer") && json.at("pre_tokenizer").is_object()) {
    collect_patterns(json.at("pre_tokenizer"), patterns, byte_level_parts);
  }
  if (patterns.empty() && byte_level_parts) {
    return "gpt-2";
  }
  if (patterns == std::vector{kLetters + R"(\p{N})" + kRest}) {
    return "qwen2";
  }
  if (patterns == std::vector{kLetters + R"(\p{N}{1,3})" + kRest}) {
    return "llama-bpe";
  }
  throw Malformed{"its way to part words is not known"};
}

Words read(const Json &json) {
  if (!json.is_object() || !json.contains("model") || !json.at("model").is_object()) {
    throw Malformed{"it holds no model"};
  }
  const auto &model = json.at("model");
  if (string_or_empty(model, "type") != "BPE" || !model.contains("vocab") || !model.at("vocab").is_object() ||
      !model.contains("merges") || !model.at("merges").is_array()) {
    throw Malformed{"it is no byte-level BPE"};
  }
  Words words;
  words.pre = pre_of(json);
  for (const auto &[token, id] : model.at("vocab").items()) {
    put(words, id, token, LLAMA_TOKEN_TYPE_NORMAL);
  }
  for (const auto &merge : model.at("merges")) {
    if (merge.is_string()) {
      words.merges.push_back(merge.get<std::string>());
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      words.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    } else {
      throw Malformed{"a merge is no pair of texts"};
    }
  }
  const auto added = json.find("added_tokens");
  for (const auto &token : added != json.end() && added->is_array() ? *added : Json::array()) {
    const bool control = token.is_object() && token.contains("special") && token.at("special") == true;
    put(words, token.is_object() ? token.value("id", Json()) : Json(), string_or_empty(token, "content"),
        control ? LLAMA_TOKEN_TYPE_CONTROL : LLAMA_TOKEN_TYPE_USER_DEFINED);
  }
  if (words.tokens.empty()) {
    throw Malformed{"it has no tokens"};
  }
  return words;
}

std::vector<const char *> pointers(const std::vector<std::string> &texts) {
  std::vector<const char *> result;
  result.reserve(texts.size());
  for (const auto &text : texts) {
    result.push_back(text.c_str());
  }
  return result;
}

// The token that ends a turn, by its name.
std::int64_t end_of(const Words &words, const fs::path &folder) {
  std::string name;
  if (const auto config = read_json_file(folder / "tokenizer_config.json"); config && config->is_object()) {
    const auto token = config->value("eos_token", Json());
    name = token.is_string() ? token.get<std::string>() : string_or_empty(token, "content");
  }
  for (const auto &wanted : {name, std::string("<|im_end|>"), std::string("<|endoftext|>")}) {
    const auto found = std::find(words.tokens.begin(), words.tokens.end(), wanted);
    if (!wanted.empty() && found != words.tokens.end()) {
      return found - words.tokens.begin();
    }
  }
  return -1;
}

} // namespace

Status write_vocabulary(const fs::path &folder, const fs::path &gguf) {
  const auto file = folder / "tokenizer.json";
  const auto json = read_json_file(file);
  if (!json) {
    return Error{json.error().what, "Fetch the model's tokenizer.json too"};
  }
  try {
    const auto words = read(*json);
    const std::unique_ptr<gguf_context, GgufDeleter> context(gguf_init_empty());
    gguf_set_val_str(context.get(), "general.architecture", "qwen2"); // any: no weights follow
    gguf_set_val_str(context.get(), "tokenizer.ggml.model", "gpt2");
    gguf_set_val_str(context.get(), "tokenizer.ggml.pre", words.pre.c_str());
    auto texts = pointers(words.tokens);
    gguf_set_arr_str(context.get(), "tokenizer.ggml.tokens", texts.data(), texts.size());
    gguf_set_arr_data(context.get(), "tokenizer.ggml.token_type", GGUF_TYPE_INT32, words.types.data(),
                      words.types.size());
    texts = pointers(words.merges);
    gguf_set_arr_str(context.get(), "tokenizer.ggml.merges", texts.data(), texts.size());
    gguf_set_val_bool(context.get(), "tokenizer.ggml.add_bos_token", false);
    if (const auto end = end_of(words, folder); end >= 0) {
      gguf_set_val_u32(context.get(), "tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(end));
    }
    if (!gguf_write_to_file(context.get(), gguf.c_str(), true)) {
      return Error{"cannot write " + gguf.string(), "Free some disk space and try again"};
    }
    return {};
  } catch (const Malformed &malformed) {
    return Error{file.string() + " cannot be used: " + malformed.what,
                 "Known are the byte-level tokenizers of Qwen, Llama 3 and GPT-2"};
  } catch (const Json::exception &) {
    return Error{file.string() + " cannot be used: a part of it has the wrong type", "Fetch it again"};
  }
}

} // namespace yanxing::llm
