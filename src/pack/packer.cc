// How rows are made. A row is a forest of token runs (a radix tree of the samples in it). Items are first parted into
// families that begin alike; L0 is what all items of a family share. Consecutive items that share more than that are
// bundled while the bundle fits a row. Bundles go into rows by best fit decreasing (Johnson 1973: at most 11/9 OPT + 4
// rows), where a bundle costs its tokens beyond L0 and a row starts with L0.
//
// Media: while rows are made, a picture's placeholder tokens are replaced by one number below zero that only this
// source has, so that whatever compares tokens tells pictures apart.
#include "pack/packer.h"

#include <algorithm>
#include <map>
#include <memory>

namespace yanxing::pack {
namespace {

using Tokens = std::vector<std::int64_t>;

// Items inserted so far, as a radix tree; a node's run is a range of one item's tokens.
class Forest {
public:
  explicit Forest(const PackSettings &settings) : settings_(settings) {}

  void insert(const Item &item) {
    std::int64_t node = -1;
    std::int64_t at = 0;
    const auto length = static_cast<std::int64_t>(item.tokens.size());
    while (at < length) {
      const auto [child, common] = settings_.share_prefixes ? best_child(node, item.tokens, at) : Match{};
      if (child < 0) {
        add(node, item, at, length);
        node = static_cast<std::int64_t>(nodes_.size()) - 1;
        break;
      }
      if (common < nodes_[index(child)].length()) {
        split(child, common);
      }
      node = child;
      at += common;
    }
    items_.push_back({&item, node});
  }

  [[nodiscard]] std::int64_t size() const { return size_; }

  [[nodiscard]] PackedRow row() const {
    PackedRow row;
    std::vector<std::int64_t> begins(nodes_.size(), 0);
    std::vector<std::int64_t> segments(nodes_.size(), -1);
    std::vector<std::int64_t> positions(nodes_.size(), 0); // of a node's first token
    const auto lay = [&](const auto &self, std::int64_t id) -> void {
      const auto &node = nodes_[index(id)];
      begins[index(id)] = static_cast<std::int64_t>(row.tokens.size());
      segments[index(id)] = static_cast<std::int64_t>(row.segments.size());
      positions[index(id)] = node.parent < 0 ? 0 : positions[index(node.parent)] + nodes_[index(node.parent)].length();
      row.segments.push_back(
          {begins[index(id)], begins[index(id)] + node.length(), node.parent < 0 ? -1 : segments[index(node.parent)]});
      for (auto i = node.begin; i < node.end; ++i) {
        row.positions.push_back(positions[index(id)] + i - node.begin);
        row.tokens.push_back(node.item->tokens[index(i)]);
      }
      lay_media(node, begins[index(id)], row);
      for (const auto child : node.children) {
        self(self, child);
      }
    };
    for (const auto root : roots_) {
      lay(lay, root);
    }
    add_axes(row);
    for (const auto &[item, leaf] : items_) {
      add_targets(*item, leaf, begins, row);
      row.samples.push_back(item->sample);
    }
    std::stable_sort(row.targets.begin(), row.targets.end(),
                     [](const Target &a, const Target &b) { return a.at < b.at; });
    return row;
  }

private:
  struct Node {
    const Item *item = nullptr;
    std::int64_t begin =
        0; // of the run, in the item's tokens; also its depth, since every path is a beginning of an item
    std::int64_t end = 0;
    std::int64_t parent = -1;
    std::vector<std::int64_t> children;
    [[nodiscard]] std::int64_t length() const { return end - begin; }
  };
  struct Match {
    std::int64_t child = -1;
    std::int64_t common = 0;
  };
  struct Placed {
    const Item *item;
    std::int64_t leaf;
  };

  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
  std::vector<std::int64_t> &children_of(std::int64_t node) { return node < 0 ? roots_ : nodes_[index(node)].children; }

  // A picture lies within one node: items that share its beginning share all of it.
  static void lay_media(const Node &node, std::int64_t at, PackedRow &row) {
    for (const auto &media : node.item->media) {
      if (media.begin >= node.begin && media.end <= node.end) {
        row.media.push_back({at + media.begin - node.begin, at + media.end - node.begin, media.source});
      }
    }
  }

  void add_axes(PackedRow &row) const {
    if (row.media.empty()) {
      return;
    }
    row.axes.resize(row.tokens.size());
    std::int64_t at = 0;
    const auto lay = [&](const auto &self, std::int64_t id) -> void {
      const auto &node = nodes_[index(id)];
      const auto axes = axes_of(*node.item);
      std::copy(axes.begin() + node.begin, axes.begin() + node.end, row.axes.begin() + at);
      at += node.length();
      for (const auto child : node.children) {
        self(self, child);
      }
    };
    for (const auto root : roots_) {
      lay(lay, root);
    }
  }

  Match best_child(std::int64_t node, const Tokens &tokens, std::int64_t at) {
    Match best;
    for (const auto child : children_of(node)) {
      const auto &run = nodes_[index(child)];
      std::int64_t common = 0;
      while (common < run.length() && at + common < static_cast<std::int64_t>(tokens.size()) &&
             run.item->tokens[index(run.begin + common)] == tokens[index(at + common)]) {
        ++common;
      }
      const bool worth = common >= settings_.least_shared || (common > 0 && common == run.length());
      if (worth && common > best.common) {
        best = {child, common};
      }
    }
    return best;
  }

  void add(std::int64_t parent, const Item &item, std::int64_t begin, std::int64_t end) {
    const auto id = static_cast<std::int64_t>(nodes_.size());
    nodes_.push_back({&item, begin, end, parent, {}});
    children_of(parent).push_back(id);
    size_ += end - begin;
  }

  // The node keeps its first `length` tokens; the rest becomes its only child.
  void split(std::int64_t id, std::int64_t length) {
    const auto rest = static_cast<std::int64_t>(nodes_.size());
    auto lower = nodes_[index(id)];
    lower.begin += length;
    lower.parent = id;
    for (const auto child : lower.children) {
      nodes_[index(child)].parent = rest;
    }
    nodes_.push_back(std::move(lower));
    auto &upper = nodes_[index(id)];
    upper.end = upper.begin + length;
    upper.children = {rest};
    for (auto &placed : items_) {
      placed.leaf = placed.leaf == id ? rest : placed.leaf;
    }
  }

  void add_targets(const Item &item, std::int64_t leaf, const std::vector<std::int64_t> &begins, PackedRow &row) const {
    std::vector<std::int64_t> path;
    for (auto node = leaf; node >= 0; node = nodes_[index(node)].parent) {
      path.push_back(node);
    }
    std::reverse(path.begin(), path.end());
    std::size_t step = 0;
    const auto place_of = [&](std::int64_t depth) { // asked for in rising order
      while (depth >= nodes_[index(path[step])].end) {
        ++step;
      }
      return begins[index(path[step])] + depth - nodes_[index(path[step])].begin;
    };
    for (const auto &[begin, end] : item.supervised) {
      for (auto i = std::max<std::int64_t>(begin, 1); i < end; ++i) {
        row.targets.push_back(
            {place_of(i - 1), item.tokens[index(i)], item.weight, static_cast<std::int64_t>(row.samples.size())});
      }
    }
  }

  const PackSettings settings_;
  std::vector<Node> nodes_;
  std::vector<std::int64_t> roots_;
  std::vector<Placed> items_;
  std::int64_t size_ = 0;
};

// What may not be parted: an item, or a group.
using Unit = std::vector<const Item *>;

struct Bundle {
  std::vector<const Item *> items;
  std::int64_t size = 0;
};

std::int64_t common_length(const Tokens &a, const Tokens &b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

std::int64_t common_to_all(const std::vector<Unit> &family) {
  const auto &first = family.front().front()->tokens;
  auto common = static_cast<std::int64_t>(first.size());
  for (const auto &unit : family) {
    for (const auto *item : unit) {
      common = std::min(common, common_length(first, item->tokens));
    }
  }
  return common;
}

void insert(Forest &forest, const Unit &unit) {
  for (const auto *item : unit) {
    forest.insert(*item);
  }
}

std::int64_t size_of(const Unit &unit, const PackSettings &settings) {
  if (unit.size() == 1) {
    return static_cast<std::int64_t>(unit.front()->tokens.size());
  }
  Forest forest(settings);
  insert(forest, unit);
  return forest.size();
}

std::vector<Bundle> bundles_of(const std::vector<Unit> &family, std::int64_t base, const PackSettings &settings) {
  std::vector<Bundle> bundles;
  std::unique_ptr<Forest> forest;
  for (const auto &unit : family) {
    const bool near =
        settings.share_prefixes && forest != nullptr &&
        common_length(bundles.back().items.back()->tokens, unit.front()->tokens) >= base + settings.least_shared;
    if (near) {
      auto grown = std::make_unique<Forest>(*forest);
      insert(*grown, unit);
      if (grown->size() <= settings.max_length) {
        forest = std::move(grown);
        bundles.back().items.insert(bundles.back().items.end(), unit.begin(), unit.end());
        bundles.back().size = forest->size();
        continue;
      }
    }
    forest = std::make_unique<Forest>(settings);
    insert(*forest, unit);
    bundles.push_back({unit, forest->size()});
  }
  return bundles;
}

PackedRow row_of(const std::vector<const Bundle *> &bundles, const PackSettings &settings) {
  Forest forest(settings);
  for (const auto *bundle : bundles) {
    for (const auto *item : bundle->items) {
      forest.insert(*item);
    }
  }
  return forest.row();
}

void pack_family(const std::vector<Unit> &family, const PackSettings &settings, std::vector<PackedRow> &rows) {
  const auto base = settings.share_prefixes ? common_to_all(family) : 0;
  const auto shared = base >= settings.least_shared ? base : 0;
  auto bundles = bundles_of(family, shared, settings);
  std::stable_sort(bundles.begin(), bundles.end(), [](const Bundle &a, const Bundle &b) { return a.size > b.size; });
  std::vector<std::vector<const Bundle *>> bins;
  std::multimap<std::int64_t, std::size_t> room; // tokens left → bin
  for (const auto &bundle : bundles) {
    const auto cost = bundle.size - shared;
    auto fit = room.lower_bound(cost);
    if (fit == room.end()) {
      bins.emplace_back();
      fit = room.emplace(settings.max_length - shared, bins.size() - 1);
    }
    const auto [left, bin] = *fit;
    room.erase(fit);
    bins[bin].push_back(&bundle);
    room.emplace(left - cost, bin);
  }
  for (auto &bin : bins) {
    auto row = row_of(bin, settings);
    // Trees of several bundles may share a few tokens less than each by itself; then the last ones get rows of their
    // own.
    while (static_cast<std::int64_t>(row.tokens.size()) > settings.max_length) {
      rows.push_back(row_of({bin.back()}, settings));
      bin.pop_back();
      row = row_of(bin, settings);
    }
    rows.push_back(std::move(row));
  }
}

std::vector<Unit> units_of(const std::vector<Item> &items) {
  std::vector<Unit> units;
  for (const auto &item : items) {
    if (item.tokens.empty()) {
      continue;
    }
    if (item.group >= 0 && !units.empty() && units.back().front()->group == item.group) {
      units.back().push_back(&item);
    } else {
      units.push_back({&item});
    }
  }
  return units;
}

Packing pack_plain(const std::vector<Item> &items, const PackSettings &settings) {
  Packing packing;
  std::map<Tokens, std::vector<Unit>> families; // by their first tokens
  std::vector<Unit> alone;
  for (auto &unit : units_of(items)) {
    if (size_of(unit, settings) > settings.max_length) {
      for (const auto *item : unit) {
        packing.too_long.push_back(item->sample);
      }
      continue;
    }
    const auto &tokens = unit.front()->tokens;
    const auto length = static_cast<std::int64_t>(tokens.size());
    const auto head = settings.share_prefixes ? std::min(length, settings.least_shared) : 0;
    families[Tokens(tokens.begin(), tokens.begin() + head)].push_back(std::move(unit));
  }
  for (const auto &[head, family] : families) {
    if (family.size() == 1 && family.front().size() == 1) {
      alone.push_back(family.front()); // nothing to share: all of these are packed together
    } else {
      pack_family(family, settings, packing.rows);
    }
  }
  if (!alone.empty()) {
    auto plain = settings;
    plain.share_prefixes = false;
    pack_family(alone, plain, packing.rows);
  }
  return packing;
}

// Placeholders of source s become −1 − s.
std::vector<Item> told_apart(std::vector<Item> items) {
  for (auto &item : items) {
    for (const auto &media : item.media) {
      std::fill(item.tokens.begin() + media.begin, item.tokens.begin() + media.end, -1 - media.source);
    }
  }
  return items;
}

} // namespace

std::vector<Axes> axes_of(const Item &item) {
  std::vector<Axes> axes(item.tokens.size());
  std::int64_t next = 0; // the position of the next token of text
  std::size_t at = 0;
  const auto text_until = [&](std::int64_t end) {
    for (; at < static_cast<std::size_t>(end); ++at, ++next) {
      axes[at] = {next, next, next};
    }
  };
  for (const auto &media : item.media) {
    text_until(media.width == 0 ? media.end : media.begin);
    for (std::int64_t i = 0; at < static_cast<std::size_t>(media.end); ++at, ++i) {
      axes[at] = {next, next + i / media.width, next + i % media.width};
    }
    next += std::max(media.height, media.width);
  }
  text_until(static_cast<std::int64_t>(item.tokens.size()));
  return axes;
}

Packing pack(const std::vector<Item> &items, const PackSettings &settings) {
  if (std::all_of(items.begin(), items.end(), [](const Item &item) { return item.media.empty(); })) {
    return pack_plain(items, settings);
  }
  std::map<std::int64_t, std::int64_t> placeholders; // source → its token
  for (const auto &item : items) {
    for (const auto &media : item.media) {
      placeholders[media.source] = item.tokens[static_cast<std::size_t>(media.begin)];
    }
  }
  const auto apart = told_apart(items);
  auto packing = pack_plain(apart, settings);
  for (auto &row : packing.rows) {
    for (const auto &media : row.media) {
      std::fill(row.tokens.begin() + media.begin, row.tokens.begin() + media.end, placeholders.at(media.source));
    }
  }
  return packing;
}

} // namespace yanxing::pack
