#include "sample/prepare.h"

#include "pack/sides.h"
#include "sample/dataset.h"

#include <algorithm>
#include <iterator>

namespace yanxing::sample {
namespace {

constexpr std::size_t kBlock = 64;

// The same blocks for the same share, whatever else is read: block k is held back where the count of held ones must
// rise.
bool held_back(std::size_t sample, double share) {
  const auto block = static_cast<double>(sample / kBlock);
  return static_cast<long>((block + 1) * share) > static_cast<long>(block * share);
}

// Its last answer alone is judged: what was said before is the same on both sides.
pack::Item side_of(const Encoded &part, std::int64_t index, pack::Side side) {
  auto item = item_of(part, pack::sample_of(index, side));
  item.group = index;
  if (item.supervised.size() > 1) {
    item.supervised.erase(item.supervised.begin(), item.supervised.end() - 1);
  }
  return item;
}

bool same(const std::vector<Encoded> &a, const std::vector<Encoded> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Encoded &x, const Encoded &y) { return x.tokens == y.tokens; });
}

// The one's prompt with the other's answer.
pack::Item mismatched(const pack::Item &prompt, const pack::Item &answer) {
  const auto begin = prompt.supervised.back().first;
  const auto [from, to] = answer.supervised.back();
  pack::Item item = prompt;
  item.sample = pack::sample_of(pack::index_of(prompt.sample), pack::Side::kMismatched);
  item.tokens.resize(static_cast<std::size_t>(begin));
  item.tokens.insert(item.tokens.end(), answer.tokens.begin() + from, answer.tokens.begin() + to);
  item.supervised = {{begin, static_cast<std::int64_t>(item.tokens.size())}};
  return item;
}

// Each labelled answer with a mismatched one behind it, from the sample before; none where there is no other.
std::vector<pack::Item> with_mismatched(const std::vector<pack::Item> &labelled) {
  std::vector<pack::Item> items;
  for (std::size_t i = 0; i < labelled.size(); ++i) {
    items.push_back(labelled[i]);
    const auto &other = labelled[(i + labelled.size() - 1) % labelled.size()];
    if (other.group != labelled[i].group) {
      items.push_back(mismatched(labelled[i], other));
    }
  }
  return items;
}

class Preparation {
public:
  Preparation(Encoder &encoder, const PrepareSettings &settings) : encoder_(encoder), settings_(settings) {}

  Status add(const Result<Sample> &sample) {
    auto encoded = sample ? encoder_.encode(*sample) : Result<EncodedSample>(sample.error());
    if (!encoded) {
      return encoded.error();
    }
    const auto items = items_of(*encoded, static_cast<std::int64_t>(prepared_.samples));
    if (!items) {
      return Error{(sample->where) + ": " + items.error().what, items.error().hint};
    }
    auto &window = held_back(prepared_.samples, settings_.validation) ? held_ : learned_;
    for (const auto &item : *items) {
      window.push_back(item);
      prepared_.tokens += static_cast<std::int64_t>(item.tokens.size());
      ++prepared_.sequences;
    }
    ++prepared_.samples;
    return {};
  }

  [[nodiscard]] bool full() const { return learned_.size() + held_.size() >= settings_.window; }

  void flush() {
    pack_into(learned_, prepared_.rows);
    pack_into(held_, prepared_.validation);
  }

  Prepared take() && { return std::move(prepared_); }
  Prepared &prepared() { return prepared_; }

private:
  [[nodiscard]] Result<std::vector<pack::Item>> items_of(const EncodedSample &sample, std::int64_t index) const {
    std::vector<pack::Item> items;
    const auto add = [&](const std::vector<Encoded> &parts, pack::Side side) {
      for (const auto &part : parts) {
        items.push_back(settings_.answers == Answers::kLearned ? item_of(part, index) : side_of(part, index, side));
      }
    };
    if (settings_.answers == Answers::kPairs && sample.rejected.empty()) {
      return Error{"a pair needs a worse answer beside the better one",
                   R"(Add "rejected_response" to messages, "rejected_action" to decisions)"};
    }
    if (settings_.answers == Answers::kPairs && same(sample.parts, sample.rejected)) {
      return Error{"the worse answer is the same as the better one", ""};
    }
    if (settings_.answers == Answers::kLabelled && sample.rejected.empty() && !sample.label) {
      return Error{R"(an answer to be judged needs a "label", true or false)", ""};
    }
    add(sample.parts, sample.label.value_or(true) ? pack::Side::kChosen : pack::Side::kRejected);
    if (settings_.answers != Answers::kLearned) { // a pair without labels is a good answer and a bad one
      add(sample.rejected, pack::Side::kRejected);
    }
    return items;
  }

  void pack_into(std::vector<pack::Item> &items, std::vector<pack::PackedRow> &rows) {
    if (settings_.answers == Answers::kLabelled) {
      items = with_mismatched(items);
    }
    auto packing = pack::pack(items, settings_.packing);
    prepared_.too_long += packing.too_long.size();
    rows.insert(rows.end(), std::make_move_iterator(packing.rows.begin()), std::make_move_iterator(packing.rows.end()));
    items.clear();
  }

  Encoder &encoder_;
  const PrepareSettings &settings_;
  std::vector<pack::Item> learned_;
  std::vector<pack::Item> held_;
  Prepared prepared_;
};

} // namespace

Result<Prepared> prepare(const std::vector<std::string> &datasets, Encoder &encoder, const PrepareSettings &settings,
                         const std::function<void(const Error &)> &on_bad,
                         const std::function<void(std::size_t)> &on_progress) {
  Preparation preparation(encoder, settings);
  for (const auto &name : datasets) {
    auto reader = SampleReader::open(name);
    if (!reader) {
      return reader.error();
    }
    while (const auto sample = reader->next()) {
      if (const auto added = preparation.add(*sample); !added) {
        if (settings.strict) {
          return added.error();
        }
        ++preparation.prepared().bad_rows;
        if (on_bad) {
          on_bad(added.error());
        }
      }
      if (preparation.full()) {
        preparation.flush();
        if (on_progress) {
          on_progress(preparation.prepared().samples);
        }
      }
    }
  }
  preparation.flush();
  if (preparation.prepared().samples == 0) {
    return Error{"the data sets hold no sample to learn from", "Look at the rows that were left out"};
  }
  return std::move(preparation).take();
}

} // namespace yanxing::sample
