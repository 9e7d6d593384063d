#include "eval/summary.h"

#include <algorithm>
#include <cmath>

namespace yanxing::eval {
namespace {

double rounded(double value, int digits = 4) {
  const auto scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

Json calibration_json(const std::vector<text::JudgedDecision> &decisions) {
  const auto bins = text::reliability(decisions);
  Json shown = Json::array();
  for (const auto &bin : bins) {
    if (bin.count > 0) {
      shown.push_back(
          {{"n", bin.count}, {"confidence", rounded(bin.mean_probability)}, {"right", rounded(bin.rate_right)}});
    }
  }
  return {{"error", rounded(text::calibration_error(bins))}, {"bins", std::move(shown)}};
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

Interval wilson(std::size_t right, std::size_t all) {
  if (all == 0) {
    return {};
  }
  constexpr double kZ = 1.959964; // 97.5 % quantile of the normal distribution
  const auto n = static_cast<double>(all);
  const auto rate = static_cast<double>(right) / n;
  const auto scale = 1 + kZ * kZ / n;
  const auto centre = (rate + kZ * kZ / (2 * n)) / scale;
  const auto half = kZ / scale * std::sqrt(rate * (1 - rate) / n + kZ * kZ / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double percentile(std::vector<double> values, double share_below) {
  if (values.empty()) {
    return 0;
  }
  const auto place = std::clamp(share_below, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(place);
  const auto at = [&](std::size_t rank) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
    return values[rank];
  };
  const auto low = at(lower);
  const auto high = at(std::min(lower + 1, values.size() - 1));
  return low + (high - low) * (place - static_cast<double>(lower));
}

void Summary::Rate::count(bool is_right) {
  ++all;
  right += is_right ? 1 : 0;
}

Json Summary::Rate::to_json() const {
  const auto interval = wilson(right, all);
  return {{"rate", rounded(share(right, all))},
          {"low", rounded(interval.low)},
          {"high", rounded(interval.high)},
          {"n", all}};
}

void Summary::Group::add(const RowResult &row) {
  ++rows;
  errors += row.failed ? 1 : 0;
  if (row.score) {
    const auto &score = *row.score;
    exact.count(score.exact);
    name.count(score.name_ok);
    (score.should_abstain ? abstained_rightly : acted_rightly).count(score.should_abstain == score.abstained);
    asked.count(score.asked);
    arguments_expected += score.arguments_expected;
    arguments_given += score.arguments_given;
    arguments_right += score.arguments_right;
    row_f1 += score.f1();
    reward += score.reward;
    if (row.confidence) {
      decisions.push_back({*row.confidence, score.exact});
    }
  }
  if (row.text) {
    auto &group = heard[row.language];
    group.errors.errors += row.text->errors;
    group.errors.length += row.text->length;
    group.perfect.count(row.text->errors == 0);
  }
  for (const auto &[stage, ms] : row.timings_ms) {
    if (std::isfinite(ms)) {
      timings_ms[stage].push_back(ms);
    }
  }
}

Json Summary::Group::to_json() const {
  Json json{{"rows", rows}, {"errors", errors}};
  if (exact.all > 0) {
    const auto n = static_cast<double>(exact.all);
    Score sums; // the row's own ratios, over all rows together
    sums.name_ok = name.right == name.all;
    sums.arguments_expected = arguments_expected;
    sums.arguments_given = arguments_given;
    sums.arguments_right = arguments_right;
    json["exact"] = exact.to_json();
    json["name"] = name.to_json();
    json["argument"] = {{"precision", rounded(sums.precision())},
                        {"recall", rounded(sums.recall())},
                        {"f1", rounded(sums.f1())},
                        {"row_f1", rounded(row_f1 / n)}};
    json["abstain"] = {{"rightly", abstained_rightly.to_json()}, {"acted_where_wanted", acted_rightly.to_json()}};
    json["asked"] = asked.right;
    json["reward"] = {{"sum", rounded(reward)}, {"mean", rounded(reward / n)}};
  }
  if (!decisions.empty()) {
    json["calibration"] = calibration_json(decisions);
  }
  for (const auto &[language, group] : heard) {
    json["text"][std::string(language_code(language))] = {
        {language == Language::kChinese ? "cer" : "wer", rounded(share(group.errors.errors, group.errors.length))},
        {"errors", group.errors.errors},
        {"length", group.errors.length},
        {"perfect", group.perfect.to_json()}};
  }
  for (const auto &[stage, values] : timings_ms) {
    json["latency_ms"][stage] = {{"p50", rounded(percentile(values, 0.5), 1)},
                                 {"p95", rounded(percentile(values, 0.95), 1)},
                                 {"n", values.size()}};
  }
  return json;
}

void Summary::add(const RowResult &row) {
  all_.add(row);
  if (!row.tier.empty()) {
    tiers_[row.tier].add(row);
  }
}

std::vector<text::JudgedDecision> Summary::decisions(const std::string &tier) const {
  const auto group = tiers_.find(tier);
  return group == tiers_.end() ? std::vector<text::JudgedDecision>{} : group->second.decisions;
}

Json Summary::to_json() const {
  auto json = all_.to_json();
  for (const auto &[tier, group] : tiers_) {
    json["tiers"][tier] = group.to_json();
  }
  return json;
}

} // namespace yanxing::eval
