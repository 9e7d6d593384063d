// Packing against its definition: every sample must be found again in its row, token by token along its path, seeing
// nothing else, with positions that count from its own beginning and with exactly its own targets.
#include "pack/packer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace yanxing::pack {
namespace {

using Random = std::mt19937;

long draw(Random &random, long low, long high) {
  return low + static_cast<long>(random() % static_cast<unsigned>(high - low + 1));
}

std::vector<std::int64_t> some_tokens(Random &random, long count) {
  std::vector<std::int64_t> tokens;
  for (long i = 0; i < count; ++i) {
    tokens.push_back(draw(random, 0, 30));
  }
  return tokens;
}

// Groups with a common beginning, as training data has them; and loners.
std::vector<Item> some_items(unsigned seed) {
  Random random(seed);
  const auto instructions = some_tokens(random, draw(random, 0, 60));
  std::vector<Item> items;
  for (long group = 0; group < 12; ++group) {
    auto prefix = draw(random, 0, 4) == 0 ? std::vector<std::int64_t>{} : instructions;
    const auto own = some_tokens(random, draw(random, 0, 80));
    prefix.insert(prefix.end(), own.begin(), own.end());
    for (long member = draw(random, 1, 9); member > 0; --member) {
      Item item;
      item.sample = static_cast<std::int64_t>(items.size());
      item.tokens = prefix;
      const auto rest = some_tokens(random, draw(random, 1, 40));
      item.tokens.insert(item.tokens.end(), rest.begin(), rest.end());
      const auto end = static_cast<std::int64_t>(item.tokens.size());
      item.supervised = {{draw(random, 0, end - 1), end}};
      item.weight = 0.5F;
      items.push_back(std::move(item));
    }
  }
  return items;
}

// Tokens on the path from the root to the end of `segment`, and where they stand in the row.
std::vector<std::int64_t> path_places(const PackedRow &row, std::int64_t segment) {
  std::vector<std::int64_t> places;
  for (; segment >= 0; segment = row.segments[static_cast<std::size_t>(segment)].parent) {
    const auto &s = row.segments[static_cast<std::size_t>(segment)];
    std::vector<std::int64_t> own;
    for (auto i = s.begin; i < s.end; ++i) {
      own.push_back(i);
    }
    places.insert(places.begin(), own.begin(), own.end());
  }
  return places;
}

void expect_well_formed(const PackedRow &row, std::int64_t max_length) {
  ASSERT_LE(static_cast<std::int64_t>(row.tokens.size()), max_length);
  ASSERT_EQ(row.tokens.size(), row.positions.size());
  std::int64_t at = 0;
  for (std::size_t i = 0; i < row.segments.size(); ++i) {
    const auto &segment = row.segments[i];
    ASSERT_EQ(segment.begin, at) << "segments cover the row without gaps";
    ASSERT_GT(segment.end, segment.begin);
    ASSERT_LT(segment.parent, static_cast<std::int64_t>(i)) << "parents stand before children";
    at = segment.end;
    const auto places = path_places(row, static_cast<std::int64_t>(i));
    for (std::size_t depth = 0; depth < places.size(); ++depth) {
      ASSERT_EQ(row.positions[static_cast<std::size_t>(places[depth])], static_cast<std::int64_t>(depth));
    }
  }
  ASSERT_EQ(at, static_cast<std::int64_t>(row.tokens.size()));
  ASSERT_TRUE(std::is_sorted(row.targets.begin(), row.targets.end(), [](auto &a, auto &b) { return a.at < b.at; }));
}

// A segment whose path is the item's tokens (or holds them as its beginning), on which all its targets lie.
void expect_item(const PackedRow &row, std::size_t slot, const Item &item) {
  std::map<std::int64_t, std::int64_t> targets; // place → token
  for (const auto &target : row.targets) {
    if (target.sample == static_cast<std::int64_t>(slot)) {
      ASSERT_TRUE(targets.emplace(target.at, target.token).second);
      ASSERT_EQ(target.weight, item.weight);
    }
  }
  bool found = false;
  for (std::size_t s = 0; s < row.segments.size() && !found; ++s) {
    const auto places = path_places(row, static_cast<std::int64_t>(s));
    if (places.size() < item.tokens.size()) {
      continue;
    }
    bool same = true;
    for (std::size_t i = 0; i < item.tokens.size() && same; ++i) {
      same = row.tokens[static_cast<std::size_t>(places[i])] == item.tokens[i];
    }
    if (!same) {
      continue;
    }
    std::map<std::int64_t, std::int64_t> wanted;
    for (const auto &[begin, end] : item.supervised) {
      for (auto i = std::max<std::int64_t>(1, begin); i < end; ++i) {
        wanted[places[static_cast<std::size_t>(i - 1)]] = item.tokens[static_cast<std::size_t>(i)];
      }
    }
    found = wanted == targets;
  }
  EXPECT_TRUE(found) << "sample " << item.sample;
}

class Packer : public testing::TestWithParam<std::tuple<unsigned, bool>> {};

TEST_P(Packer, EverySampleIsThereOnceAndWhole) {
  const auto [seed, share] = GetParam();
  const auto items = some_items(seed);
  constexpr std::int64_t kMost = 150;
  const auto packing = pack(items, {kMost, share, 8});
  std::set<std::int64_t> seen(packing.too_long.begin(), packing.too_long.end());
  for (const auto sample : packing.too_long) {
    EXPECT_GT(items[static_cast<std::size_t>(sample)].tokens.size(), static_cast<std::size_t>(kMost));
  }
  for (const auto &row : packing.rows) {
    expect_well_formed(row, kMost);
    for (std::size_t slot = 0; slot < row.samples.size(); ++slot) {
      EXPECT_TRUE(seen.insert(row.samples[slot]).second) << "twice: " << row.samples[slot];
      expect_item(row, slot, items[static_cast<std::size_t>(row.samples[slot])]);
    }
  }
  EXPECT_EQ(seen.size(), items.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Packer, testing::Combine(testing::Range(1U, 25U), testing::Bool()));

TEST(Packer, SharesWhatAGroupHasInCommon) {
  std::vector<Item> items;
  for (std::int64_t i = 0; i < 8; ++i) {
    Item item{i, std::vector<std::int64_t>(100, 7), {}, 1};
    item.tokens.push_back(100 + i);
    item.supervised = {{100, 101}};
    items.push_back(std::move(item));
  }
  const auto packing = pack(items, {128, true, 16});
  ASSERT_EQ(packing.rows.size(), 1U);
  const auto &row = packing.rows.front();
  EXPECT_EQ(row.tokens.size(), 108U);
  ASSERT_EQ(row.targets.size(), 8U); // all are predicted from the last shared token, each for its own sample
  for (const auto &target : row.targets) {
    EXPECT_EQ(target.at, 99);
    EXPECT_EQ(target.token, 100 + row.samples[static_cast<std::size_t>(target.sample)]);
  }
}

TEST(Packer, AGroupStaysInOneRow) {
  for (const bool shared : {true, false}) {
    auto items = some_items(3);
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].group = static_cast<std::int64_t>(i / 3);
    }
    const auto packing = pack(items, {300, shared, 16});
    std::map<std::int64_t, std::set<std::size_t>> rows_of; // group → rows
    std::map<std::int64_t, std::size_t> found;
    for (std::size_t r = 0; r < packing.rows.size(); ++r) {
      expect_well_formed(packing.rows[r], 300);
      for (const auto sample : packing.rows[r].samples) {
        rows_of[sample / 3].insert(r);
        ++found[sample / 3];
      }
    }
    EXPECT_GT(rows_of.size(), 4U);
    for (const auto &[group, rows] : rows_of) {
      EXPECT_EQ(rows.size(), 1U) << group;
    }
    const auto left_out = std::set<std::int64_t>(packing.too_long.begin(), packing.too_long.end());
    for (const auto sample : left_out) {
      EXPECT_EQ(found.count(sample / 3), 0U) << "a group that does not fit is left out whole";
    }
    EXPECT_TRUE(shared || !left_out.empty()) << "three side by side do not always fit";
  }
}

TEST(Packer, FillsRowsNearlyFull) {
  Random random(3);
  std::vector<Item> items;
  std::int64_t tokens = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    items.push_back({i, some_tokens(random, draw(random, 10, 400)), {{1, 2}}, 1});
    tokens += static_cast<std::int64_t>(items.back().tokens.size());
  }
  const auto packing = pack(items, {512, false, 16});
  const auto least = static_cast<std::size_t>((tokens + 511) / 512);
  EXPECT_LE(packing.rows.size(), least + least / 20 + 1) << "best fit decreasing wastes little on mixed lengths";
}

TEST(Packer, ASampleThatIsTheBeginningOfAnotherKeepsItsTargets) {
  const std::vector<std::int64_t> whole(40, 5);
  const std::vector<std::int64_t> half(20, 5);
  const auto packing = pack({{0, whole, {{39, 40}}, 1}, {1, half, {{19, 20}}, 1}}, {64, true, 16});
  ASSERT_EQ(packing.rows.size(), 1U);
  EXPECT_EQ(packing.rows[0].tokens.size(), 40U);
  EXPECT_EQ(packing.rows[0].targets.size(), 2U);
}

// A picture of 2 × 3 tokens (placeholder 9) after two tokens of text, then what is asked and answered.
Item with_picture(std::int64_t sample, std::int64_t source, std::int64_t last) {
  Item item{sample, {1, 2, 9, 9, 9, 9, 9, 9, 3, last}, {{9, 10}}, 1};
  item.media = {{2, 8, source, 2, 3}};
  return item;
}

TEST(Packer, APictureLiesOnAGridAndTextGoesOnBehindIt) {
  const auto axes = axes_of(with_picture(0, 0, 7));
  const std::vector<Axes> expected{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {2, 2, 3}, {2, 2, 4},
                                   {2, 3, 2}, {2, 3, 3}, {2, 3, 4}, {5, 5, 5}, {6, 6, 6}};
  EXPECT_EQ(axes, expected);
  Item sound{0, {1, 9, 9, 2}, {}, 1};
  sound.media = {{1, 3, 0, 0, 0}};
  EXPECT_EQ(axes_of(sound), (std::vector<Axes>{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {3, 3, 3}}));
}

TEST(Packer, TheSamePictureStandsOnceAndAnotherIsNotTakenForIt) {
  const std::vector<Item> items{with_picture(0, 0, 7), with_picture(1, 0, 8), with_picture(2, 1, 7)};
  const auto packing = pack(items, {64, true, 2});
  ASSERT_EQ(packing.rows.size(), 1U);
  const auto &row = packing.rows.front();
  std::set<std::int64_t> sources;
  for (const auto &media : row.media) {
    EXPECT_TRUE(sources.insert(media.source).second) << "a picture that two samples share stands twice";
    EXPECT_EQ(media.end - media.begin, 6);
    for (auto i = media.begin; i < media.end; ++i) {
      EXPECT_EQ(row.tokens[static_cast<std::size_t>(i)], 9) << "the placeholder is back";
    }
  }
  EXPECT_EQ(sources.size(), 2U);
  ASSERT_EQ(row.axes.size(), row.tokens.size());
  for (std::size_t slot = 0; slot < items.size(); ++slot) {
    expect_item(row, slot, items[static_cast<std::size_t>(row.samples[slot])]);
  }
}

TEST(Packer, RowsWithoutPicturesHaveOnePosition) {
  const auto packing = pack({{0, {1, 2, 3}, {{1, 3}}, 1}}, {64, true, 2});
  EXPECT_TRUE(packing.rows.at(0).axes.empty());
}

} // namespace
} // namespace yanxing::pack
