#include "training/lessons.h"

#include "base/files.h"
#include "base/paths.h"
#include "text/pinyin.h"
#include "text/repair.h"

namespace yanxing::training {
namespace {

constexpr std::size_t kHeldOneIn = 4;

void share_out(const std::vector<Json> &rows, Lessons &lessons) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    (i % kHeldOneIn == kHeldOneIn - 1 ? lessons.held : lessons.taught).push_back(rows[i]);
  }
}

} // namespace

Lessons lessons_of(const std::vector<diary::Entry> &entries, const std::vector<Json> &samples) {
  auto corrected = samples;
  std::vector<Json> good;
  for (const auto &entry : entries) {
    const auto sample = diary::sample_of(entry);
    if (!sample || sample->contains("label")) {
      continue; // what would have been right is not known
    }
    (entry.correction.is_null() ? good : corrected).push_back(*sample);
  }
  if (good.size() > corrected.size()) {
    good.erase(good.begin(), good.end() - static_cast<std::ptrdiff_t>(corrected.size()));
  }
  Lessons lessons;
  lessons.corrected = corrected.size();
  share_out(corrected, lessons);
  share_out(good, lessons);
  return lessons;
}

Result<std::vector<Json>> replay(const sim::GeneratorSettings &settings) {
  const auto knowledge = sim::Knowledge::load(share_folder() / "assets" / "sim");
  if (!knowledge) {
    return knowledge.error();
  }
  const auto table = model_file("pinyin", "pinyin_dict.json");
  if (!table) {
    return table.error();
  }
  const auto pinyin = text::Pinyin::open(table->parent_path());
  if (!pinyin) {
    return pinyin.error();
  }
  const text::Repairer repairer(*pinyin);
  std::vector<Json> rows;
  sim::Generator generator(*knowledge, settings, *pinyin, &repairer);
  const auto made = generator.run([&rows](const std::string &line) -> Status {
    auto row = parse_json(line, "a generated sample");
    if (!row) {
      return row.error();
    }
    rows.push_back(std::move(*row));
    return {};
  });
  return made ? Result<std::vector<Json>>(std::move(rows)) : Result<std::vector<Json>>(made.error());
}

sim::GeneratorSettings safety_set(std::size_t count) {
  sim::GeneratorSettings settings;
  settings.seed = kSafetySeed;
  settings.count = count;
  settings.kinds = {"negation", "question", "chat", "foreign"};
  return settings;
}

Result<std::vector<Json>> read_rows(const std::filesystem::path &file) {
  const auto text = read_file(file);
  if (!text) {
    return text.error();
  }
  std::vector<Json> rows;
  std::size_t line = 0;
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\n', at), text->size());
    const auto one = std::string_view(*text).substr(at, end - at);
    at = end + 1;
    ++line;
    if (one.empty()) {
      continue;
    }
    auto row = parse_json(one, file.string() + ":" + std::to_string(line));
    if (!row) {
      return row.error();
    }
    rows.push_back(std::move(*row));
  }
  return rows;
}

Status write_rows(const std::filesystem::path &file, const std::vector<Json> &rows) {
  std::string text;
  for (const auto &row : rows) {
    text += dump(row) + "\n";
  }
  constexpr unsigned kPrivate = 0600; // they hold what somebody said, and their contacts
  return write_file(file, text, kPrivate);
}

} // namespace yanxing::training
