// Writing under guidance: the text so far is fixed, and at each point only what the turn allows may follow. Text that
// is forced is never sampled: it is queued and computed together with the next real choice. Every choice multiplies
// into the probability of what was written, under the distribution restricted to what was allowed there.
//
// A sketch is written the same way without the model, as far as the evidence behind the options goes. Its tokens are
// computed in one pass together with the prompt (speculative decoding, Leviathan et al. 2023, with the evidence as the
// draft): where the model chooses as sketched, the distributions are there already. What is written does not change.
#pragma once

#include "llm/engine.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::llm {

struct Option {
  std::string text;
  std::string follow; // what would come next: makes token boundaries natural and tells "set" from "set_timer"
  double bias = 0;    // evidence from outside the model, in log-odds
};

// A choice that was drawn, with all that it was drawn from: what reinforcement learning needs to compute its
// probability again. Tokens of one group count as one candidate (all that end a text).
struct Drawn {
  struct Candidate {
    Token token = 0;
    double bias = 0; // log-odds that were added to the model's
  };
  std::vector<Token> context;        // what the model had read
  std::vector<Candidate> candidates; // those taken first
  std::size_t taken = 1;             // how many of them make the group that was taken
  double log_probability = 0;        // of that group among all candidates, at the temperature
};

// Drawing instead of taking what is likeliest.
struct Drawing {
  double temperature = 1;
  std::size_t most = 50; // of free text: the likeliest so many tokens
  std::mt19937_64 random;
  std::vector<Drawn> drawn;
};

class Guide {
public:
  enum class Source { kModel, kEvidence };
  // `prompt` is continued; the engine's cache is shared with whoever prepared it. By kEvidence a sketch is written:
  // choices fail where the evidence is not clear, and the engine only tokenizes.
  Guide(Engine &engine, std::vector<Token> prompt, Source source = Source::kModel);

  // From now on choices are drawn; `drawing` is filled and outlives the guide. Null: the likeliest is taken.
  void draw_with(Drawing *drawing) { drawing_ = drawing; }

  void force(std::string_view text) { pending_ += text; }
  // Writes one of the options (at least one) and returns its index.
  Result<std::size_t> choose(const std::vector<Option> &options);
  // Writes free text up to (not including) a quote, at most `most` tokens. `prefer`: text whose words are more likely
  // here (the utterance), `bonus` in log-odds for tokens that go on copying it.
  Result<std::string> free_string(int most, const std::string &prefer, double bonus);
  // Writes digits, sign and point, up to the first other character.
  Result<std::string> free_number(bool integer);

  // True, and `lead` is written on a new line, where the model goes on rather than end its turn.
  Result<bool> continue_line(std::string_view lead);

  [[nodiscard]] double log_probability() const { return log_probability_; }
  [[nodiscard]] int sampled_tokens() const { return sampled_; }
  [[nodiscard]] int forced_tokens() const { return forced_; }
  // What has been written so far, and the places in it (counted in tokens) at which there was a choice.
  [[nodiscard]] const std::vector<Token> &tokens() const { return tokens_; }
  [[nodiscard]] const std::vector<std::size_t> &choices() const { return choices_; }

private:
  // For a sketch, where every token is alike: empty. The place is noted.
  Result<std::span<const float>> distribution();
  Result<std::span<const float>> model_distribution();
  struct Group; // tokens that count as one candidate
  // Index of the group drawn, and its log-probability.
  std::pair<std::size_t, double> draw(const std::vector<Group> &groups, std::span<const float> logits);
  // Of the likeliest groups and of what ends a value (tokens that begin with one of `ends`); −1: the end.
  std::pair<Token, double> draw_or_end(std::vector<Group> groups, std::string_view ends, std::span<const float> logits);
  void commit(const std::vector<Token> &tokens, std::size_t bytes);
  void flush();
  // Counts one sampled step and, where `best` is a token (not -1, the end of the value), writes it to both.
  bool take(Token best, double log_probability, std::string &written);

  Engine &engine_;
  Source source_;
  Drawing *drawing_ = nullptr;
  std::vector<Token> tokens_;
  std::vector<std::size_t> choices_;
  std::string pending_; // forced text that is not yet in tokens_
  double log_probability_ = 0;
  int sampled_ = 0;
  int forced_ = 0;
};

} // namespace yanxing::llm
