#include "train/answer_scores.h"

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

namespace yanxing::train {
namespace {

std::string fingerprint_of(const std::vector<pack::PackedRow> &rows) {
  Fnv1a hash;
  const auto add = [&hash](const std::vector<std::int64_t> &numbers) {
    hash.add({reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(numbers[0])});
  };
  for (const auto &row : rows) {
    add(row.tokens);
    add(row.samples);
  }
  return hash.hex();
}

// Nothing where the file is not there, of other rows or damaged: then all is computed again.
std::vector<std::vector<double>> read_sums(const std::filesystem::path &file, const std::string &fingerprint) {
  const auto json = read_json_file(file);
  try {
    return json && json->at("rows_are") == fingerprint
               ? json->at("reference_log_p").get<std::vector<std::vector<double>>>()
               : std::vector<std::vector<double>>{};
  } catch (const Json::exception &) {
    return {};
  }
}

} // namespace

AnswerKey key_of(const pack::PackedRow &row, const pack::Target &target) {
  const auto sample = row.samples[static_cast<std::size_t>(target.sample)];
  return {pack::index_of(sample), pack::side_of(sample)};
}

AnswerScores scores_of(const pack::PackedRow &row, const at::Tensor &log_p) {
  AnswerScores scores;
  const auto numbers = log_p.detach().contiguous();
  const auto *number = numbers.const_data_ptr<float>();
  for (const auto &target : row.targets) {
    auto &score = scores[key_of(row, target)];
    score.log_p += static_cast<double>(*number++);
    ++score.tokens;
  }
  return scores;
}

at::Tensor descent_of(const pack::PackedRow &row, const at::Tensor &log_p, const std::map<AnswerKey, double> &slopes) {
  std::vector<float> by_target;
  for (const auto &target : row.targets) {
    const auto slope = slopes.find(key_of(row, target));
    by_target.push_back(slope == slopes.end() ? 0.0F : static_cast<float>(slope->second));
  }
  return log_p.mul(at::tensor(by_target)).sum();
}

Result<References> References::of(const nn::Model &model, const std::vector<pack::PackedRow> &rows,
                                  const nn::Pass &pass, const std::filesystem::path &file, bool writes,
                                  const std::function<void(std::size_t)> &on_row) {
  References references;
  const auto fingerprint = fingerprint_of(rows);
  references.sums_ = read_sums(file, fingerprint);
  if (references.sums_.size() == rows.size()) {
    return references;
  }
  references.sums_.clear();
  const at::NoGradGuard no_gradients;
  for (const auto &row : rows) {
    std::vector<double> sums;
    for (const auto &[key, score] : scores_of(row, model.log_probabilities(row, pass))) {
      sums.push_back(score.log_p);
    }
    references.sums_.push_back(std::move(sums));
    if (on_row) {
      on_row(references.sums_.size());
    }
  }
  if (writes) {
    const Json kept{{"rows_are", fingerprint}, {"reference_log_p", references.sums_}};
    if (auto written = write_file(file, kept.dump() + "\n"); !written) {
      return written.error();
    }
  }
  return references;
}

void References::put_into(AnswerScores &scores, std::size_t row) const {
  auto sum = sums_[row].begin();
  for (auto &[key, score] : scores) {
    score.reference = sum == sums_[row].end() ? 0 : *sum++;
  }
}

} // namespace yanxing::train
