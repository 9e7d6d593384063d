// What a model is trained on: decisions (DESIGN section 2's form, the rows that `yanxing eval` reads) and conversations
// (ms-swift's forms), read one by one.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "eval/dataset.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::sample {

struct Message {
  std::string role;     // system, user, assistant, tool
  std::string content;  // text; pictures and audio stand in it as <image>, <audio>
  bool learned = false; // the model learns to say this
};

struct Conversation {
  std::vector<Message> messages;
  Json tools;                          // null, or an OpenAI tools array
  std::optional<std::string> rejected; // DPO: the worse last answer
  std::optional<bool> label;           // KTO: whether the last answer is a good one
  std::vector<std::filesystem::path> images;
  std::vector<std::filesystem::path> audios;
  Json objects; // {"ref":…,"bbox":…,"bbox_type":…}, as written
};

struct Sample {
  std::string where; // "file:line"
  std::optional<eval::Row> decision;
  std::optional<Conversation> conversation; // exactly one of the two is set
  // Of a decision; a conversation has its own.
  std::optional<eval::Gold> rejected; // DPO: "rejected_action", the worse decision
  std::optional<bool> label;          // KTO: whether the action is a good one
};

// A sample from one row; `folder` is where relative file names start. Forms of conversations: messages (OpenAI,
// ms-swift), conversations (ShareGPT), query/response/history, instruction/input/output (Alpaca). The error says
// `where` and what was expected.
Result<Sample> sample_from_json(const Json &json, const std::filesystem::path &folder, const std::string &where);

} // namespace yanxing::sample
