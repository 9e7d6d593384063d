#include "train/choice_rows.h"

#include "pack/packer.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace yanxing::train {
namespace {

// Where the choice lies on the answer that was written in the end: the tokens before it, or −1. Where text is tokenised
// anew as it goes on, a choice may have been made behind other tokens than the answer has.
std::int64_t place_on(const Written &written, const Choice &choice) {
  const auto answer = std::span(written.tokens).subspan(written.prompt);
  const bool on_path =
      choice.context.size() < answer.size() && std::equal(choice.context.begin(), choice.context.end(), answer.begin());
  return on_path ? static_cast<std::int64_t>(written.prompt + choice.context.size()) : -1;
}

class ItemMaker {
public:
  void add(const Written &written, std::size_t rollout) {
    pack::Item path = item(written.tokens, rollout);
    std::vector<const Choice *> on_path;
    std::vector<pack::Item> branches;
    std::vector<const Choice *> branched;
    std::int64_t last = 0;
    for (const auto &choice : written.choices) {
      const auto place = place_on(written, choice);
      if (place > last) {
        path.supervised.emplace_back(place, place + 1);
        on_path.push_back(&choice);
        last = place;
      } else {
        branches.push_back(branch(written, choice, rollout));
        branched.push_back(&choice);
      }
    }
    keep(std::move(path), std::move(on_path));
    for (std::size_t i = 0; i < branches.size(); ++i) {
      keep(std::move(branches[i]), {branched[i]});
    }
  }
  [[nodiscard]] const std::vector<pack::Item> &items() const { return items_; }
  [[nodiscard]] const std::vector<const Choice *> &choices_of(std::int64_t item) const {
    return choices_[static_cast<std::size_t>(item)];
  }
  [[nodiscard]] std::size_t rollout_of(std::int64_t item) const {
    return static_cast<std::size_t>(items_[static_cast<std::size_t>(item)].group);
  }

private:
  static pack::Item item(std::vector<std::int64_t> tokens, std::size_t rollout) {
    pack::Item made;
    made.tokens = std::move(tokens);
    made.group = static_cast<std::int64_t>(rollout);
    return made;
  }
  // The prompt, what stood before the choice, and what was taken.
  static pack::Item branch(const Written &written, const Choice &choice, std::size_t rollout) {
    auto made =
        item({written.tokens.begin(), written.tokens.begin() + static_cast<std::ptrdiff_t>(written.prompt)}, rollout);
    made.tokens.insert(made.tokens.end(), choice.context.begin(), choice.context.end());
    made.tokens.push_back(choice.candidates.front().token);
    const auto end = static_cast<std::int64_t>(made.tokens.size());
    made.supervised = {{end - 1, end}};
    return made;
  }
  void keep(pack::Item item, std::vector<const Choice *> choices) {
    item.sample = static_cast<std::int64_t>(items_.size());
    items_.push_back(std::move(item));
    choices_.push_back(std::move(choices));
  }

  std::vector<pack::Item> items_;
  std::vector<std::vector<const Choice *>> choices_; // of each item, as many as it has targets
};

// One target a choice becomes one a candidate.
ChoiceRow with_candidates(pack::PackedRow row, const ItemMaker &maker) {
  std::map<std::int64_t, std::size_t> seen; // choices of each sample so far
  std::vector<pack::Target> targets;
  ChoiceRow result;
  for (const auto &target : row.targets) {
    const auto item = row.samples[static_cast<std::size_t>(target.sample)];
    const auto *choice = maker.choices_of(item)[seen[item]++];
    result.choices.push_back({maker.rollout_of(item), choice, targets.size()});
    for (const auto &candidate : choice->candidates) {
      targets.push_back({target.at, candidate.token, 1.0F, target.sample});
    }
  }
  std::stable_sort(result.choices.begin(), result.choices.end(),
                   [](const PlacedChoice &a, const PlacedChoice &b) { return a.rollout < b.rollout; });
  row.targets = std::move(targets);
  result.row = std::move(row);
  return result;
}

// Probabilities of the candidates at the temperature, and how much of that was taken.
struct Distribution {
  std::vector<double> probabilities;
  double log_taken = 0;
};
Distribution distribution_of(const PlacedChoice &placed, std::span<const float> target_log_p, double temperature) {
  const auto &candidates = placed.choice->candidates;
  std::vector<double> scores;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    scores.push_back((static_cast<double>(target_log_p[placed.first_target + i]) + candidates[i].bias) / temperature);
  }
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  double taken = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = std::exp(scores[i] - top);
    sum += scores[i];
    taken += i < placed.choice->taken ? scores[i] : 0;
  }
  for (auto &score : scores) {
    score /= sum;
  }
  constexpr double kLeast = 1e-300;
  return {std::move(scores), std::log(std::max(taken, kLeast)) - std::log(sum)};
}

} // namespace

ChoiceRows pack_choices(const std::vector<Rollout> &rollouts, std::int64_t max_length) {
  ItemMaker maker;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    for (const auto &written : rollouts[i].written) {
      maker.add(written, i);
    }
  }
  auto packing = pack::pack(maker.items(), {max_length, true, 1});
  ChoiceRows result;
  for (auto &row : packing.rows) {
    result.rows.push_back(with_candidates(std::move(row), maker));
  }
  for (const auto item : packing.too_long) {
    const auto rollout = maker.rollout_of(item);
    if (result.too_long.empty() || result.too_long.back() != rollout) {
      result.too_long.push_back(rollout);
    }
  }
  return result;
}

ChoiceLogP log_p_of(const PlacedChoice &placed, std::span<const float> target_log_p, double temperature) {
  const auto distribution = distribution_of(placed, target_log_p, temperature);
  ChoiceLogP result{distribution.log_taken, 0};
  for (const double p : distribution.probabilities) {
    result.entropy -= p > 0 ? p * std::log(p) : 0;
  }
  return result;
}

void add_slopes(const PlacedChoice &placed, std::span<const float> target_log_p, double temperature, double push,
                std::span<float> slopes) {
  const auto distribution = distribution_of(placed, target_log_p, temperature);
  const double taken = std::exp(distribution.log_taken);
  for (std::size_t i = 0; i < distribution.probabilities.size(); ++i) {
    const double p = distribution.probabilities[i];
    const double own = i < placed.choice->taken && taken > 0 ? p / taken : 0;
    slopes[placed.first_target + i] += static_cast<float>(push * (own - p) / temperature);
  }
}

} // namespace yanxing::train
