#include "base/log.h"
#include "base/paths.h"
#include "llm/vocabulary.h"
#include "sample/dataset.h"
#include "sample/encode.h"
#include "sim/generator.h"
#include "text/repair.h"
#include "verb/parts.h"
#include "verb/screenshots.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>

namespace yanxing::verb {
namespace {

using Clock = std::chrono::steady_clock;

struct MakeOptions {
  std::string out;
  std::vector<std::string> kinds;
  std::vector<std::string> domains;
  sim::GeneratorSettings generator;
  bool screenshots = false;
};

Status make(const MakeOptions &options) {
  auto settings = options.generator;
  const auto known = sim::sample_kinds();
  for (const auto &kind : options.kinds) {
    if (std::find(known.begin(), known.end(), kind) == known.end()) {
      std::string all;
      for (const auto &name : known) {
        all += (all.empty() ? "" : ", ") + name;
      }
      return Error{"there is no kind of sample \"" + kind + "\"", "Kinds: " + all};
    }
    settings.kinds.insert(kind);
  }
  const auto knowledge = sim::Knowledge::load(share_folder() / "assets" / "sim");
  if (!knowledge) {
    return knowledge.error();
  }
  for (const auto &name : options.domains) {
    const auto found = std::find_if(knowledge->domains.begin(), knowledge->domains.end(),
                                    [&](const sim::Domain &domain) { return domain.name == name; });
    if (found == knowledge->domains.end()) {
      return Error{"there is no domain \"" + name + "\"",
                   "A domain is a file of " + (share_folder() / "assets/sim/domains").string()};
    }
    settings.focus.insert(name);
  }
  auto pinyin = text::Pinyin::open(models_folder() / "pinyin");
  std::unique_ptr<text::Repairer> repairer;
  if (pinyin) {
    repairer = std::make_unique<text::Repairer>(*pinyin);
  } else {
    log_warning("Mandarin is not heard wrong in these samples: " + pinyin.error().message());
  }
  std::ofstream out(options.out, std::ios::binary);
  if (!out) {
    return Error{"cannot write " + options.out, "Choose a folder that exists and that you may write to"};
  }
  const auto started = Clock::now();
  sim::Generator generator(*knowledge, settings, pinyin ? *pinyin : nullptr, repairer.get());
  std::optional<Screenshots> screenshots;
  if (options.screenshots) {
    auto opened = Screenshots::beside(options.out);
    if (!opened) {
      return opened.error();
    }
    screenshots = std::move(*opened);
  }
  const auto done = generator.run([&](const std::string &row) -> Status {
    const auto shown = screenshots ? screenshots->add_to(row) : Result<std::string>(row);
    if (!shown) {
      return shown.error();
    }
    out << *shown << '\n';
    return out ? Status{} : Status(Error{"cannot write all of " + options.out, "Free some disk space and try again"});
  });
  if (!done) {
    return done;
  }
  out.close();
  if (!out) {
    return Error{"cannot write all of " + options.out, "Free some disk space and try again"};
  }
  Json made = Json::object();
  for (const auto &[kind, count] : generator.made()) {
    made[kind] = count;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  Json summary{{"file", options.out}, {"rows", settings.count}, {"kinds", made}, {"seconds", seconds}};
  if (screenshots) {
    summary["screenshots"] = screenshots->drawn();
  }
  std::cout << dump(summary) << "\n";
  return {};
}

struct StatsOptions {
  std::vector<std::string> datasets;
  std::string model;
  std::string actions;
  std::int64_t max_length = 2048;
  std::int64_t batch = 16;
  std::size_t show = 0;
  std::string tokens;
};

// {"input_ids":[…],"completion_mask":[…]}: 1 where a token is learned, as TRL's trainers read it.
Json tokens_line(const sample::Encoded &part) {
  std::vector<int> mask(part.tokens.size(), 0);
  for (const auto &[from, to] : part.supervised) {
    std::fill(mask.begin() + from, mask.begin() + to, 1);
  }
  return {{"input_ids", part.tokens}, {"completion_mask", std::move(mask)}};
}

// What a trainer computes for these samples: padded in batches, packed, and packed with shared beginnings.
Json costs_of(const std::vector<pack::Item> &items, const StatsOptions &options) {
  std::int64_t tokens = 0;
  std::int64_t learned = 0;
  std::int64_t longest = 0;
  std::int64_t padded = 0;
  for (std::size_t begin = 0; begin < items.size(); begin += static_cast<std::size_t>(options.batch)) {
    const auto end = std::min(items.size(), begin + static_cast<std::size_t>(options.batch));
    std::int64_t widest = 0;
    for (auto i = begin; i < end; ++i) {
      const auto length = static_cast<std::int64_t>(items[i].tokens.size());
      widest = std::max(widest, length);
      tokens += length;
      for (const auto &[from, to] : items[i].supervised) {
        learned += to - from;
      }
    }
    longest = std::max(longest, widest);
    padded += widest * static_cast<std::int64_t>(end - begin);
  }
  const auto filled = [](const pack::Packing &packing) {
    std::int64_t sum = 0;
    for (const auto &row : packing.rows) {
      sum += static_cast<std::int64_t>(row.tokens.size());
    }
    return sum;
  };
  const auto plain = pack::pack(items, {options.max_length, false, 16});
  const auto shared = pack::pack(items, {options.max_length, true, 16});
  const auto ratio = [](std::int64_t a, std::int64_t b) {
    return b == 0 ? 0.0 : static_cast<double>(a * 100 / b) / 100;
  };
  return {{"max_length", options.max_length},
          {"sequences", items.size()},
          {"too_long", plain.too_long.size()},
          {"tokens", tokens},
          {"supervised_tokens", learned},
          {"longest", longest},
          {"padded_tokens", padded},
          {"packed_tokens", filled(plain)},
          {"packed_rows", plain.rows.size()},
          {"shared_tokens", filled(shared)},
          {"shared_rows", shared.rows.size()},
          {"packed_over_padded", ratio(padded, filled(plain))},
          {"shared_over_padded", ratio(padded, filled(shared))},
          {"shared_over_packed", ratio(filled(plain), filled(shared))}};
}

// The model's view of one sequence: what it reads, and what it is to say.
void show_sequence(const sample::Encoded &encoded, const llm::Vocabulary &vocabulary) {
  std::string text;
  std::size_t range = 0;
  for (std::size_t i = 0; i < encoded.tokens.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const bool any = range < encoded.supervised.size();
    text += any && at == encoded.supervised[range].first ? "⟦" : "";
    text += vocabulary.piece(static_cast<llm::Token>(encoded.tokens[i]));
    if (any && at + 1 == encoded.supervised[range].second) {
      text += "⟧";
      ++range;
    }
  }
  std::cerr << text << "\n----\n";
}

Status stats(const StatsOptions &options) {
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  auto file = options.model.empty() ? model_file(configured->light, "model.gguf")
                                    : Result<std::filesystem::path>(std::filesystem::path(options.model));
  if (!file) {
    return file.error();
  }
  const auto vocabulary = llm::Vocabulary::open(*file);
  if (!vocabulary) {
    return vocabulary.error();
  }
  const auto registry = open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  const auto repairer = open_repairer();
  if (!repairer) {
    return repairer.error();
  }
  const auto &words = **vocabulary;
  sample::Encoder encoder(
      {[&](std::string_view text, bool special) { return words.tokenize(text, special); }, words.end_of_turn()},
      repairer->get(), &*registry);
  std::ofstream tokens;
  if (!options.tokens.empty()) {
    tokens.open(options.tokens);
    if (!tokens) {
      return Error{"cannot write " + options.tokens, "Choose a folder that exists and that you may write to"};
    }
  }
  std::vector<pack::Item> items;
  std::size_t samples = 0;
  std::size_t bad = 0;
  for (const auto &name : options.datasets) {
    auto reader = sample::SampleReader::open(name);
    if (!reader) {
      return reader.error();
    }
    while (auto sample = reader->next()) {
      auto encoded = *sample ? encoder.encode(**sample) : Result<sample::EncodedSample>(sample->error());
      if (!encoded) {
        ++bad;
        log_warning(encoded.error().message());
        continue;
      }
      for (const auto &part : encoded->parts) {
        items.push_back(sample::item_of(part, static_cast<std::int64_t>(samples)));
        if (tokens.is_open()) {
          tokens << dump(tokens_line(part)) << "\n";
        }
        if (samples < options.show) {
          show_sequence(part, words);
        }
      }
      ++samples;
    }
  }
  if (tokens.is_open() && !tokens.flush()) {
    return Error{"the tokens could not all be written to " + options.tokens, "Free some disk space and try again"};
  }
  auto report = costs_of(items, options);
  report["samples"] = samples;
  report["bad_rows"] = bad;
  std::cout << report.dump(2) << "\n";
  return {};
}

void define_stats(CLI::App &app, StatsOptions &options) {
  app.add_option("dataset", options.datasets, "FILE.jsonl, FILE.json or FILE#N (the first N rows)")->required();
  app.add_option("--max-length,--max_length", options.max_length, "tokens of a row")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "sequences of a batch that is padded")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--model", options.model, "GGUF whose vocabulary counts; empty: the light tier's");
  app.add_option("--actions", options.actions, "actions of rows that name none");
  app.add_option("--tokens", options.tokens, "write the samples as tokens, for trainers that read input_ids");
  app.add_option("--show", options.show, "write the first N samples as the model sees them, to stderr");
}

} // namespace

Verb make_data_verb() {
  return {
      "data", "samples to train and test with: make them, look at them",
      "  yanxing data make --out commands.jsonl --count 20000 --seed 1 --lang mix\n"
      "  yanxing data make --out zh.jsonl --count 500 --lang zh --kinds call,compound\n"
      "  yanxing data make --out home.jsonl --count 500 --domains assist\n"
      "  yanxing data make --out seen.jsonl --count 2000 --screenshots\n"
      "  yanxing data stats commands.jsonl --max-length 2048",
      [](CLI::App &app) -> std::function<Status()> {
        app.require_subcommand(1);
        auto options = std::make_shared<MakeOptions>();
        auto *making = app.add_subcommand("make", "write samples from simulated worlds, as `yanxing eval` reads them");
        making->add_option("--out", options->out, "JSON lines to write")->required();
        making->add_option("--count", options->generator.count, "rows")
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
        making->add_option("--seed", options->generator.seed, "the same seed gives the same rows")
            ->capture_default_str();
        making->add_option("--lang", options->generator.language, "zh, en or mix")
            ->check(CLI::IsMember({"zh", "en", "mix"}))
            ->capture_default_str();
        making->add_option("--kinds", options->kinds, "only these kinds of samples")->delimiter(',');
        making->add_option("--domains", options->domains, "worlds that have one of these domains of assets/sim/domains")
            ->delimiter(',');
        making->add_option("--group", options->generator.group, "rows that share registry, screen and contacts")
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
        making->add_option("--noise", options->generator.noise, "share of rows that are heard wrong")
            ->check(CLI::Range(0.0, 1.0))
            ->capture_default_str();
        making->add_flag("--screenshots", options->screenshots,
                         "draw each row's screen into NAME_screens beside NAME.jsonl, for models that see");
        auto looked_at = std::make_shared<StatsOptions>();
        define_stats(*app.add_subcommand("stats", "tokens of samples: padded, packed, packed with shared beginnings"),
                     *looked_at);
        return
            [options, looked_at, making]() -> Status { return making->parsed() ? make(*options) : stats(*looked_at); };
      },
      ""};
}

} // namespace yanxing::verb
