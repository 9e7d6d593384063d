#include "train/losses/gkd.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace yanxing::train {
namespace {

// log Σ exp
double normaliser(std::span<const float> logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(logit - highest);
  }
  return highest + std::log(sum);
}

} // namespace

double generalized_jsd(std::span<const float> student, std::span<const float> teacher, double beta,
                       std::span<float> slopes) {
  const double student_sum = normaliser(student);
  const double teacher_sum = normaliser(teacher);
  double value = 0;
  double mean = 0; // Σ p · g, with g = ∂D/∂p up to a constant
  const auto parts = [&](std::size_t i) {
    struct Parts {
      double p, value, g;
    };
    const double log_p = student[i] - student_sum;
    const double log_q = teacher[i] - teacher_sum;
    const double p = std::exp(log_p);
    const double q = std::exp(log_q);
    if (beta == 0) {
      return Parts{p, q * (log_q - log_p), p > 0 ? -q / p : 0};
    }
    if (beta == 1) {
      return Parts{p, p * (log_p - log_q), log_p - log_q};
    }
    const double mixture = std::log((1 - beta) * p + beta * q);
    const double to_student = p > 0 ? log_p - mixture : 0;
    const double to_teacher = q > 0 ? log_q - mixture : 0;
    return Parts{p, beta * q * to_teacher + (1 - beta) * p * to_student, (1 - beta) * to_student};
  };
  for (std::size_t i = 0; i < student.size(); ++i) {
    const auto part = parts(i);
    value += part.value;
    mean += part.p * part.g;
  }
  for (std::size_t i = 0; i < student.size(); ++i) { // a softmax's slope: p · (g − Σ p g)
    const auto part = parts(i);
    slopes[i] = static_cast<float>(part.p * (part.g - mean));
  }
  return value;
}

} // namespace yanxing::train
