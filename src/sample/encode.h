// From a sample to the tokens that a model sees and the ones it is to say, byte for byte what happens when it is used:
// decisions through text/prompt and the product's own reading of the words (repair, parting of compound sentences).
#pragma once

#include "action/registry.h"
#include "base/result.h"
#include "llm/engine.h"
#include "pack/packer.h"
#include "sample/media_writer.h"
#include "sample/sample.h"
#include "text/repair.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace yanxing::sample {

// What encoding asks of a vocabulary.
struct Tokenizer {
  Tokenize tokenize;
  llm::Token end_of_turn = 0;
};

struct Encoded {
  std::vector<std::int64_t> tokens;
  std::vector<std::pair<std::int64_t, std::int64_t>> supervised; // half-open ranges of `tokens`
  std::vector<pack::ItemMedia> media;                            // pictures and sounds among the tokens
};

struct EncodedSample {
  std::vector<Encoded> parts;    // one; a compound sentence that is decided request by request has several
  std::vector<Encoded> rejected; // DPO: the same with the worse answer; empty: there is none
  std::optional<bool> label;     // KTO
};

class Encoder {
public:
  // `repairer` may be null (then words are taken as they are); `own` are the actions of rows that name none; `media` is
  // null for a model that only reads: then decisions are learned from the screen's elements alone, and conversations
  // with pictures or sounds are errors. All outlive the encoder.
  Encoder(Tokenizer tokenizer, const text::Repairer *repairer, const action::Registry *own,
          const MediaWriter *media = nullptr)
      : tokenizer_(std::move(tokenizer)), repairer_(repairer), own_(own), media_(media) {}

  // Error names the sample and why it cannot be encoded.
  Result<EncodedSample> encode(const Sample &sample);

private:
  struct MediaUse { // of a conversation's pictures and sounds, how many stand in the messages so far
    std::size_t images = 0;
    std::size_t audios = 0;
  };

  // `gold` is what the row's words are answered with.
  Result<std::vector<Encoded>> decision(const eval::Row &row, const eval::Gold &gold, const std::string &where);
  Result<Encoded> conversation(const Conversation &conversation, const std::string *last_answer) const;
  [[nodiscard]] Result<Conversation> with_media(Conversation conversation) const;
  Status question(Encoded &to, const std::string &text, const Conversation &conversation, MediaUse &used) const;
  Result<const action::Registry *> registry_of(const eval::Row &row);
  // `request` is empty where the row's recording is heard instead.
  [[nodiscard]] Result<Encoded> turn(const text::TurnContext &context, const std::string &request,
                                     const std::vector<Action> &actions, const eval::Row &row) const;
  void add(Encoded &to, const std::string &text, bool special) const;
  void answer(Encoded &to, const std::string &text) const;

  Tokenizer tokenizer_;
  const text::Repairer *repairer_;
  const action::Registry *own_;
  const MediaWriter *media_;
  std::map<std::string, action::Registry> by_path_;
  Json last_inline_; // rows of a group name the same actions
  action::Registry last_registry_;
  mutable std::unordered_map<std::string, std::vector<llm::Token>> kept_; // tokens of texts that come again and again
};

// For packing; `sample` is the data set's index.
pack::Item item_of(const Encoded &encoded, std::int64_t sample);

} // namespace yanxing::sample
