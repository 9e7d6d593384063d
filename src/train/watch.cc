#include "train/watch.h"

#include "base/files.h"
#include "base/json.h"
#include "train/curve.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

namespace yanxing::train {
namespace {

std::string bar(double share) {
  constexpr int kWidth = 20;
  const int full = static_cast<int>(share * kWidth);
  std::string text = "[";
  for (int i = 0; i < kWidth; ++i) {
    text += i < full ? "█" : "·";
  }
  return text + "]";
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  return text.data();
}

// " rewards/margins 0.71 …", short enough for a line.
std::string text_of(const Metrics &metrics) {
  std::string text;
  for (const auto &[name, value] : metrics) {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), " %.3g", value);
    text += " " + name + number.data();
  }
  return text;
}

} // namespace

double peak_memory_gib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1024.0 * 1024.0);
}

Watch::Watch(std::filesystem::path output, std::ofstream log, std::int64_t every)
    : output_(std::move(output)), log_(std::move(log)), every_(std::max<std::int64_t>(1, every)),
      terminal_(::isatty(STDERR_FILENO) != 0) {}

Result<Watch> Watch::open(const std::filesystem::path &output, std::int64_t every, bool events) {
  std::error_code error;
  std::filesystem::create_directories(output, error);
  std::ofstream log(output / "logging.jsonl", std::ios::app);
  if (!log) {
    return Error{"cannot write to " + output.string(), "Choose another --output_dir"};
  }
  Watch watch(output, std::move(log), every);
  if (events) {
    auto file = EventFile::open(output / "runs");
    if (!file) {
      return file.error();
    }
    watch.events_ = std::move(*file);
  }
  return watch;
}

void Watch::write_scalars(const StepReport &report) {
  if (!events_) {
    return;
  }
  std::vector<std::pair<std::string, double>> scalars{
      {"train/loss", report.loss},
      {"train/grad_norm", report.gradient_norm},
      {"train/learning_rate", report.learning_rate},
      {"train/epoch", report.epoch},
      {"train/tokens_per_second", static_cast<double>(report.tokens) / std::max(1e-9, report.seconds)},
      {"train/memory_gib", peak_memory_gib()}};
  for (const auto &[name, value] : report.metrics) {
    scalars.emplace_back("train/" + name, value);
  }
  if (report.validation_loss >= 0) {
    scalars.emplace_back("eval/loss", report.validation_loss);
  }
  for (const auto &[name, value] : report.validation_metrics) {
    scalars.emplace_back("eval/" + name, value);
  }
  events_->write(report.step, scalars);
}

void Watch::tell(const StepReport &report) {
  constexpr double kSlow = 0.9;
  const bool first = first_step_ == 0;
  if (first) {
    first_step_ = report.step;
  }
  smooth_loss_ = first ? report.loss : kSlow * smooth_loss_ + (1 - kSlow) * report.loss;
  tokens_ += report.tokens;
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  const double done = static_cast<double>(report.step - first_step_ + 1);
  const double left = elapsed / done * static_cast<double>(report.steps - report.step);
  const double speed = static_cast<double>(tokens_) / std::max(1e-9, elapsed);
  Json line{{"global_step", report.step},
            {"max_steps", report.steps},
            {"epoch", report.epoch},
            {"loss", report.loss},
            {"grad_norm", report.gradient_norm},
            {"learning_rate", report.learning_rate},
            {"loss_scale", report.loss_scale},
            {"skipped", report.skipped},
            {"tokens", report.tokens},
            {"samples", report.samples},
            {"seconds", report.seconds},
            {"memory_gib", peak_memory_gib()}};
  for (const auto &[name, value] : report.metrics) {
    line[name] = value;
  }
  if (report.validation_loss >= 0) {
    line["eval_loss"] = report.validation_loss;
  }
  for (const auto &[name, value] : report.validation_metrics) {
    line["eval_" + name] = value;
  }
  log_ << dump(line) << std::endl;
  write_scalars(report);
  const bool last = report.step == report.steps;
  if (!terminal_ && !last && report.step % every_ != 0 && report.validation_loss < 0) {
    return;
  }
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), " %ld/%ld loss %.4f (%.4f) lr %.2e %.0f tokens/s %.1f GiB %s left",
                static_cast<long>(report.step), static_cast<long>(report.steps), report.loss, smooth_loss_,
                report.learning_rate, speed, peak_memory_gib(), duration(left).c_str());
  const auto share = static_cast<double>(report.step) / static_cast<double>(report.steps);
  std::fprintf(stderr, "%s%s%s", terminal_ ? "\r\033[K" : "",
               (bar(share) + text.data() + text_of(report.metrics)).c_str(), terminal_ ? "" : "\n");
  if (report.validation_loss >= 0) {
    std::fprintf(stderr, "%seval loss %.4f%s\n", terminal_ ? "\n" : "", report.validation_loss,
                 text_of(report.validation_metrics).c_str());
  }
}

Status Watch::finish() {
  if (terminal_) {
    std::fputc('\n', stderr);
  }
  const auto picture = draw_curve(points_of_log(output_ / "logging.jsonl"), output_.filename().string());
  return picture.empty() ? Status() : write_file(output_ / "loss.svg", picture);
}

} // namespace yanxing::train
