#include "train/curve.h"

#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>

namespace yanxing::train {
namespace {

constexpr double kWidth = 840;
constexpr double kHeight = 460;
constexpr double kLeft = 64;
constexpr double kRight = 24;
constexpr double kTop = 48;
constexpr double kBottom = 48;

std::string number(double value, std::chars_format format, int precision) {
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, format, precision);
  return {text.data(), written.ec == std::errc() ? written.ptr : text.data()};
}

// A place in pixels.
std::string pixels(double value) { return number(value, std::chars_format::fixed, 1); }

std::string escaped(const std::string &text) {
  std::string result;
  for (const char c : text) {
    result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return result;
}

// 1, 2 or 5 times a power of ten, so that `range` has about `count` of it.
double tick_step(double range, int count) {
  const double rough = range / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double share = rough / power;
  return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

// Places of steps and losses on the picture.
class Plot {
public:
  explicit Plot(const std::vector<CurvePoint> &points) : first_(points.front().step), last_(points.back().step) {
    low_ = high_ = points.front().loss;
    for (const auto &point : points) {
      low_ = std::min({low_, point.loss, point.validation_loss.value_or(point.loss)});
      high_ = std::max({high_, point.loss, point.validation_loss.value_or(point.loss)});
    }
    const double step = tick_step(std::max(high_ - low_, 1e-3), 6);
    low_ = std::floor(low_ / step) * step;
    high_ = std::max(std::ceil(high_ / step) * step, low_ + step);
    first_ = std::min(first_, last_ - 1); // a single step still has a place
  }

  [[nodiscard]] double x(double step) const {
    const auto range = static_cast<double>(last_ - first_);
    return kLeft + (step - static_cast<double>(first_)) / range * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double y(double loss) const {
    return kHeight - kBottom - (loss - low_) / (high_ - low_) * (kHeight - kTop - kBottom);
  }

  [[nodiscard]] std::string axes() const {
    std::string svg;
    const double step = tick_step(high_ - low_, 6);
    for (int i = 0; low_ + i * step <= high_ + step / 2; ++i) {
      const double loss = low_ + i * step;
      svg += R"(<path class="grid" d="M)" + pixels(kLeft) + " " + pixels(y(loss)) + "H" + pixels(kWidth - kRight) +
             R"("/><text class="y" x=")" + pixels(kLeft - 8) + R"(" y=")" + pixels(y(loss) + 4) + "\">" +
             number(loss, std::chars_format::general, 4) + "</text>\n";
    }
    const double wide = std::max(1.0, tick_step(static_cast<double>(last_ - first_), 8));
    for (double at = std::ceil(static_cast<double>(first_) / wide) * wide; at <= static_cast<double>(last_);
         at += wide) {
      svg += R"(<text class="x" x=")" + pixels(x(at)) + R"(" y=")" + pixels(kHeight - kBottom + 20) + "\">" +
             number(at, std::chars_format::fixed, 0) + "</text>\n";
    }
    return svg + R"(<text class="x" x=")" + pixels((kLeft + kWidth - kRight) / 2) + R"(" y=")" + pixels(kHeight - 8) +
           "\">step</text>\n";
  }

private:
  std::int64_t first_;
  std::int64_t last_;
  double low_ = 0;
  double high_ = 1;
};

std::string line(const Plot &plot, const std::vector<std::pair<std::int64_t, double>> &values, const char *style) {
  std::string d;
  for (const auto &[step, loss] : values) {
    d += (d.empty() ? "M" : "L") + pixels(plot.x(static_cast<double>(step))) + " " + pixels(plot.y(loss));
  }
  return std::string("<path class=\"") + style + "\" d=\"" + d + "\"/>\n";
}

} // namespace

std::vector<CurvePoint> points_of_log(const std::filesystem::path &log) {
  std::map<std::int64_t, CurvePoint> points;
  std::ifstream lines(log);
  for (std::string text; std::getline(lines, text);) {
    const auto json = parse_json(text, log.string());
    const auto has = [&](const char *key) { return json->contains(key) && (*json)[key].is_number(); };
    if (!json || !json->is_object() || !has("global_step") || !has("loss")) {
      continue;
    }
    CurvePoint point{(*json)["global_step"].get<std::int64_t>(), (*json)["loss"].get<double>(), {}};
    if (has("eval_loss")) {
      point.validation_loss = (*json)["eval_loss"].get<double>();
    }
    points.erase(points.lower_bound(point.step), points.end()); // what a resumed run does again
    points.emplace(point.step, point);
  }
  std::vector<CurvePoint> result;
  for (const auto &[step, point] : points) {
    result.push_back(point);
  }
  return result;
}

std::string draw_curve(const std::vector<CurvePoint> &points, const std::string &title) {
  if (points.empty()) {
    return {};
  }
  const Plot plot(points);
  std::vector<std::pair<std::int64_t, double>> each;
  std::vector<std::pair<std::int64_t, double>> smooth;
  std::vector<std::pair<std::int64_t, double>> held_out;
  // A running mean over the last twentieth of the run.
  const double keep = 1 - 1 / std::max(1.0, static_cast<double>(points.size()) / 20);
  for (const auto &point : points) {
    each.emplace_back(point.step, point.loss);
    smooth.emplace_back(point.step,
                        smooth.empty() ? point.loss : keep * smooth.back().second + (1 - keep) * point.loss);
    if (point.validation_loss) {
      held_out.emplace_back(point.step, *point.validation_loss);
    }
  }
  std::string svg = R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 460" font-family="sans-serif">
<style>
text{font-size:12px;fill:#555}.title{font-size:15px;fill:#222}.x{text-anchor:middle}.y{text-anchor:end}
path{fill:none}.grid{stroke:#e6e6e6}.each{stroke:#9ec5f0}.smooth{stroke:#1b62b5;stroke-width:2.5}
.held{stroke:#d9541e;stroke-width:1.5;stroke-dasharray:4 3}circle{fill:#d9541e}
</style>
<rect width="840" height="460" fill="#fff"/>
)";
  svg += R"(<text class="title" x="64" y="28">)" + escaped(title) + "</text>\n" + plot.axes();
  svg += line(plot, each, "each") + line(plot, smooth, "smooth");
  if (!held_out.empty()) {
    svg += line(plot, held_out, "held");
    for (const auto &[step, loss] : held_out) {
      svg += R"(<circle r="3.5" cx=")" + pixels(plot.x(static_cast<double>(step))) + R"(" cy=")" +
             pixels(plot.y(loss)) + "\"/>\n";
    }
  }
  svg += R"(<text class="y" x="816" y="28">loss, its running mean)" +
         std::string(held_out.empty() ? "" : ", validation (dots)") + "</text>\n</svg>\n";
  return svg;
}

} // namespace yanxing::train
