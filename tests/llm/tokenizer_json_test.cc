// Vocabularies of Hugging Face folders.
#include "llm/vocabulary.h"

#include "base/json.h"
#include "support/fuzz.h"

namespace yanxing::llm {
namespace {

constexpr const char *kWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Letters a to d, ab and abc, and what frames a turn.
Json small_tokenizer() {
  Json json{
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"}, {"pattern", {{"Regex", kWords}}}}, {{"type", "ByteLevel"}, {"use_regex", false}}}}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}, {"ab", 4}, {"abc", 5}}},
        {"merges", {"a b", Json{"ab", "c"}}}}},
      {"added_tokens",
       {{{"id", 7}, {"content", "<|im_end|>"}, {"special", true}},
        {{"id", 8}, {"content", "<tool_call>"}, {"special", false}}}}};
  return json;
}

TEST(TokenizerJson, SaysTheSameTokens) {
  const fuzz::Scratch scratch;
  scratch.write("tokenizer.json", small_tokenizer().dump());
  const auto vocabulary = Vocabulary::open(scratch.path());
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message();
  EXPECT_EQ((*vocabulary)->tokenize("abcdab", false), (std::vector<Token>{5, 3, 4}));
  EXPECT_EQ((*vocabulary)->tokenize("<|im_end|>", true), (std::vector<Token>{7}));
  EXPECT_EQ((*vocabulary)->end_of_turn(), 7);
  EXPECT_EQ((*vocabulary)->size(), 9);
  EXPECT_EQ((*vocabulary)->piece(5), "abc");
}

// Qwen's files hold both, and which of them llama.cpp finds first depends on a hash.
TEST(TokenizerJson, ATurnEndsAsItsPromptIsWritten) {
  const fuzz::Scratch scratch;
  for (const auto *first : {"<|endoftext|>", "<|im_end|>"}) {
    auto both = small_tokenizer();
    const bool usual = std::string_view(first) == "<|endoftext|>";
    both["added_tokens"] = {{{"id", 6}, {"content", first}, {"special", true}},
                            {{"id", 7}, {"content", usual ? "<|im_end|>" : "<|endoftext|>"}, {"special", true}}};
    scratch.write("tokenizer.json", both.dump());
    const auto vocabulary = Vocabulary::open(scratch.path());
    ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message();
    EXPECT_EQ((*vocabulary)->end_of_turn(), usual ? 7 : 6);
  }
}

TEST(TokenizerJson, SaysWhatItCannotRead) {
  const fuzz::Scratch scratch;
  EXPECT_FALSE(Vocabulary::open(scratch.path()).ok()) << "no file";
  auto unigram = small_tokenizer();
  unigram["model"]["type"] = "Unigram";
  auto other_words = small_tokenizer();
  other_words["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "[a-z]+";
  auto far = small_tokenizer();
  far["model"]["vocab"]["d"] = 4000000000LL;
  for (const auto &bad : {unigram, other_words, far}) {
    scratch.write("tokenizer.json", bad.dump());
    EXPECT_FALSE(Vocabulary::open(scratch.path()).ok());
  }
}

TEST(TokenizerJson, SurvivesDamage) {
  const fuzz::Scratch scratch;
  fuzz::survives(small_tokenizer().dump(), fuzz::Form::kText, [&](const std::string &text) {
    scratch.write("tokenizer.json", text);
    fuzz::told(Vocabulary::open(scratch.path()));
  });
}

} // namespace
} // namespace yanxing::llm
