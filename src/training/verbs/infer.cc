// yanxing infer: what a model answers, and how another one, or the same before its training, answers.
#include "base/log.h"
#include "convert/gguf_model.h"
#include "convert/unfinished.h"
#include "llm/engine.h"
#include "nn/model.h"
#include "sample/dataset.h"
#include "sample/encode.h"
#include "training/chosen_model.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>
#include <unistd.h>

namespace yanxing::training {
using namespace verb;

namespace fs = std::filesystem;
namespace {

struct InferOptions {
  std::string model;
  std::string model_type;
  std::string adapters;
  std::string compare;
  std::string text;
  std::vector<std::string> datasets;
  std::string actions;
  std::size_t samples = 20;
  std::size_t max_new_tokens = 256;
  int context = 4096;
  int threads = 0;
  bool json = false;
};

void define(CLI::App &app, InferOptions &options) {
  app.add_option("--model", options.model, "GGUF file, Hugging Face folder, or a name from `yanxing models`");
  app.add_option("--model_type", options.model_type, "family, as older scripts name it; the checkpoint itself tells");
  app.add_option("--adapters,--ckpt_dir", options.adapters, "adapter, or the output folder of `yanxing sft`");
  app.add_option("--compare", options.compare, "a second model or adapter; 'base': the same model without its adapter");
  app.add_option("--text", options.text, "one message");
  app.add_option("--dataset,--val_dataset", options.datasets, "samples: FILE.jsonl, FILE.json, FILE#N");
  app.add_option("--actions", options.actions, "actions of samples that name none");
  app.add_option("--limit", options.samples, "at most so many samples; 0: all")->capture_default_str();
  app.add_option("--max_new_tokens", options.max_new_tokens, "longest answer")->capture_default_str();
  app.add_option("--context", options.context, "tokens of prompt and answer together")->capture_default_str();
  app.add_option("--threads", options.threads, "0: all cores");
  add_json_option(app, options.json);
}

// A model that answers, with the file that it was written into where it had to be converted.
struct Answerer {
  std::unique_ptr<convert::Unfinished> converted;
  std::unique_ptr<llm::Engine> engine;
};

// llama.cpp runs GGUF; anything else, and what has an adapter, becomes such a file for the time being.
Result<Answerer> open_answerer(const ChosenModel &chosen, const InferOptions &options, const std::string &name) {
  if (const auto method = quantization_of(chosen.model); !method.empty()) {
    return Error{chosen.model.string() + " holds packed " + method + " weights, which are for a GPU",
                 "Give the model in GGUF or in half precision"};
  }
  Answerer answerer;
  auto gguf = chosen.model;
  if (gguf.extension() != ".gguf" || !chosen.adapter.empty()) {
    const auto base = nn::Checkpoint::open(chosen.model);
    if (!base) {
      return base.error();
    }
    auto model = nn::Model::load(chosen.model);
    if (!model) {
      return model.error();
    }
    if (auto loaded = chosen.adapter.empty() ? Status() : (*model)->load_adapter(chosen.adapter); !loaded) {
      return loaded.error();
    }
    auto place = convert::Unfinished::begin(
        fs::temp_directory_path() / ("yanxing-infer-" + name + "-" + std::to_string(::getpid())), true);
    if (!place) {
      return place.error();
    }
    answerer.converted = std::make_unique<convert::Unfinished>(std::move(*place));
    gguf = answerer.converted->folder() / "model.gguf";
    if (auto written = convert::write_gguf(gguf, *base, **model, {"f16", progress_bar("merging")}); !written) {
      return written.error();
    }
  }
  const int threads = options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  auto engine = llm::Engine::open(gguf, {std::max(1, threads), options.context, {}});
  if (!engine) {
    return engine.error();
  }
  answerer.engine = std::move(*engine);
  return answerer;
}

struct Answer {
  std::string text;
  std::vector<llm::Token> tokens;
  double seconds = 0;
};

// The likeliest token each time, until the turn ends.
Result<Answer> answer(llm::Engine &engine, std::vector<llm::Token> tokens, std::size_t most) {
  const auto started = std::chrono::steady_clock::now();
  Answer answer;
  while (answer.tokens.size() < most) {
    if (auto held = engine.hold(tokens); !held) {
      return held.error();
    }
    const auto next = engine.distribution_after(tokens);
    const auto token = static_cast<llm::Token>(std::max_element(next.begin(), next.end()) - next.begin());
    if (engine.ends_turn(token)) {
      break;
    }
    answer.tokens.push_back(token);
    answer.text += engine.piece(token);
    tokens.push_back(token);
    if (static_cast<int>(tokens.size()) >= engine.context_tokens()) {
      break;
    }
  }
  answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return answer;
}

struct Question {
  std::vector<llm::Token> prompt;
  std::string wanted; // empty where nobody says
};

// Up to the last turn that is to be learned, and that turn.
std::vector<Question> questions_of(const sample::EncodedSample &encoded, const llm::Engine &engine) {
  std::vector<Question> questions;
  for (const auto &part : encoded.parts) {
    if (part.supervised.empty()) {
      continue;
    }
    const auto [begin, end] = part.supervised.back();
    Question question;
    question.prompt.assign(part.tokens.begin(), part.tokens.begin() + begin);
    for (auto i = begin; i < end; ++i) {
      question.wanted += engine.piece(static_cast<llm::Token>(part.tokens[static_cast<std::size_t>(i)]));
    }
    questions.push_back(std::move(question));
  }
  return questions;
}

sample::Sample message(const std::string &text) {
  sample::Sample one;
  one.where = "--text";
  one.conversation.emplace();
  one.conversation->messages = {{"user", text, false}, {"assistant", "", true}};
  return one;
}

struct Tally {
  std::size_t answers = 0;
  std::size_t same = 0;  // both say the same
  std::size_t right = 0; // as wanted
  std::size_t right_other = 0;
  std::size_t wanted = 0;
  double tokens = 0;
  double seconds = 0;
};

class Session {
public:
  Session(const InferOptions &options, Answerer first, std::optional<Answerer> second, const text::Repairer *repairer,
          const action::Registry *registry)
      : options_(options), first_(std::move(first)), second_(std::move(second)), repairer_(repairer),
        registry_(registry) {}

  Status ask(const sample::Sample &one) {
    auto &engine = *first_.engine;
    sample::Encoder encoder(tokenizer_of(engine), repairer_, registry_);
    const auto encoded = encoder.encode(one);
    if (!encoded) {
      return encoded.error();
    }
    std::vector<Question> others;
    if (second_) { // its tokens may be others
      sample::Encoder other(tokenizer_of(*second_->engine), repairer_, registry_);
      const auto again = other.encode(one);
      if (!again) {
        return again.error();
      }
      others = questions_of(*again, *second_->engine);
    }
    const auto questions = questions_of(*encoded, engine);
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto said = answer(engine, questions[i].prompt, options_.max_new_tokens);
      if (!said) {
        return said.error();
      }
      std::optional<Answer> other;
      if (second_ && i < others.size()) {
        auto told = answer(*second_->engine, others[i].prompt, options_.max_new_tokens);
        if (!told) {
          return told.error();
        }
        other = std::move(*told);
      }
      tell(one.where, questions[i], *said, other);
    }
    return {};
  }

  void summary() const {
    const auto share = [](std::size_t part, std::size_t all) {
      return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, all));
    };
    Json json = {{"answers", tally_.answers}, {"tokens_per_second", tally_.tokens / std::max(1e-9, tally_.seconds)}};
    if (tally_.wanted > 0) {
      json["as_wanted"] = share(tally_.right, tally_.wanted);
    }
    if (second_) {
      json["agreement"] = share(tally_.same, tally_.answers);
      if (tally_.wanted > 0) {
        json["compared_as_wanted"] = share(tally_.right_other, tally_.wanted);
      }
    }
    print_json(json);
  }

private:
  static sample::Tokenizer tokenizer_of(const llm::Engine &engine) {
    return {[&engine](std::string_view text, bool special) { return engine.tokenize(text, special); },
            engine.end_of_turn()};
  }

  void tell(const std::string &where, const Question &question, const Answer &said,
            const std::optional<Answer> &other) {
    ++tally_.answers;
    tally_.tokens += static_cast<double>(said.tokens.size());
    tally_.seconds += said.seconds;
    tally_.same += other && other->text == said.text ? 1 : 0;
    if (!question.wanted.empty()) {
      ++tally_.wanted;
      tally_.right += said.text == question.wanted ? 1 : 0;
      tally_.right_other += other && other->text == question.wanted ? 1 : 0;
    }
    if (options_.json) {
      Json json = {{"sample", where}, {"response", said.text}};
      if (!question.wanted.empty()) {
        json["wanted"] = question.wanted;
      }
      if (other) {
        json["compared"] = other->text;
        json["same"] = other->text == said.text;
      }
      print_json(json);
      return;
    }
    std::cout << where << "\n  answers:  " << said.text << "\n";
    if (other) {
      std::cout << "  compared: " << (other->text == said.text ? "the same" : other->text) << "\n";
    }
    if (!question.wanted.empty()) {
      std::cout << "  wanted:   " << question.wanted << "\n";
    }
    std::cout << std::flush;
  }

  const InferOptions &options_;
  Answerer first_;
  std::optional<Answerer> second_;
  const text::Repairer *repairer_;
  const action::Registry *registry_;
  Tally tally_;
};

// What --compare names: the model itself, an adapter for it, or another model.
Result<ChosenModel> choose_other(const InferOptions &options, const ChosenModel &first) {
  if (options.compare == "base") {
    return ChosenModel{first.model, {}};
  }
  std::error_code code;
  if (fs::is_directory(options.compare, code) && !fs::exists(fs::path(options.compare) / "config.json", code)) {
    return choose_model(first.model.string(), options.compare);
  }
  return choose_model(options.compare, "");
}

Status run(const InferOptions &options) {
  if (options.text.empty() == options.datasets.empty()) {
    return Error{"it is not said what the model is to answer", "Give --text \"…\" or --dataset FILE.jsonl"};
  }
  const auto chosen = choose_model(options.model, options.adapters);
  if (!chosen) {
    return chosen.error();
  }
  const auto registry = open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  const auto repairer = open_repairer();
  if (!repairer) {
    return repairer.error();
  }
  auto first = open_answerer(*chosen, options, "a");
  if (!first) {
    return first.error();
  }
  std::optional<Answerer> second;
  if (!options.compare.empty()) {
    const auto other = choose_other(options, *chosen);
    if (!other) {
      return other.error();
    }
    auto opened = open_answerer(*other, options, "b");
    if (!opened) {
      return opened.error();
    }
    second.emplace(std::move(*opened));
  }
  Session session(options, std::move(*first), std::move(second), repairer->get(), &*registry);
  if (!options.text.empty()) {
    if (auto asked = session.ask(message(options.text)); !asked) {
      return asked;
    }
  }
  std::size_t taken = 0;
  for (const auto &name : options.datasets) {
    auto reader = sample::SampleReader::open(name);
    if (!reader) {
      return reader.error();
    }
    while (options.samples == 0 || taken < options.samples) {
      const auto one = reader->next();
      if (!one) {
        break;
      }
      ++taken;
      if (auto asked = *one ? session.ask(**one) : Status((*one).error()); !asked) {
        log_warning(asked.error().message());
      }
    }
  }
  session.summary();
  return {};
}

} // namespace

Verb make_infer_training_verb() {
  return {"infer",
          "let a model answer samples or a message, beside another one or itself before training",
          "  yanxing infer --adapters output/agent --dataset held_out.jsonl --compare base\n"
          "  yanxing infer --model agent.gguf --text \"What is a spreadsheet?\"\n"
          "  yanxing infer --model agent.gguf --dataset held_out.jsonl --limit 50 --compare qwen2.5-0.5b --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<InferOptions>();
            define(app, *options);
            return [options]() -> Status { return run(*options); };
          },
          "",
          true};
}

} // namespace yanxing::training
