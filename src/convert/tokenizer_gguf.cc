#include "convert/tokenizer.h"

#include <gguf.h>

#include <memory>

namespace yanxing::convert {
namespace {

struct Free {
  void operator()(gguf_context *file) const { gguf_free(file); }
};

struct Id {
  const char *name;
  const char *key;
};
constexpr Id kIds[] = {{"bos", "tokenizer.ggml.bos_token_id"},
                       {"eos", "tokenizer.ggml.eos_token_id"},
                       {"unk", "tokenizer.ggml.unknown_token_id"},
                       {"pad", "tokenizer.ggml.padding_token_id"}};
constexpr Id kAdds[] = {{"bos", "tokenizer.ggml.add_bos_token"}, {"eos", "tokenizer.ggml.add_eos_token"}};

std::string text_of(const gguf_context *file, const char *key) {
  const auto found = gguf_find_key(file, key);
  return found >= 0 && gguf_get_kv_type(file, found) == GGUF_TYPE_STRING ? gguf_get_val_str(file, found) : "";
}

std::vector<std::string> texts_of(const gguf_context *file, const char *key) {
  std::vector<std::string> texts;
  const auto found = gguf_find_key(file, key);
  if (found >= 0 && gguf_get_kv_type(file, found) == GGUF_TYPE_ARRAY &&
      gguf_get_arr_type(file, found) == GGUF_TYPE_STRING) {
    const auto count = gguf_get_arr_n(file, found);
    texts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      texts.emplace_back(gguf_get_arr_str(file, found, i));
    }
  }
  return texts;
}

void set_texts(gguf_context *file, const char *key, const std::vector<std::string> &texts) {
  std::vector<const char *> pointers;
  pointers.reserve(texts.size());
  for (const auto &text : texts) {
    pointers.push_back(text.c_str());
  }
  gguf_set_arr_str(file, key, pointers.data(), pointers.size());
}

} // namespace

Result<Tokenizer> read_gguf_tokenizer(const std::filesystem::path &path) {
  const std::unique_ptr<gguf_context, Free> file(gguf_init_from_file(path.c_str(), {true, nullptr}));
  if (!file) {
    return Error{path.string() + " is no whole GGUF file", "Fetch it again"};
  }
  if (const auto model = text_of(file.get(), "tokenizer.ggml.model"); model != "gpt2") {
    return Error{"the tokenizer of " + path.string() + " (" + (model.empty() ? "none" : model) +
                     ") is no byte-level BPE and is not converted",
                 "Copy the tokenizer's files from the original model"};
  }
  Tokenizer tokenizer;
  tokenizer.rule = text_of(file.get(), "tokenizer.ggml.pre");
  tokenizer.tokens = texts_of(file.get(), "tokenizer.ggml.tokens");
  tokenizer.merges = texts_of(file.get(), "tokenizer.ggml.merges");
  tokenizer.chat_template = text_of(file.get(), "tokenizer.chat_template");
  tokenizer.kinds.assign(tokenizer.tokens.size(), TokenKind::kNormal);
  const auto kinds = gguf_find_key(file.get(), "tokenizer.ggml.token_type");
  if (kinds >= 0 && gguf_get_kv_type(file.get(), kinds) == GGUF_TYPE_ARRAY &&
      gguf_get_arr_type(file.get(), kinds) == GGUF_TYPE_INT32 &&
      gguf_get_arr_n(file.get(), kinds) == tokenizer.tokens.size()) {
    const auto *list = static_cast<const std::int32_t *>(gguf_get_arr_data(file.get(), kinds));
    for (std::size_t i = 0; i < tokenizer.kinds.size(); ++i) {
      tokenizer.kinds[i] = static_cast<TokenKind>(list[i]);
    }
  }
  for (const auto &[name, key] : kIds) {
    const auto found = gguf_find_key(file.get(), key);
    if (found >= 0 && gguf_get_kv_type(file.get(), found) == GGUF_TYPE_UINT32) {
      if (const auto id = gguf_get_val_u32(file.get(), found); id < tokenizer.tokens.size()) {
        tokenizer.ids[name] = id;
      }
    }
  }
  for (const auto &[name, key] : kAdds) {
    const auto found = gguf_find_key(file.get(), key);
    if (found >= 0 && gguf_get_kv_type(file.get(), found) == GGUF_TYPE_BOOL) {
      tokenizer.adds[name] = gguf_get_val_bool(file.get(), found);
    }
  }
  return tokenizer;
}

void set_tokenizer(gguf_context *file, const Tokenizer &tokenizer) {
  gguf_set_val_str(file, "tokenizer.ggml.model", "gpt2");
  gguf_set_val_str(file, "tokenizer.ggml.pre", tokenizer.rule.c_str());
  set_texts(file, "tokenizer.ggml.tokens", tokenizer.tokens);
  gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, tokenizer.kinds.data(), tokenizer.kinds.size());
  set_texts(file, "tokenizer.ggml.merges", tokenizer.merges);
  for (const auto &[name, key] : kIds) {
    if (const auto found = tokenizer.ids.find(name); found != tokenizer.ids.end()) {
      gguf_set_val_u32(file, key, found->second);
    }
  }
  for (const auto &[name, key] : kAdds) {
    if (const auto found = tokenizer.adds.find(name); found != tokenizer.adds.end()) {
      gguf_set_val_bool(file, key, found->second);
    }
  }
  if (!tokenizer.chat_template.empty()) {
    gguf_set_val_str(file, "tokenizer.chat_template", tokenizer.chat_template.c_str());
  }
}

} // namespace yanxing::convert
