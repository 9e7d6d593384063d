#include "llm/guide.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

namespace yanxing::llm {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// A token that may stand inside a JSON string as it is.
bool fits_string(const std::string &piece) {
  return !piece.empty() && std::none_of(piece.begin(), piece.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  });
}

bool fits_number(const std::string &piece, bool integer, bool first) {
  if (piece.empty()) {
    return false;
  }
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    const bool sign = c == '-' && first && i == 0;
    const bool point = c == '.' && !integer && !(first && i == 0);
    if ((c < '0' || c > '9') && !sign && !point) {
      return false;
    }
  }
  return true;
}

double log_sum_exp(const std::vector<double> &scores) {
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const double score : scores) {
    sum += std::exp(score - top);
  }
  return top + std::log(sum);
}

// A sketch goes on where the evidence alone gives one option this much (log): a wrong guess costs the time of its
// tokens, a right one saves a pass of the model.
constexpr double kClear = -0.5;

Error sketch_ends() { return {"the evidence does not tell how to go on", ""}; }

// Probability mass of all tokens that start with `lead` (the end of a value may merge with what follows).
double mass_starting_with(const Engine &engine, std::span<const float> logits, char lead) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto &piece = engine.piece(static_cast<Token>(i));
    if (!piece.empty() && piece.front() == lead) {
      scores.push_back(logits[i]);
    }
  }
  return scores.empty() ? kNever : log_sum_exp(scores);
}

} // namespace

struct Guide::Group {
  std::vector<Drawn::Candidate> tokens;
  double score = 0; // log of its mass, before the temperature
};

Guide::Guide(Engine &engine, std::vector<Token> prompt, Source source)
    : engine_(engine), source_(source), tokens_(std::move(prompt)) {}

Result<std::span<const float>> Guide::distribution() {
  flush();
  choices_.push_back(tokens_.size());
  return source_ == Source::kModel ? model_distribution() : Result<std::span<const float>>(std::span<const float>());
}

Result<std::span<const float>> Guide::model_distribution() {
  if (const auto known = engine_.distribution_after(tokens_); !known.empty()) {
    return known;
  }
  if (auto done = engine_.hold(tokens_); !done) {
    return done.error();
  }
  return engine_.distribution_after(tokens_);
}

void Guide::flush() {
  if (!pending_.empty()) {
    const auto tokens = engine_.tokenize(pending_, false);
    forced_ += static_cast<int>(tokens.size());
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    pending_.clear();
  }
}

// Takes over the tokens that lie wholly within the first `bytes`; the rest of those bytes stays pending, so that it can
// merge with what comes.
void Guide::commit(const std::vector<Token> &tokens, std::size_t bytes) {
  std::size_t used = 0;
  std::string text;
  for (const auto token : tokens) {
    const auto &piece = engine_.piece(token);
    text += piece;
    if (used + piece.size() <= bytes && text.size() <= bytes) {
      used += piece.size();
      tokens_.push_back(token);
    }
  }
  pending_ = text.substr(used, bytes - used);
}

std::pair<std::size_t, double> Guide::draw(const std::vector<Group> &groups, std::span<const float> logits) {
  const auto score_of = [&](const Drawn::Candidate &candidate) {
    return (static_cast<double>(logits[static_cast<std::size_t>(candidate.token)]) + candidate.bias) /
           drawing_->temperature;
  };
  std::vector<double> scores; // of the groups, at the temperature
  for (const auto &group : groups) {
    std::vector<double> own;
    std::transform(group.tokens.begin(), group.tokens.end(), std::back_inserter(own), score_of);
    scores.push_back(log_sum_exp(own));
  }
  const double all = log_sum_exp(scores);
  // Written out: std::discrete_distribution may differ from one standard library to another.
  double left = static_cast<double>(drawing_->random() >> 11U) * 0x1p-53;
  std::size_t taken = 0;
  while (taken + 1 < groups.size() && left >= std::exp(scores[taken] - all)) {
    left -= std::exp(scores[taken] - all);
    ++taken;
  }
  Drawn drawn{tokens_, groups[taken].tokens, groups[taken].tokens.size(), scores[taken] - all};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i != taken) {
      drawn.candidates.insert(drawn.candidates.end(), groups[i].tokens.begin(), groups[i].tokens.end());
    }
  }
  drawing_->drawn.push_back(std::move(drawn));
  return {taken, scores[taken] - all};
}

Result<std::size_t> Guide::choose(const std::vector<Option> &options) {
  std::vector<std::vector<Token>> paths;
  std::vector<std::size_t> alive;
  for (std::size_t i = 0; i < options.size(); ++i) {
    paths.push_back(engine_.tokenize(pending_ + options[i].text + options[i].follow, false));
    alive.push_back(i);
  }
  const auto base = tokens_;
  const auto pending = pending_;
  pending_.clear();
  double log_p = 0;
  for (std::size_t depth = 0; alive.size() > 1; ++depth) {
    std::map<Token, std::vector<std::size_t>> branches;
    for (const auto i : alive) {
      const auto token = depth < paths[i].size() ? paths[i][depth] : Token{-1};
      branches[token].push_back(i);
    }
    if (branches.size() == 1 && branches.begin()->first >= 0) {
      tokens_.push_back(branches.begin()->first);
      continue;
    }
    if (branches.begin()->first < 0) { // one path ends where others go on, or two are the same
      alive = {branches.begin()->second.front()};
      break;
    }
    auto logits = distribution();
    if (!logits) {
      return logits.error();
    }
    std::vector<double> scores;
    std::vector<Token> heads;
    std::vector<Group> groups;
    for (const auto &[token, members] : branches) {
      double bias = options[members.front()].bias;
      for (const auto i : members) {
        bias = std::max(bias, options[i].bias);
      }
      const double own = logits->empty() ? 0.0 : static_cast<double>((*logits)[static_cast<std::size_t>(token)]);
      scores.push_back(own + bias);
      heads.push_back(token);
      groups.push_back({{{token, bias}}});
    }
    auto best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    double chosen_log_p = scores[best] - log_sum_exp(scores);
    if (drawing_ != nullptr) {
      std::tie(best, chosen_log_p) = draw(groups, *logits);
    }
    if (source_ == Source::kEvidence && chosen_log_p < kClear) {
      return sketch_ends();
    }
    log_p += chosen_log_p;
    ++sampled_;
    alive = branches[heads[best]];
    tokens_.push_back(heads[best]);
  }
  const auto chosen = alive.front();
  tokens_ = base;
  commit(paths[chosen], pending.size() + options[chosen].text.size());
  log_probability_ += log_p;
  return chosen;
}

std::pair<Token, double> Guide::draw_or_end(std::vector<Group> groups, std::string_view ends,
                                            std::span<const float> logits) {
  constexpr std::size_t kMostEnds = 8; // few tokens carry nearly all of the mass
  const auto keep_likeliest = [](auto &list, std::size_t most, const auto &score) {
    const auto kept = std::min(most, list.size());
    std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(kept), list.end(),
                      [&](const auto &a, const auto &b) { return score(a) > score(b); });
    list.resize(kept);
  };
  keep_likeliest(groups, drawing_->most, [](const Group &group) { return group.score; });
  Group end;
  for (std::size_t i = 0; !ends.empty() && i < logits.size(); ++i) {
    const auto &piece = engine_.piece(static_cast<Token>(i));
    if (!piece.empty() && ends.find(piece.front()) != std::string_view::npos) {
      end.tokens.push_back({static_cast<Token>(i), 0});
    }
  }
  keep_likeliest(end.tokens, kMostEnds,
                 [&](const Drawn::Candidate &candidate) { return logits[static_cast<std::size_t>(candidate.token)]; });
  const bool may_end = !end.tokens.empty();
  if (may_end) {
    groups.push_back(std::move(end));
  }
  const auto [taken, log_p] = draw(groups, logits);
  const bool ended = may_end && taken + 1 == groups.size();
  return {ended ? Token{-1} : groups[taken].tokens.front().token, log_p};
}

bool Guide::take(Token best, double log_probability, std::string &written) {
  log_probability_ += log_probability;
  ++sampled_;
  if (best < 0) {
    return false;
  }
  written += engine_.piece(best);
  tokens_.push_back(best);
  return true;
}

Result<std::string> Guide::free_string(int most, const std::string &prefer, double bonus) {
  std::string written;
  for (int i = 0; i < most; ++i) {
    auto logits = distribution();
    if (!logits || logits->empty()) {
      return logits ? sketch_ends() : logits.error();
    }
    const double stop = mass_starting_with(engine_, *logits, '"');
    const double floor = static_cast<double>(*std::max_element(logits->begin(), logits->end())) - 20; // e^-20: nothing
    std::vector<double> allowed{stop};
    std::vector<Group> groups;
    Token best = -1;
    double best_score = stop;
    for (std::size_t id = 0; id < logits->size(); ++id) {
      const auto token = static_cast<Token>(id);
      double score = static_cast<double>((*logits)[id]);
      const auto &piece = engine_.piece(token);
      if (score < floor || !fits_string(piece)) {
        continue;
      }
      const bool copies = bonus > 0 && prefer.find(written + piece) != std::string::npos;
      score += copies ? bonus : 0;
      if (drawing_ != nullptr) {
        groups.push_back({{{token, copies ? bonus : 0}}, score});
      }
      allowed.push_back(score);
      if (score > best_score) {
        best_score = score;
        best = token;
      }
    }
    double log_p = best_score - log_sum_exp(allowed);
    if (drawing_ != nullptr) {
      std::tie(best, log_p) = draw_or_end(std::move(groups), "\"", *logits);
    }
    if (!take(best, log_p, written)) {
      break;
    }
  }
  // Never leave half a character behind (the limit may fall inside one).
  while (!written.empty() && is_continuation_byte(written.back())) {
    std::size_t lead = written.size() - 1;
    while (lead > 0 && is_continuation_byte(written[lead])) {
      --lead;
    }
    const auto first = static_cast<unsigned char>(written[lead]);
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (written.size() - lead >= length) {
      break;
    }
    written.resize(lead);
  }
  return written;
}

Result<std::string> Guide::free_number(bool integer) {
  constexpr int kMostTokens = 12;
  std::string written;
  for (int i = 0; i < kMostTokens; ++i) {
    auto logits = distribution();
    if (!logits || logits->empty()) {
      return logits ? sketch_ends() : logits.error();
    }
    std::vector<double> allowed;
    std::vector<Group> groups;
    Token best = -1;
    double best_score = kNever;
    const bool may_end = !written.empty() && written != "-";
    if (may_end) {
      best_score = std::max({mass_starting_with(engine_, *logits, ','), mass_starting_with(engine_, *logits, '}'),
                             mass_starting_with(engine_, *logits, ']')});
      allowed.push_back(best_score);
    }
    for (std::size_t id = 0; id < logits->size(); ++id) {
      const auto token = static_cast<Token>(id);
      if (!fits_number(engine_.piece(token), integer, written.empty())) {
        continue;
      }
      allowed.push_back((*logits)[id]);
      if (drawing_ != nullptr) {
        groups.push_back({{{token, 0}}, static_cast<double>((*logits)[id])});
      }
      if ((*logits)[id] > best_score) {
        best_score = (*logits)[id];
        best = token;
      }
    }
    double log_p = best_score - log_sum_exp(allowed);
    if (drawing_ != nullptr) {
      std::tie(best, log_p) = draw_or_end(std::move(groups), may_end ? ",}]" : "", *logits);
    }
    if (!take(best, log_p, written)) {
      break;
    }
  }
  return written;
}

Result<bool> Guide::continue_line(std::string_view lead) {
  const auto logits = distribution();
  if (!logits || logits->empty()) {
    return logits ? sketch_ends() : logits.error();
  }
  const auto line = engine_.tokenize("\n" + std::string(lead), false);
  const auto at = [&](Token token) { return static_cast<double>((*logits)[static_cast<std::size_t>(token)]); };
  const double go_on = at(line.front());
  const double end = at(engine_.end_of_turn());
  ++sampled_;
  bool goes_on = go_on > end;
  double log_p = std::max(go_on, end) - log_sum_exp({go_on, end});
  if (drawing_ != nullptr) {
    const auto [taken, drawn_log_p] = draw({{{{line.front(), 0}}}, {{{engine_.end_of_turn(), 0}}}}, *logits);
    goes_on = taken == 0;
    log_p = drawn_log_p;
  }
  log_probability_ += log_p;
  if (goes_on) {
    pending_ = "\n" + std::string(lead);
  }
  return goes_on;
}

} // namespace yanxing::llm
