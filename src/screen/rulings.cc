#include "screen/rulings.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>

namespace yanxing::screen {
namespace {

constexpr int kContrast = 8;  // a light grey grid on white differs by 20 to 40
constexpr int kGap = 3;       // a crossing line interrupts a segment for its own width
constexpr int kReach = 4;     // segments that end so close to another one touch it
constexpr int kOpenSide = 14; // pixels beyond the last line that are a column of their own
constexpr std::size_t kMostSegments = 1500;

// The picture's luminance, read along either axis so that one scan serves both directions.
class Luminance {
public:
  explicit Luminance(const Picture &picture) : width_(picture.width), height_(picture.height) {
    values_.reserve(picture.rgb.size() / 3);
    for (std::size_t i = 0; i + 2 < picture.rgb.size(); i += 3) {
      values_.push_back((picture.rgb[i] * 77 + picture.rgb[i + 1] * 150 + picture.rgb[i + 2] * 29) >> 8);
    }
  }
  [[nodiscard]] int length(bool horizontal) const { return horizontal ? width_ : height_; }
  [[nodiscard]] int breadth(bool horizontal) const { return horizontal ? height_ : width_; }
  // `along` the scan direction, `across` it.
  [[nodiscard]] int at(int along, int across, bool horizontal) const {
    const int x = horizontal ? along : across;
    const int y = horizontal ? across : along;
    return values_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)];
  }

private:
  int width_;
  int height_;
  std::vector<int> values_;
};

// Darker (or lighter) than both sides, as a line of one pixel or the first of two.
bool on_line(const Luminance &luminance, int along, int across, bool horizontal) {
  const int here = luminance.at(along, across, horizontal);
  const int before = here - luminance.at(along, across - 1, horizontal);
  if (std::abs(before) < kContrast) {
    return false;
  }
  const auto same_side = [before](int after) { return std::abs(after) >= kContrast && (after > 0) == (before > 0); };
  if (same_side(here - luminance.at(along, across + 1, horizontal))) {
    return true;
  }
  return across + 2 < luminance.breadth(horizontal) && same_side(here - luminance.at(along, across + 2, horizontal));
}

std::vector<Ruling> scan(const Luminance &luminance, bool horizontal, int shortest) {
  std::vector<Ruling> found;
  for (int across = 1; across + 1 < luminance.breadth(horizontal); ++across) {
    int from = -1;
    int last = -1;
    int hits = 0;
    const auto close = [&] {
      // Nearly all of its pixels must be line: a row of small text is not.
      if (from >= 0 && last - from + 1 >= shortest && hits * 10 >= (last - from + 1) * 8) {
        found.push_back({across, from, last});
      }
      from = -1;
      hits = 0;
    };
    for (int along = 0; along < luminance.length(horizontal); ++along) {
      if (!on_line(luminance, along, across, horizontal)) {
        continue;
      }
      if (from >= 0 && along - last > kGap + 1) {
        close();
      }
      from = from < 0 ? along : from;
      last = along;
      ++hits;
    }
    close();
  }
  if (found.size() > kMostSegments) { // the longest are the grid
    std::nth_element(found.begin(), found.begin() + kMostSegments, found.end(),
                     [](const Ruling &a, const Ruling &b) { return a.to - a.from > b.to - b.from; });
    found.resize(kMostSegments);
  }
  return found;
}

// Segments at (nearly) the same place, as one line of the grid.
struct Line {
  int at = 0;
  int covered = 0; // pixels of all its segments
  int from = 0;
  int to = 0;
};

std::vector<Line> lines_of(std::vector<Ruling> segments) {
  std::sort(segments.begin(), segments.end(), [](const Ruling &a, const Ruling &b) { return a.at < b.at; });
  std::vector<Line> lines;
  for (const Ruling &segment : segments) {
    if (lines.empty() || segment.at - lines.back().at > kReach) {
      lines.push_back({segment.at, 0, segment.from, segment.to});
    }
    Line &line = lines.back();
    line.from = std::min(line.from, segment.from);
    line.to = std::max(line.to, segment.to);
  }
  for (Line &line : lines) { // the union of the segments' spans
    std::vector<std::pair<int, int>> spans;
    for (const Ruling &segment : segments) {
      if (segment.at >= line.at && segment.at - line.at <= kReach) {
        spans.emplace_back(segment.from, segment.to);
      }
    }
    std::sort(spans.begin(), spans.end());
    int end = -1;
    for (const auto &[from, to] : spans) {
      line.covered += std::max(0, to - std::max(from, end + 1) + 1);
      end = std::max(end, to);
    }
  }
  return lines;
}

// A grid's lines run (nearly) all along it; what merely touches it (a ribbon's separators, a frame's corner) does not.
void keep_long(std::vector<Line> &lines) {
  if (lines.empty()) {
    return;
  }
  std::vector<int> lengths;
  for (const Line &line : lines) {
    lengths.push_back(line.covered);
  }
  std::sort(lengths.begin(), lengths.end());
  const int typical = lengths[lengths.size() * 3 / 4];
  std::erase_if(lines, [typical](const Line &line) { return line.covered * 2 < typical; });
}

// Where the crossing lines end beyond the outermost cut, the last column (row) has no line of its own.
std::vector<int> cuts_of(const std::vector<Line> &lines, const std::vector<Line> &crossing) {
  std::vector<int> cuts;
  std::vector<int> begins;
  std::vector<int> ends;
  for (const Line &line : lines) {
    cuts.push_back(line.at);
  }
  for (const Line &line : crossing) {
    begins.push_back(line.from);
    ends.push_back(line.to);
  }
  std::sort(begins.begin(), begins.end());
  std::sort(ends.begin(), ends.end());
  const int begin = begins[begins.size() / 2];
  const int end = ends[ends.size() / 2];
  if (cuts.front() - begin > kOpenSide) {
    cuts.insert(cuts.begin(), begin);
  }
  if (end - cuts.back() > kOpenSide) {
    cuts.push_back(end);
  }
  return cuts;
}

} // namespace

Rulings find_rulings(const Picture &picture) {
  if (picture.width < 8 || picture.height < 8) {
    return {};
  }
  const Luminance luminance(picture);
  const int shortest = std::max(24, std::max(picture.width, picture.height) / 64); // longer than a letter is high
  return {scan(luminance, true, shortest), scan(luminance, false, shortest)};
}

std::vector<Grid> grids_of(const Rulings &rulings) {
  const std::size_t horizontals = rulings.horizontal.size();
  std::vector<std::size_t> leader(horizontals + rulings.vertical.size());
  std::iota(leader.begin(), leader.end(), 0U);
  const std::function<std::size_t(std::size_t)> find = [&leader](std::size_t i) {
    while (leader[i] != i) {
      i = leader[i] = leader[leader[i]];
    }
    return i;
  };
  for (std::size_t h = 0; h < horizontals; ++h) {
    const Ruling &row = rulings.horizontal[h];
    for (std::size_t v = 0; v < rulings.vertical.size(); ++v) {
      const Ruling &column = rulings.vertical[v];
      if (column.at >= row.from - kReach && column.at <= row.to + kReach && row.at >= column.from - kReach &&
          row.at <= column.to + kReach) {
        leader[find(h)] = find(horizontals + v);
      }
    }
  }
  std::map<std::size_t, Rulings> groups;
  for (std::size_t i = 0; i < leader.size(); ++i) {
    Rulings &group = groups[find(i)];
    if (i < horizontals) {
      group.horizontal.push_back(rulings.horizontal[i]);
    } else {
      group.vertical.push_back(rulings.vertical[i - horizontals]);
    }
  }
  std::vector<Grid> grids;
  for (auto &[id, group] : groups) {
    std::vector<Line> rows = lines_of(std::move(group.horizontal));
    std::vector<Line> columns = lines_of(std::move(group.vertical));
    keep_long(rows);
    keep_long(columns);
    if (rows.size() < 2 || columns.size() < 2) {
      continue;
    }
    Grid grid{cuts_of(columns, rows), cuts_of(rows, columns)};
    if (grid.xs.size() >= 3 && grid.ys.size() >= 3) {
      grids.push_back(std::move(grid));
    }
  }
  return grids;
}

} // namespace yanxing::screen
