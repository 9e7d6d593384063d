#include "sample/prepare.h"

#include "sample/dataset.h"

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

class Preparation {
public:
  Preparation(Encoder &encoder, const PrepareSettings &settings) : encoder_(encoder), settings_(settings) {}

  Status add(const Result<Sample> &sample) {
    auto encoded = sample ? encoder_.encode(*sample) : Result<EncodedSample>(sample.error());
    if (!encoded) {
      return encoded.error();
    }
    const auto index = static_cast<std::int64_t>(prepared_.samples);
    auto &window = held_back(prepared_.samples, settings_.validation) ? held_ : learned_;
    for (const auto &part : encoded->parts) {
      window.push_back(item_of(part, index));
      prepared_.tokens += static_cast<std::int64_t>(part.tokens.size());
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
  void pack_into(std::vector<pack::Item> &items, std::vector<pack::PackedRow> &rows) {
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
