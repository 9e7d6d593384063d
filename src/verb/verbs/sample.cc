// yanxing sample: a larger model labels what a smaller one is to learn: its decision on each row with its probability,
// and, where asked for, several draws, out of which pairs of a right and a wrong decision can be made.
#include "base/log.h"
#include "base/paths.h"
#include "eval/dataset.h"
#include "eval/scorer.h"
#include "llm/sampled_decision.h"
#include "text/known_words.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <unistd.h>

namespace yanxing::verb {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> datasets;
  std::string out;
  std::string model;
  std::string adapter;
  std::string actions;
  std::size_t draws = 0;
  double temperature = 1;
  std::uint64_t seed = 42;
  double at_least = 0;
  bool only_right = false;
  bool pairs = false;
  std::size_t limit = 0;
  int threads = 0;
};

struct Draw {
  std::size_t times = 0;
  double log_probability = 0;
  std::vector<Action> actions;
};

Json decision_of(std::vector<Action> actions) {
  if (actions.empty()) {
    actions.push_back({std::string(kNoAction), Json::object(), ""});
  }
  return to_json(Decision{std::move(actions), 0, ""});
}

// The words of a row in the context in which they are decided on.
struct Question {
  const action::Registry *registry = nullptr;
  Screen screen;
  std::vector<Contact> contacts;
  std::vector<text::PastTurn> history;
  std::string words;
  [[nodiscard]] text::TurnContext context() const { return {&registry->actions(), &screen, &contacts, history}; }
};

class Teacher {
public:
  static Result<std::unique_ptr<Teacher>> open(const Options &options) {
    const auto configured = settings();
    if (!configured) {
      return configured.error();
    }
    auto repairer = open_repairer();
    if (!repairer) {
      return repairer.error();
    }
    auto own = open_registry(options.actions);
    if (!own) {
      return own.error();
    }
    const auto name = options.model.empty() ? configured->large : options.model;
    const auto weights = weights_file(name);
    if (!weights) {
      return weights.error();
    }
    llm::EngineSettings engine;
    engine.threads = engine_threads(options.threads > 0 ? options.threads : configured->threads);
    engine.adapter = options.adapter;
    auto deciding = llm::Engine::open(*weights, engine);
    if (!deciding) {
      return deciding.error();
    }
    std::unique_ptr<llm::Engine> drawing; // maps the same file
    if (options.draws > 0) {
      auto opened = llm::Engine::open(*weights, engine);
      if (!opened) {
        return opened.error();
      }
      drawing = std::move(*opened);
    }
    std::unique_ptr<Teacher> teacher(new Teacher(options));
    llm::DeciderSettings deciding_settings;
    deciding_settings.tier = "teacher";
    teacher->decider_ = std::make_unique<llm::Decider>(std::move(*deciding), deciding_settings);
    teacher->calibration_ = assistant::calibration_for(name).value_or(text::Calibration{});
    teacher->drawing_ = std::move(drawing);
    teacher->repairer_ = std::move(*repairer);
    teacher->own_ = std::move(*own);
    return teacher;
  }

  // The row with what the teacher says; absent where it is not wanted.
  Result<std::optional<Json>> label(const eval::Row &row) {
    const auto question = question_of(row);
    if (!question) {
      return question.error();
    }
    const auto decided = decider_->decide(question->context(), question->words);
    if (!decided) {
      return decided.error();
    }
    const auto &actions = decided->decision.actions;
    const double probability = calibration_(decided->decision.confidence);
    const bool right = row.gold && is_right(*row.gold, actions, *question);
    if (probability < options_.at_least || (options_.only_right && !right)) {
      return std::optional<Json>();
    }
    auto labelled = row.raw;
    labelled["action"] = to_json(decided->decision);
    labelled["probability"] = probability;
    if (drawing_) {
      if (auto drawn = add_draws(row, *question, right, labelled); !drawn) {
        return drawn.error();
      }
      if (options_.pairs && !labelled.contains("rejected_action")) {
        return std::optional<Json>();
      }
    }
    return std::optional(std::move(labelled));
  }

private:
  explicit Teacher(const Options &options) : options_(options) {}

  Result<const action::Registry *> registry_of(const eval::Row &row) {
    if (row.actions.is_null()) {
      return &own_;
    }
    const auto key = row.actions.dump();
    auto found = registries_.find(key);
    if (found == registries_.end()) {
      auto made = row.actions.is_string() ? action::Registry::load(row.actions.get<std::string>())
                                          : action::Registry::from_json(row.actions, row.id + ": actions");
      if (!made) {
        return made.error();
      }
      registries_.clear(); // rows of one registry follow each other
      found = registries_.emplace(key, std::move(*made)).first;
    }
    return &found->second;
  }

  Result<Question> question_of(const eval::Row &row) {
    if (row.transcript.empty()) {
      return Error{row.id + ": a row to be labelled needs a \"transcript\"",
                   "Transcribe it first: 'yanxing transcribe'"};
    }
    Question question;
    const auto registry = registry_of(row);
    if (!registry) {
      return registry.error();
    }
    question.registry = *registry;
    if (!row.screen.is_null()) {
      auto seen = screen_from_json(row.screen, row.id);
      if (!seen) {
        return seen.error();
      }
      question.screen = std::move(*seen);
    }
    question.contacts = row.contacts.value_or(std::vector<Contact>{});
    question.history = row.history;
    const auto known = text::known_words(question.registry->actions(), &question.screen, &question.contacts);
    question.words = repairer_->repair(row.transcript, known).text;
    return question;
  }

  static bool is_right(const eval::Gold &gold, const std::vector<Action> &actions, const Question &question) {
    return eval::score(gold, {actions, false, {}}, {question.registry, &question.contacts}).exact;
  }

  // "samples": what was drawn, the commonest first; "rejected_action": the commonest that is not right (by the row's
  // own action where it has one, else by what the teacher decided).
  Status add_draws(const eval::Row &row, const Question &question, bool right, Json &labelled) {
    std::map<std::string, Draw> drawn;
    for (std::size_t i = 0; i < options_.draws; ++i) {
      llm::DrawSettings settings;
      settings.temperature = options_.temperature;
      auto sampled = llm::sample_decision(*drawing_, question.context(), question.words, settings,
                                          (options_.seed * 31 + rows_) * 1000003U + i);
      if (!sampled) {
        return sampled.error();
      }
      auto &draw = drawn[dump(decision_of(sampled->actions))];
      if (draw.times++ > 0) {
        continue;
      }
      draw.actions = std::move(sampled->actions);
      for (const auto &request : sampled->requests) {
        for (const auto &choice : request.drawn) {
          draw.log_probability += choice.log_probability;
        }
      }
    }
    ++rows_;
    std::vector<Draw> draws;
    for (auto &[text, draw] : drawn) {
      draws.push_back(std::move(draw));
    }
    std::stable_sort(draws.begin(), draws.end(), [](const Draw &a, const Draw &b) { return a.times > b.times; });
    const auto decided = labelled["action"];
    labelled["samples"] = Json::array();
    for (const auto &draw : draws) {
      const auto decision = decision_of(draw.actions);
      labelled["samples"].push_back({{"action", decision},
                                     {"share", static_cast<double>(draw.times) / static_cast<double>(options_.draws)},
                                     {"log_p", draw.log_probability}});
      const bool wrong = row.gold ? !is_right(*row.gold, draw.actions, question) : decision != decided;
      if (options_.pairs && wrong && !labelled.contains("rejected_action")) {
        labelled["rejected_action"] = decision;
        if (row.gold && !right) {
          labelled["action"] = row.raw["action"];
        }
      }
    }
    return {};
  }

  const Options &options_;
  std::unique_ptr<llm::Decider> decider_;
  text::Calibration calibration_;
  std::unique_ptr<llm::Engine> drawing_;
  std::unique_ptr<text::Repairer> repairer_;
  action::Registry own_;
  std::map<std::string, action::Registry> registries_;
  std::size_t rows_ = 0;
};

struct Tally {
  std::size_t rows = 0, written = 0, bad = 0;
};

Status label_rows(eval::DatasetReader &reader, Teacher &teacher, const Options &options, std::ofstream &out,
                  Tally &tally) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  while (auto row = reader.next()) {
    if (options.limit > 0 && tally.rows == options.limit) {
      break;
    }
    ++tally.rows;
    const auto labelled = *row ? teacher.label(**row) : Result<std::optional<Json>>(row->error());
    if (!labelled) {
      log_warning(labelled.error().message());
      ++tally.bad;
    } else if (*labelled) {
      out << dump(**labelled) << "\n" << std::flush;
      ++tally.written;
    }
    if (!out) {
      return Error{"the labels could not all be written to " + options.out, "Free some disk space and try again"};
    }
    if (terminal) {
      std::cerr << "\r" << tally.rows << " rows" << std::flush;
    }
  }
  if (terminal) {
    std::cerr << "\r";
  }
  return {};
}

Status label(const Options &options) {
  if (options.pairs && options.draws < 2) {
    return Error{"--pairs needs several draws of each row", "Add --num_return_sequences 8"};
  }
  std::vector<eval::DatasetReader> readers;
  for (const auto &name : options.datasets) { // a name that is wrong is said before a model is loaded
    auto reader = eval::DatasetReader::open(name);
    if (!reader) {
      return reader.error();
    }
    readers.push_back(std::move(*reader));
  }
  auto teacher = Teacher::open(options);
  if (!teacher) {
    return teacher.error();
  }
  const auto unfinished = options.out + ".unfinished";
  std::ofstream out(unfinished);
  if (!out) {
    return Error{"cannot write " + options.out, "Choose a folder that exists and that you may write to"};
  }
  Tally tally;
  for (auto &reader : readers) {
    if (auto done = label_rows(reader, **teacher, options, out, tally); !done) {
      return done;
    }
  }
  out.close();
  std::error_code error;
  if (tally.written == 0) {
    fs::remove(unfinished, error);
    return Error{"no row was labelled (" + std::to_string(tally.bad) + " of " + std::to_string(tally.rows) +
                     " are bad)",
                 "See the warnings; --at-least and --only-right leave rows out"};
  }
  fs::rename(unfinished, options.out, error);
  if (error) {
    return Error{"cannot write " + options.out + ": " + error.message(), ""};
  }
  print_json({{"out", options.out}, {"rows", tally.rows}, {"written", tally.written}, {"bad", tally.bad}});
  return {};
}

} // namespace

Verb make_sample_verb() {
  return {"sample", "let a larger model label what a smaller one is to learn, with probabilities",
          "  yanxing sample --dataset said.jsonl --out labelled.jsonl --at-least 0.8\n"
          "  yanxing sample --dataset said.jsonl --out pairs.jsonl --num_return_sequences 8 --pairs\n"
          "  yanxing sft --dataset labelled.jsonl   # what the large tier knows, for the light one",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_option("--dataset", options->datasets, "rows as `yanxing eval` reads them; an action is not needed")
                ->required();
            app.add_option("--out,--output_file", options->out, "JSON lines to write")->required();
            app.add_option("--model", options->model, "the teacher; empty: the large tier");
            app.add_option("--adapter", options->adapter, "LoRA adapter (GGUF) of the teacher");
            app.add_option("--actions", options->actions, "actions of rows that name none");
            app.add_option("--num_return_sequences", options->draws, "draws of each row beside its decision")
                ->check(CLI::Range(0, 1000));
            app.add_option("--temperature", options->temperature, "of drawing")->check(CLI::Range(0.01, 100.0));
            app.add_option("--seed", options->seed, "the same seed draws the same");
            app.add_option("--at-least", options->at_least, "leave out what the teacher is less sure of")
                ->check(CLI::Range(0.0, 1.0));
            app.add_flag("--only-right", options->only_right, "leave out where it disagrees with the row's own action");
            app.add_flag("--pairs", options->pairs, "only rows with a wrong draw, which becomes rejected_action");
            app.add_option("--limit", options->limit, "stop after this many rows");
            app.add_option("--threads", options->threads, "threads of the engine (default: the cores, at most 4)");
            return [options] { return label(*options); };
          },
          ""};
}

} // namespace yanxing::verb
