#include "convert/pre_tokenizer.h"

#include <algorithm>
#include <vector>

namespace yanxing::convert {
namespace {

// Letters keep together with one sign before them, digits stand alone (Qwen) or in threes (Llama 3).
constexpr const char *kQwen =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char *kQwen35 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)"
                                R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char *kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|)"
    R"(\s+(?!\S)|\s+)";

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", use_regex}, {"use_regex", use_regex}};
}

Json sequence(const Json &first) {
  return {{"type", "Sequence"}, {"pretokenizers", {first, byte_level(first["type"] != "Split")}}};
}

Json split_by(const char *regex) {
  return sequence({{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}});
}

const std::vector<PreTokenizer> &known() {
  static const std::vector<PreTokenizer> all = {
      {"qwen2", false, true, split_by(kQwen)},
      {"qwen35", false, true, split_by(kQwen35)},
      {"llama-bpe", true, false, split_by(kLlama3)},
      {"dbrx", false, false, split_by(kLlama3)},
      {"smollm", false, false, sequence({{"type", "Digits"}, {"individual_digits", true}})},
      {"gpt-2", false, false, byte_level(true)},
  };
  return all;
}

// What matters of a rule: its steps' kinds and patterns.
std::vector<std::string> steps_of(const Json &rule) {
  std::vector<std::string> steps;
  const auto type = string_or_empty(rule, "type");
  if (type == "Sequence" && rule.contains("pretokenizers") && rule["pretokenizers"].is_array()) {
    for (const auto &part : rule["pretokenizers"]) {
      const auto own = part.is_object() && string_or_empty(part, "type") != "Sequence" ? steps_of(part)
                                                                                       : std::vector<std::string>{"?"};
      steps.insert(steps.end(), own.begin(), own.end());
    }
    return steps;
  }
  const auto flag = [&](const char *name, bool otherwise) {
    return rule.contains(name) && rule[name].is_boolean() ? rule[name].get<bool>() : otherwise;
  };
  if (type == "Split" && rule.contains("pattern") && rule["pattern"].is_object()) {
    return {"split " + string_or_empty(rule["pattern"], "Regex")};
  }
  if (type == "ByteLevel") {
    return {flag("use_regex", true) ? "bytes by words" : "bytes"};
  }
  if (type == "Digits") {
    return {flag("individual_digits", false) ? "each digit" : "digits"};
  }
  return {type};
}

} // namespace

Result<PreTokenizer> pre_tokenizer_of(const Json &tokenizer) {
  const auto rule = tokenizer.find("pre_tokenizer");
  const auto model = tokenizer.find("model");
  const auto steps = rule != tokenizer.end() && rule->is_object() ? steps_of(*rule) : std::vector<std::string>{};
  const bool ignores = model != tokenizer.end() && model->is_object() && model->contains("ignore_merges") &&
                       (*model)["ignore_merges"] == true;
  for (const bool strict : {true, false}) { // only Llama 3's rule stands for two tokenizers
    for (const auto &one : known()) {
      if (steps_of(one.pre_tokenizer) == steps && (!strict || one.ignore_merges == ignores)) {
        return one;
      }
    }
  }
  std::string words;
  for (const auto &step : steps) {
    words += (words.empty() ? "" : ", ") + step;
  }
  return Error{"GGUF has no name for how this tokenizer parts text (" + (words.empty() ? "not stated" : words) + ")",
               "Byte-level BPE of the Qwen, Llama 3, SmolLM and GPT-2 kinds can be converted"};
}

Result<PreTokenizer> pre_tokenizer_named(const std::string &name) {
  for (const auto &one : known()) {
    if (one.name == name) {
      return one;
    }
  }
  return Error{"the tokenizer's rule '" + name + "' cannot be written as tokenizer.json",
               "Copy the tokenizer's files from the original model"};
}

} // namespace yanxing::convert
